"""A benefit is claimed, verified and decided by forms; and what is shown adds no classes."""

import csv
import io
import re

import pytest
from fastapi import FastAPI

from app.access.permissions import Role
from tests import pages
from tests.benefits import CASH, HOURS, claimed
from tests.council import Council, good, pilot
from tests.identity import PUBLIC_URL
from tests.licences import pool
from tests.pages import Page

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
ORIGIN = {"Origin": PUBLIC_URL}


def told(page: Page) -> str:
    """The text of a page, without the blanks that part its elements before a full stop."""
    return re.sub(r"\s+(?=[.,:;])", "", page.text)


def hidden(page: Page) -> dict[str, str]:
    return {name: page.fields[name] for name in ("csrf_token", "idempotency_key")}


@ONE
async def test_a_benefit_is_claimed_verified_and_decided_upon(
    app: FastAPI, council: Council
) -> None:
    admin = await council.admin()
    path = f"/pilots/{await pilot(admin)}"
    for step in ("running", "completed"):
        good(await admin.post(f"{path}/transitions", json={"to": step}), 201)
    said = [{"name": "=shifts", "low": "8", "central": "10", "high": "10"}]
    cash = await claimed(admin, path, CASH, assumptions=said)
    browser = await pages.reader(app, council, Role.ADMIN)
    about = f"/dashboard{path}"
    page = pages.read(await browser.get(f"{about}/benefits"))
    assert "Cashable proven: £0.00. No budget line shows" in told(page)
    assert "Budget line CS-4400: £900.00 to £1,000.00" in told(page)
    page = pages.read(await browser.get(f"{about}/benefits/new"))
    plain = {name: str(value) for name, value in HOURS.items() if name != "hours"}
    wrong = {**hidden(page), **plain, "central": "1.00"}
    refused = await browser.http.post(f"{about}/benefits/new", data=wrong, headers=ORIGIN)
    assert refused.status_code == 422
    assert {"#central", "#hours"} <= {href for href, _ in pages.read(refused).links}
    right = {**hidden(page), **plain, "hours-1-team": "North"}
    made = await browser.http.post(f"{about}/benefits/new", data=right, headers=ORIGIN)
    assert made.status_code == 303, made.text
    again = {**right, "idempotency_key": "another"}
    twice = await browser.http.post(f"{about}/benefits/new", data=again, headers=ORIGIN)
    assert twice.status_code == 409
    assert "hours of team North" in told(pages.read(twice))
    own = await browser.get(made.headers["location"])
    assert "Less typing" in pages.read(own).title
    # Finance, on the page of the claim.
    finance = await pages.reader(app, council, Role.FINANCE)
    address = f"{about}/benefits/{cash['claim_id']}"
    page = pages.read(await finance.get(address))
    assert "The result hangs most on =shifts: £800.00 to £1,000.00" in told(page)
    sent = {**hidden(page), "verdict": "verified", "reason": "Seen"}
    done = await finance.http.post(address, data=sent, headers=ORIGIN)
    assert done.status_code == 303, done.text
    shown = pages.read(await finance.get(f"{about}/benefits"))
    assert "Cashable proven: £1,000.00. Budget line CS-4400 (JNL-7): £1,000.00" in told(shown)
    assert "1200" not in told(shown)
    rows = await admin.get(f"{path}/benefits/{cash['claim_id']}/charts/sensitivity/rows")
    (row,) = csv.DictReader(io.StringIO(rows.text))
    assert (row["assumption"], row["budget_line"]) == ("'=shifts", "CS-4400")
    spec = good(await admin.get(f"{path}/benefits/{cash['claim_id']}/charts/sensitivity"))
    assert spec["data"]["values"][0]["result_at_low"] == "800.00"
    # And the decision.
    page = pages.read(await browser.get(f"{about}/decision/new"))
    assert "No success criterion was set before the start" in told(page)
    sent = {**hidden(page), "outcome": "scale", "reasons": "It works", "decided_by": "Board"}
    done = await browser.http.post(f"{about}/decision/new", data=sent, headers=ORIGIN)
    assert done.status_code == 303, done.text
    home = pages.read(await browser.get("/dashboard"))
    assert (f"{about}/decision", "Scale") in home.links
    for place in ("", "/decision", "/report"):
        page = pages.read(await browser.get(f"{about}{place}"))
        assert "The seal holds." in told(page)
        assert "It works" in told(page)


@ONE
async def test_a_claim_is_made_with_what_it_takes_for_granted(
    app: FastAPI, council: Council
) -> None:
    admin = await council.admin()
    path = f"/pilots/{await pilot(admin)}"
    seats = await pool(admin, name="Copilot", pilot_id=path.rpartition("/")[2])
    browser = await pages.reader(app, council, Role.ADMIN)
    address = f"/dashboard{path}/benefits/new"
    page = pages.read(await browser.get(address))
    plain = {name: str(value) for name, value in HOURS.items() if name != "hours"}
    share = {
        "name": "share put to use",
        "effect": "",
        "low": "0.3",
        "central": "0.5",
        "high": "0.8",
    }
    pay = {"name": "pay", "unit": "GBP an hour", "low": "20", "central": "30", "high": "25"}
    # With a blank row between them.
    typed = {
        f"assumptions-{place}-{part}": text
        for place, row in ((1, share), (3, pay))
        for part, text in row.items()
    }
    wrong = {**hidden(page), **plain, **typed, "hours-2-team": "N" * 201}
    refused = pages.read(await browser.http.post(address, data=wrong, headers=ORIGIN))
    assert "#hours-2-team" in {href for href, _ in refused.links}
    wrong = {**wrong, "hours-2-team": "North"}
    refused = pages.read(await browser.http.post(address, data=wrong, headers=ORIGIN))
    assert "#assumptions-3-central" in {href for href, _ in refused.links}
    assert {name: refused.fields[name] for name in typed if "effect" not in name} == {
        name: text for name, text in typed.items() if "effect" not in name
    }
    right = {**wrong, "assumptions-3-high": "35", "assumptions-3-effect": "divides"}
    made = await browser.http.post(address, data=right, headers=ORIGIN)
    assert made.status_code == 303, made.text
    assert "The result hangs most on" in told(
        pages.read(await browser.get(made.headers["location"]))
    )
    (claim,) = good(await admin.get(f"{path}/benefits"))["items"]
    assert [(a["name"], a["unit"], a["effect"], a["high"]) for a in claim["assumptions"]] == [
        ("share put to use", None, "multiplies", "0.80"),
        ("pay", "GBP an hour", "divides", "35.00"),
    ]
    assert seats.rpartition("/")[2] in (await browser.get(address)).text
    await browser.close()


@ONE
async def test_a_claim_is_changed_and_withdrawn_by_forms(app: FastAPI, council: Council) -> None:
    admin = await council.admin()
    path = f"/pilots/{await pilot(admin)}"
    said = [
        {"name": "pay", "effect": "divides", "low": "20.00", "central": "25.00", "high": "30.00"},
        {"name": "share", "low": "0.10", "central": "0.20", "high": "0.30"},
    ]
    hours = [{"team": "North"}, {"team": "South", "category": "case_notes"}]
    made = await claimed(admin, path, HOURS, assumptions=said, hours=hours, training_hours="4.00")
    browser = await pages.reader(app, council, Role.ADMIN)
    about = f"/dashboard{path}/benefits/{made['claim_id']}"
    change = f"{about}/change"
    page = pages.read(await browser.get(about))
    assert (change, "Change this claim") in page.links
    # Sent as it is shown, it says the same.
    chosen = {"benefit_class": "capacity_released", "evidence_tier": "3", "measure": "hours"}
    chosen |= {"evidence": made["evidence"], "assumptions-1-effect": "divides"}
    form = {**pages.read(await browser.get(change)).fields, **chosen}
    assert (await browser.http.post(change, data=form, headers=ORIGIN)).status_code == 303
    now = good(await admin.get(f"{path}/benefits/{made['claim_id']}"))
    assert {**now, "updated_at": ""} == {**made, "updated_at": ""}
    # Somebody else was quicker: nothing is lost.
    late = {**form, "idempotency_key": "late", "title": "Mine"}
    refused = await browser.http.post(change, data=late, headers=ORIGIN)
    assert refused.status_code == 412
    assert pages.read(refused).fields["title"] == "Mine"
    form = {**pages.read(await browser.get(change)).fields, **chosen}
    form |= {"title": "Even less typing", "training_hours": "", "assumptions-1-name": "salary"}
    form |= {f"hours-2-{part}": "" for part in ("department", "team", "category")}
    assert (await browser.http.post(change, data=form, headers=ORIGIN)).status_code == 303
    now = good(await admin.get(f"{path}/benefits/{made['claim_id']}"))
    assert (now["title"], now["training_hours"], len(now["hours"])) == (
        "Even less typing",
        "0.00",
        1,
    )
    assert [each["name"] for each in now["assumptions"]] == ["salary", "share"]
    for withdrawn in (True, False):
        page = pages.read(await browser.get(about))
        form = {**hidden(page), "etag": page.fields["etag"]}
        form["is_withdrawn"] = page.fields["is_withdrawn"]
        sent = await browser.http.post(f"{about}/withdrawal", data=form, headers=ORIGIN)
        assert sent.status_code == 303
        now = good(await admin.get(f"{path}/benefits/{made['claim_id']}"))
        assert now["is_withdrawn"] is withdrawn
    await browser.close()
