"""Forms of pages: meant, taken once, and shown again with what is wrong with them."""

from collections.abc import AsyncIterator, Iterator

import pytest
from fastapi import FastAPI

from app.access.permissions import Role
from tests import pages
from tests.council import Council, good, problem
from tests.identity import PUBLIC_URL, Browser
from tests.licences import on
from tests.pages import Page
from tests.reclaim import TODAY, prepare

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
IDLE = {"A": (180, 100), "B": (180, 70), "C": (180, 40), "USED": (180, 1)}


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with on(str(TODAY)):
        yield


@pytest.fixture
async def manager(app: FastAPI, council: Council) -> AsyncIterator[Browser]:
    browser = await pages.reader(app, council, Role.ICT_MANAGER)
    yield browser
    await browser.close()


def sent(page: Page, *seats: str, **fields: str) -> dict[str, str | list[str]]:
    """What a browser sends of the form on a page, with these seats marked."""
    hidden = {name: page.fields[name] for name in ("csrf_token", "idempotency_key")}
    return {**hidden, "allocation_id": list(seats), "keep_until": "", **fields}


async def test_one_decision_is_taken_about_the_seats_that_are_marked_and_once(
    council: Council, manager: Browser
) -> None:
    admin = await council.admin()
    path = await prepare(admin, IDLE)
    address = f"/dashboard/licences/{path.rpartition('/')[2]}/reclaim"
    items = good(await admin.get(f"{path}/reclaim-candidates"))["items"]
    seats = [item["allocation_id"] for item in items]
    page = pages.read(await manager.get(address))
    form = sent(page, *seats[:2], decision="keep", reason="On a course until July.")
    for _ in range(2):  # the second click
        answer = await manager.http.post(address, data=form, headers={"Origin": PUBLIC_URL})
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"] == f"{address}?done=2&refused=0"
    told = pages.read(await manager.get(answer.headers["location"]))
    assert "Recorded: 2 decisions." in told.text
    decided = good(await admin.get(f"{path}/reclaim-decisions"))["items"]
    assert {(each["allocation_id"], each["reason"]) for each in decided} == {
        (seat, "On a course until July.") for seat in seats[:2]
    }
    assert len(decided) == 2
    left = good(await admin.get(f"{path}/reclaim-candidates"))["items"]
    assert [item["allocation_id"] for item in left] == seats[2:]


@ONE
async def test_what_is_wrong_is_said_at_the_top_and_at_the_field_and_nothing_is_lost(
    council: Council, manager: Browser
) -> None:
    admin = await council.admin()
    path = await prepare(admin, IDLE)
    address = f"/dashboard/licences/{path.rpartition('/')[2]}/reclaim"
    seats = [
        item["allocation_id"]
        for item in good(await admin.get(f"{path}/reclaim-candidates"))["items"]
    ]
    page = pages.read(await manager.get(address))
    for fields, marked, field in (
        ({"decision": "keep", "reason": " "}, seats[:2], "reason"),
        ({"decision": "sell", "reason": "Why not"}, seats[:1], "decision"),
        ({"decision": "warn", "reason": "Why not"}, [], "allocation_id"),
        ({"decision": "keep", "reason": "x", "keep_until": "soon"}, seats[:1], "keep_until"),
    ):
        form = sent(page, *marked, **fields)
        answer = await manager.http.post(address, data=form, headers={"Origin": PUBLIC_URL})
        assert answer.status_code == 422
        again = pages.read(answer)
        assert again.title.startswith("Error: Seats to ask for")
        (summary, *_) = [text for href, text in again.links if href == f"#{field}"]
        # The summary says of which field, where the rest does not; the field need not.
        named = f"{field.replace('_', ' ').capitalize()}: "
        assert f"Error: {summary.removeprefix(named)}" in again.text
        assert not summary.startswith(("This field", "Input should"))
        assert answer.text.count(" checked>") == len(marked)
        assert again.fields["reason"] == fields["reason"].strip() or field == "reason"
        assert again.fields["csrf_token"] == page.fields["csrf_token"]
    assert good(await admin.get(f"{path}/reclaim-decisions"))["items"] == []


@ONE
async def test_a_form_that_is_not_meant_writes_nothing(
    app: FastAPI, council: Council, manager: Browser
) -> None:
    admin = await council.admin()
    path = await prepare(admin, IDLE)
    address = f"/dashboard/licences/{path.rpartition('/')[2]}/reclaim"
    (seat, *_) = [
        item["allocation_id"]
        for item in good(await admin.get(f"{path}/reclaim-candidates"))["items"]
    ]
    page = pages.read(await manager.get(address))
    form = sent(page, seat, decision="warn", reason="Idle.")
    ours = {"Origin": PUBLIC_URL}
    for changed, headers in (
        ({}, {"Origin": "https://evil.test"}),
        ({}, {}),
        ({"csrf_token": "x" * 43}, ours),
        ({"csrf_token": ""}, ours),
    ):
        answer = await manager.http.post(address, data={**form, **changed}, headers=headers)
        assert answer.status_code == 403
        pages.read(answer)
    nobody = await Browser(app).http.post(address, data=form, headers=ours)
    assert (nobody.status_code, nobody.headers["location"][:18]) == (303, "/dashboard/sign-in")
    key = {"Authorization": f"Bearer {await council.key()}"}
    by_key = await Browser(app).http.post(address, data=form, headers={**ours, **key})
    assert by_key.status_code == 303
    # A key is no session: what it may do it does by the API.
    assert good(await admin.get(f"{path}/reclaim-decisions"))["items"] == []
    problem(await admin.get(f"{path}/reclaim-decisions/x"), 404, "not_found")


@ONE
async def test_who_may_look_but_not_decide_gets_no_form(
    app: FastAPI, council: Council, manager: Browser
) -> None:
    admin = await council.admin()
    path = await prepare(admin, IDLE)
    address = f"/dashboard/licences/{path.rpartition('/')[2]}/reclaim"
    page = pages.read(await manager.get(address))
    assert {"decision", "reason", "allocation_id"} <= set(page.fields)
    form = sent(page, decision="warn", reason="Idle.")
    await manager.sign_in_with(await council.key(Role.ANALYST))
    token = await manager.forgery_token()
    answer = await manager.http.post(
        address, data={**form, "csrf_token": token}, headers={"Origin": PUBLIC_URL}
    )
    assert answer.status_code in (403, 422)
    assert good(await admin.get(f"{path}/reclaim-decisions"))["items"] == []
