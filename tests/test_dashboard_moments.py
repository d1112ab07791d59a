"""What staff tell in seconds: their week, and what they are doing now."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import time_machine
from fastapi import FastAPI

from app.access.permissions import Role
from tests import pages
from tests.council import Council, good, people, pilot
from tests.identity import PUBLIC_URL, Browser
from tests.licences import on

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with on("2024-05-08"):
        yield


@pytest.fixture
async def lead(app: FastAPI, council: Council) -> AsyncIterator[tuple[Browser, str]]:
    """A pilot lead's browser, and the address of their pilot."""
    admin = await council.admin()
    await people(admin, "L", "E1")
    member = {"person_external_id": "L"}
    number = await pilot(admin, member, lead_external_id="L")
    own = good(await admin.get("/people?external_id=L"))["items"][0]["person_id"]
    browser = await pages.reader(app, council, Role.PILOT_LEAD, person_id=own)
    yield browser, f"/pilots/{number}"
    await browser.close()


async def send(browser: Browser, address: str, **fields: str) -> httpx.Response:
    return await browser.http.post(address, data=fields, headers={"Origin": PUBLIC_URL})


def hidden(page: pages.Page) -> dict[str, str]:
    return {name: page.fields[name] for name in ("csrf_token", "idempotency_key")}


@ONE
async def test_a_week_is_answered_once_and_thanked_for(
    council: Council, lead: tuple[Browser, str]
) -> None:
    browser, path = lead
    admin = await council.admin()
    held = {"held_on": "2024-05-02", "kind": "internal", "title": "Drop-in"}
    asked = good(await admin.post(f"{path}/feedback-sessions", json=held), 201)["session_id"]
    address = f"/dashboard{path}/weekly"
    page = pages.read(await browser.get(address, session_id=asked))
    assert page.title == "Your week – A pilot – Pilotlight"
    form = {
        **hidden(page),
        "week_starts_on": "2024-04-29",
        "session_id": asked,
        "satisfaction": "4",
        "minutes_saved_per_day": "-12.5",
        "would_keep": "yes",
        "liked": "Quick",
        "person_external_id": "L",
    }
    for _ in range(2):
        taken = await send(browser, address, **form)
        assert (taken.status_code, taken.headers["location"]) == (303, f"{address}/thanks")
    assert "is recorded" in pages.read(await browser.get(f"{address}/thanks")).text
    (kept,) = good(await browser.get(f"/api/v1{path}/feedback"))["items"]
    assert (kept["satisfaction"], kept["minutes_saved_per_day"]) == (4, -12.5)
    assert (kept["would_keep"], kept["session_id"]) == (True, asked)


@ONE
async def test_a_week_that_is_not_taken_stands_there_again(lead: tuple[Browser, str]) -> None:
    browser, path = lead
    address = f"/dashboard{path}/weekly"
    page = pages.read(await browser.get(address))
    form = {**hidden(page), "week_starts_on": "2024-05-06", "minutes_saved_per_day": "some"}
    refused = await send(browser, address, **form, liked="<b>Quick & dirty")
    assert refused.status_code == 422
    again = pages.read(refused)
    assert again.title.startswith("Error: Your week")
    assert any(href == "#minutes_saved_per_day" for href, _ in again.links)
    assert again.fields["minutes_saved_per_day"] == "some"
    assert "<b>Quick & dirty" in again.text
    assert good(await browser.get(f"/api/v1{path}/feedback"))["items"] == []
    nobody = await send(
        browser, address, **hidden(page), week_starts_on="2024-05-06", person_external_id="X"
    )
    assert nobody.status_code == 422
    pages.read(nobody)


@ONE
async def test_one_tap_says_what_somebody_is_doing_and_the_last_is_corrected(
    lead: tuple[Browser, str],
) -> None:
    browser, path = lead
    address = f"/dashboard{path}/now"
    page = pages.read(await browser.get(address))
    assert page.title == "What are you doing now? – A pilot – Pilotlight"
    taxonomy = good(await browser.get(f"/api/v1{path}/time-use-taxonomy"))
    codes = [each["code"] for each in taxonomy["categories"]]
    form = {**hidden(page), "category": codes[0]}
    for _ in range(2):
        taken = await send(browser, address, **form)
        assert taken.status_code == 303, taken.text
    listed = f"/api/v1{path}/time-samples"
    (sample,) = good(await browser.get(listed))["items"]
    assert (sample["category"], sample["method"]) == (codes[0], "random_moment")
    told = pages.read(await browser.get(taken.headers["location"]))
    assert "Recorded:" in told.text
    last = {name: told.fields[name] for name in ("source_ref", "started_at")}
    with time_machine.travel("2024-05-08T09:05:00Z", tick=True):
        mended = await send(browser, address, **hidden(told), **last, category=codes[1])
        assert mended.status_code == 303, mended.text
        (sample,) = good(await browser.get(listed))["items"]
        assert sample["category"] == codes[1]
        assert sample["started_at"].startswith("2024-05-08T09:00")
        seen = pages.read(await browser.get(address))
        back = await send(
            browser, address, **hidden(seen), **last, category=codes[1], take_back="yes"
        )
        assert back.status_code == 303, back.text
    assert "Was the last one wrong?" not in pages.read(await browser.get(address)).text
    unknown = await send(
        browser,
        address,
        **hidden(seen) | {"idempotency_key": "n"},
        category=codes[0],
        person_external_id="X",
    )
    assert unknown.status_code == 422
    assert pages.read(unknown).fields["person_external_id"] is not None


@ONE
async def test_who_may_not_record_is_not_asked(app: FastAPI, council: Council) -> None:
    number = await pilot(await council.admin())
    for role in (Role.ANALYST, Role.ICT_MANAGER):
        browser = await pages.reader(app, council, role)
        for below in ("weekly", "weekly/thanks", "now"):
            answer = await browser.get(f"/dashboard/pilots/{number}/{below}")
            assert answer.status_code == 403
            pages.read(answer)
        await browser.close()
    # An administrator of no staff number says whose time it is.
    browser = await pages.reader(app, council, Role.ADMIN)
    address = f"/dashboard/pilots/{number}/now"
    page = pages.read(await browser.get(address))
    refused = await send(browser, address, **hidden(page), category="x")
    assert refused.status_code == 422
    assert any(href == "#person_external_id" for href, _ in pages.read(refused).links)
    foreign = await browser.get("/dashboard/pilots/00000000-0000-4000-8000-000000000000/weekly")
    assert foreign.status_code == 404
    await browser.close()


@ONE
async def test_no_entry_is_refused_for_what_its_form_is_called_by_chance(
    lead: tuple[Browser, str],
) -> None:
    """Keys of forms are random: one in some hundred holds what looks like an NHS number."""
    browser, path = lead
    address = f"/dashboard{path}/now"
    page = pages.read(await browser.get(address))
    taxonomy = good(await browser.get(f"/api/v1{path}/time-use-taxonomy"))
    code = taxonomy["categories"][0]["code"]
    form = {**hidden(page), "idempotency_key": "a9434765919bc", "category": code}
    for _ in range(2):
        taken = await send(browser, address, **form)
        assert taken.status_code == 303, taken.text
    (kept,) = good(await browser.get(f"/api/v1{path}/time-samples"))["items"]
    assert kept["source_ref"] == "apkjknmlphpbc"
