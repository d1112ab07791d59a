"""The pages about audits of what the AI wrote: what is drawn, marked, and shown of it."""

import csv
import io

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.permissions import Role
from app.dashboard.output_audits.lists import COLUMNS, as_csv
from tests import pages
from tests.council import Council, good, pilot
from tests.identity import PUBLIC_URL, Browser
from tests.writes import AUDIT, output

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


SENT = {name: str(value) for name, value in AUDIT.items()}


async def sent_by(browser: Browser, page: str, to: str, **fields: str) -> httpx.Response:
    """What a browser sends of the form on a page, these fields of it filled in."""
    form = {**pages.read(await browser.get(page)).fields, **fields}
    return await browser.http.post(to, data=form, headers={"Origin": PUBLIC_URL})


@ONE
async def test_an_audit_is_planned_and_its_outputs_are_listed_by_the_pages(
    council: Council,
) -> None:
    admin = await council.admin()
    path = f"/pilots/{await pilot(admin)}"
    one = await pages.reader(council.app, council, Role.INFORMATION_GOVERNANCE)
    base = f"/dashboard{path}/output-audits"

    async def send(to: str, **fields: str) -> httpx.Response:
        return await sent_by(one, to, to, **fields)

    assert (f"{base}/new", "Plan an audit") in pages.read(await one.get(base)).links
    wanted = {**SENT, "strata": "team", "second_share": "1"}
    refused = pages.read(await send(f"{base}/new", **{**wanted, "error_warning": "0.2"}))
    assert "#error_warning" in {href for href, _ in refused.links}
    assert refused.fields["name"] == AUDIT["name"]
    made = await send(f"{base}/new", **wanted)
    (plan,) = good(await admin.get(f"{path}/output-audit-plans"))["items"]
    address = f"{base}/{plan['plan_id']}"
    assert (made.headers["location"], plan["strata"]) == (f"{address}/outputs", ["team"])
    assert "Nothing audited yet" in pages.read(await one.get(base)).text
    # A list is looked at first, and put there once.
    nothing = pages.read(await send(f"{address}/outputs"))
    assert "#pasted" in {href for href, _ in nothing.links}
    rows = ("note-1,2024-05-01,,,Housing", "note-2,2024-05-01", "note-3, 2024-05-02", "Ann Ash")
    pasted = "\n".join(rows)
    looked_at = pages.read(await send(f"{address}/outputs", pasted=pasted))
    assert "3 new, 0 on the list already, 1 rejected" in looked_at.text
    assert "4 output_ref" in looked_at.text
    listed = f"{path}/output-audit-plans/{plan['plan_id']}/outputs"
    assert good(await admin.get(listed))["items"] == []
    step = {name: looked_at.fields[name] for name in looked_at.fields if name != "role"}
    for _ in range(2):  # the second click
        put = await one.http.post(
            f"{address}/outputs", data={**step, "step": "carry_out"}, headers={"Origin": PUBLIC_URL}
        )
        assert put.status_code == 200, put.text
    on_it = good(await admin.get(listed))["items"]
    assert [(each["output_ref"], each["team"]) for each in on_it] == [
        ("note-1", "Housing"),
        ("note-2", None),
        ("note-3", None),
    ]
    await one.close()


@ONE
async def test_outputs_are_drawn_and_marked_by_the_pages(council: Council) -> None:
    admin = await council.admin()
    path = f"/pilots/{await pilot(admin)}"
    wanted = {**AUDIT, "strata": ["team"], "second_share": 1}
    plan_id = good(await admin.post(f"{path}/output-audit-plans", json=wanted), 201)["plan_id"]
    listed = {"items": [output(f"note-{number}") for number in range(3)]}
    good(await admin.post(f"{path}/output-audit-plans/{plan_id}/outputs/bulk", json=listed))
    one, two = [
        await pages.reader(council.app, council, Role.INFORMATION_GOVERNANCE) for _ in range(2)
    ]
    address = f"/dashboard{path}/output-audits/{plan_id}"

    async def send(to: str, **fields: str) -> httpx.Response:
        return await sent_by(one, to.removesuffix("/draws"), to, **fields)

    refused = pages.read(await send(f"{address}/draws", outputs="none"))
    assert refused.title.startswith("Error: ")
    assert (await send(f"{address}/draws", outputs="2", seed="7")).status_code == 303
    page = pages.read(await one.get(address))
    sampled = [href for href, _ in page.links if "/sample/" in href]
    assert len(sampled) == 2
    blank = await send(sampled[0], **{"findings-0-type": "omission"})
    assert blank.status_code == 422
    assert "findings-0-severity" in blank.text
    found = {"type": "omission", "severity": "critical", "reached": "reached_the_record"}
    fields = {f"findings-0-{name}": value for name, value in found.items()}
    taken = await send(sampled[0], **fields, statements_checked="20", statements_wrong="1")
    assert taken.status_code == 303
    shown = pages.read(await one.get(sampled[0])).text
    assert "Omission, critical, reached the record" in shown
    # Whoever may be the second sees nothing of it.
    blind = pages.read(await two.get(sampled[0])).text
    assert "Omission, critical" not in blind
    assert "A second marking is awaited" in blind
    for browser in (one, two):
        await browser.close()


@ONE
async def test_who_may_not_write_gets_no_form_for_audits(council: Council) -> None:
    admin = await council.admin()
    path = f"/pilots/{await pilot(admin)}"
    plan = good(await admin.post(f"{path}/output-audit-plans", json=AUDIT), 201)
    base = f"/dashboard{path}/output-audits"
    analyst = await pages.reader(council.app, council, Role.ANALYST)
    token = await analyst.forgery_token()
    for address in (f"{base}/new", f"{base}/{plan['plan_id']}/outputs"):
        assert (await analyst.get(address)).status_code == 403
        form = {**SENT, "pasted": "note-1,2024-05-01", "csrf_token": token}
        sent = await analyst.http.post(address, data=form, headers={"Origin": PUBLIC_URL})
        assert sent.status_code == 403
    assert len(good(await admin.get(f"{path}/output-audit-plans"))["items"]) == 1
    await analyst.close()


@given(st.lists(st.lists(st.from_regex(r"[a-z0-9]{1,5}", fullmatch=True), min_size=1, max_size=5)))
def test_a_pasted_list_says_the_same_with_commas_and_with_tabs(cells: list[list[str]]) -> None:
    told = [
        list(csv.DictReader(io.StringIO(as_csv("\n".join(parted.join(row) for row in cells)))))
        for parted in (",", " , ", "\t")
        if parted != "\t" or any(len(row) > 1 for row in cells)
    ]
    wanted = [dict(zip(COLUMNS, [*row, "", "", "", ""], strict=False)) for row in cells]
    assert told == [wanted] * len(told)
