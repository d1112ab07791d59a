"""Retention, holds, and what is held of one person, as pages for information governance."""

import pytest
from fastapi import FastAPI

from app.access.permissions import Role
from tests import pages
from tests.council import Council, good, people, pilot
from tests.identity import PUBLIC_URL
from tests.test_dashboard_administration import hidden

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
ORIGIN = {"Origin": PUBLIC_URL}
PRIVACY, HOLDS = "/dashboard/privacy", "/dashboard/privacy/holds"


@ONE
async def test_a_schedule_a_hold_and_an_erasure_are_done_on_pages(
    app: FastAPI, council: Council
) -> None:
    admin = await council.admin()
    await people(admin, "E-4711", display_name="Ann Ash")
    person_id = good(await admin.get("/people"))["items"][0]["person_id"]
    about = f"/dashboard/people/{person_id}"
    browser = await pages.reader(app, council, Role.INFORMATION_GOVERNANCE)
    page = pages.read(await browser.get(PRIVACY))
    assert "Nobody has agreed to a schedule yet" in page.text
    form = {**hidden(page), "etag": page.fields["etag"], "people": "2000", "feedback": "1"}
    refused = await browser.http.post(PRIVACY, data=form, headers=ORIGIN)
    assert refused.status_code == 422
    assert "#feedback" in {href for href, _ in pages.read(refused).links}
    form |= {"feedback": "", "idempotency_key": "another"}
    assert (await browser.http.post(PRIVACY, data=form, headers=ORIGIN)).status_code == 303
    days = good(await admin.get("/retention-schedule"))["periods"]
    assert {d["kept"]: d["days"] for d in days if d["days"] is not None} == {"people": 2000}

    page = pages.read(await browser.get(about))
    data, accesses, erasure = (f"{about}/{name}" for name in ("data", "accesses", "erasure"))
    assert {data, accesses, erasure} <= {href for href, _ in page.links}
    assert "Ann Ash" in pages.read(await browser.get(data)).text
    assert "Everything that is held" in pages.read(await browser.get(accesses)).text
    page = pages.read(await browser.get(HOLDS))
    form = {**hidden(page), "hold_on": "person", "person": "E-4712", "reason": "A claim"}
    nobody = await browser.http.post(HOLDS, data=form, headers=ORIGIN)
    assert nobody.status_code == 422
    assert "#person" in {href for href, _ in pages.read(nobody).links}
    assert pages.read(nobody).fields["person"] == "E-4712"
    form |= {"person": "E-4711"}
    assert (await browser.http.post(HOLDS, data=form, headers=ORIGIN)).status_code == 303
    page = pages.read(await browser.get(HOLDS))
    assert "A claim" in page.text
    assert (about, "Ann Ash (E-4711)") in page.links
    page = pages.read(await browser.get(erasure))
    assert "Erase this person" not in page.text
    form = {"csrf_token": page.fields["csrf_token"], "certain": "yes"}
    held = await browser.http.post(erasure, data=form, headers=ORIGIN)
    assert held.status_code == 409
    assert "A legal hold is in force" in pages.read(held).text
    (hold,) = good(await admin.get("/legal-holds"))["items"]
    released = {"csrf_token": form["csrf_token"], "hold_id": hold["hold_id"]}
    await browser.http.post(f"{HOLDS}/release", data=released, headers=ORIGIN)
    unsure = await browser.http.post(
        erasure, data={"csrf_token": form["csrf_token"]}, headers=ORIGIN
    )
    assert unsure.status_code == 422
    assert (await browser.http.post(erasure, data=form, headers=ORIGIN)).status_code == 303
    assert (await browser.get(about)).status_code == 404
    (erased,) = good(await admin.get("/erasures"))["items"]
    lifted = {"csrf_token": form["csrf_token"], "erasure_id": erased["erasure_id"]}
    await browser.http.post(f"{HOLDS}/lift", data=lifted, headers=ORIGIN)
    assert good(await admin.get(f"/erasures/{erased['erasure_id']}"))["lifted_at"] is not None
    await browser.close()
    other = await pages.reader(app, council, Role.ANALYST)
    for address in (PRIVACY, HOLDS):
        assert (await other.get(address)).status_code == 403
    await other.close()


@ONE
async def test_a_hold_is_placed_on_a_pilot_from_the_list(app: FastAPI, council: Council) -> None:
    admin = await council.admin()
    number = await pilot(admin, name="Letters")
    browser = await pages.reader(app, council, Role.INFORMATION_GOVERNANCE)
    answer = await browser.get(HOLDS)
    assert f'<option value="{number}">Letters</option>' in answer.text
    form = {**hidden(pages.read(answer)), "hold_on": "pilot", "reason": "An inquiry"}
    unchosen = await browser.http.post(HOLDS, data=form, headers=ORIGIN)
    assert "#pilot_id" in {href for href, _ in pages.read(unchosen).links}
    # A hold on everything is on nobody else.
    both = {**form, "hold_on": "organisation", "pilot_id": number}
    assert (await browser.http.post(HOLDS, data=both, headers=ORIGIN)).status_code == 422
    form |= {"pilot_id": number}
    assert (await browser.http.post(HOLDS, data=form, headers=ORIGIN)).status_code == 303
    (hold,) = good(await admin.get("/legal-holds"))["items"]
    assert (hold["hold_on"], hold["pilot_id"]) == ("pilot", number)
    assert (f"/dashboard/pilots/{number}", "Letters") in pages.read(await browser.get(HOLDS)).links
    await browser.close()
