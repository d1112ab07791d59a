"""A pilot is set up, staffed and started by forms."""

import pytest
from fastapi import FastAPI

from app.access.permissions import Role
from tests import pages
from tests.council import Council, good, people
from tests.identity import PUBLIC_URL
from tests.licences import on
from tests.pages import Page

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
PILOT = {
    "code": "CARE-1",
    "name": "Notes by ear",
    "kind": "social_care",
    "purpose": "Less typing",
    "starts_on": "2024-06-03",
    "ends_on": "2024-09-02",
    "baseline_starts_on": "2024-04-01",
    "baseline_ends_on": "2024-06-03",
    "lead_external_id": "L",
}


def hidden(page: Page) -> dict[str, str]:
    return {name: page.fields[name] for name in ("csrf_token", "idempotency_key")}


@ONE
async def test_a_pilot_is_set_up_staffed_and_started(app: FastAPI, council: Council) -> None:
    with on("2024-05-08"):
        admin = await council.admin()
        await people(admin, "L", "E1", "E2", display_name="Somebody")
        own = good(await admin.get("/people?external_id=L"))["items"][0]["person_id"]
        browser = await pages.reader(app, council, Role.PILOT_LEAD, person_id=own)
        new = "/dashboard/pilots/new"
        assert new in {href for href, _ in pages.read(await browser.get("/dashboard")).links}
        page = pages.read(await browser.get(new))
        origin = {"Origin": PUBLIC_URL}
        wrong = PILOT | {"ends_on": "2024-06-03x", "code": "a b"}
        refused = await browser.http.post(new, data={**hidden(page), **wrong}, headers=origin)
        assert refused.status_code == 422
        again = pages.read(refused)
        assert {"#ends_on", "#code"} <= {href for href, _ in again.links}
        assert again.fields["name"] == "Notes by ear"
        for _ in range(2):
            made = await browser.http.post(new, data={**hidden(again), **PILOT}, headers=origin)
            assert made.status_code == 303, made.text
        (pilot,) = good(await browser.get("/api/v1/pilots"))["items"]
        about = f"/dashboard/pilots/{pilot['pilot_id']}"
        assert made.headers["location"] == f"{about}/set-up"

        page = pages.read(await browser.get(f"{about}/set-up"))
        assert page.title == "Set-up – Notes by ear – Pilotlight"
        asked = {"people": "E1\r\nE2\r\nnobody", "arm": "comparison", "joined_on": "2024-06-10"}
        sent = {"csrf_token": page.fields["csrf_token"], **asked}
        seen = pages.read(await browser.http.post(f"{about}/members", data=sent, headers=origin))
        assert "2 would be enrolled, 0 changed, 0 take part already, 1 cannot be" in seen.text
        listed = f"/api/v1/pilots/{pilot['pilot_id']}/members"
        assert good(await browser.get(listed))["items"] == []
        names = ("csrf_token", "idempotency_key", "carry_out", "people", "arm", "joined_on")
        sent = {name: seen.fields[name] for name in names}
        done = pages.read(await browser.http.post(f"{about}/members", data=sent, headers=origin))
        assert "2 enrolled, 0 changed." in done.text
        members = good(await browser.get(listed))["items"]
        assert [(m["arm"], m["joined_on"]) for m in members] == [("comparison", "2024-06-10")] * 2

        page = pages.read(await browser.get(f"{about}/set-up"))
        assert "Somebody (E2) Comparison 10 June 2024 Stays" in page.text
        step = {**hidden(page), "to": "completed", "reason": "Too early"}
        refused = await browser.http.post(f"{about}/steps", data=step, headers=origin)
        assert refused.status_code == 409
        assert "Too early" in pages.read(refused).text
        page = pages.read(await browser.get(f"{about}/set-up"))
        step = {**hidden(page), "to": "planned", "reason": "Agreed"}
        taken = await browser.http.post(f"{about}/steps", data=step, headers=origin)
        assert taken.status_code == 303, taken.text
        assert "Draft to planned" in pages.read(await browser.get(f"{about}/set-up")).text
        await browser.close()


@ONE
async def test_who_may_not_set_up_is_not_offered_it(app: FastAPI, council: Council) -> None:
    browser = await pages.reader(app, council, Role.ANALYST)
    home = pages.read(await browser.get("/dashboard"))
    assert "/dashboard/pilots/new" not in {href for href, _ in home.links}
    assert (await browser.get("/dashboard/pilots/new")).status_code == 403
    await browser.close()
