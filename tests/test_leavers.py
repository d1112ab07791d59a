"""Who has left keeps neither a seat nor a place in the queue."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from app import scheduler
from app.core import clock
from app.core.jobs.models import JobRun, RunStatus
from app.core.jobs.registry import JOBS
from app.core.jobs.runner import run_slot
from tests.council import Council, good, people
from tests.licences import (
    TODAY,
    ledger,
    numbers_of,
    on,
    path_of,
    pool,
    release,
    seat,
    standing,
    wait,
    waiting,
)

NOTHING = {"released": 0, "handed_on": 0, "waits_ended": 0}


@pytest.fixture(autouse=True)
def in_june() -> Iterator[None]:
    with on(TODAY):
        yield


async def run_job(council: Council, slot: datetime | None = None) -> dict[str, Any]:
    """Run the job, for now or for a slot; returns its counts."""
    assert scheduler.seat_jobs.seats_of_leavers is JOBS["seats_of_leavers"].work
    owner = council.organisation.organisation_id
    at = slot or clock.now()
    report = await run_slot(council.database, JOBS["seats_of_leavers"], owner, at)
    assert report.status is RunStatus.SUCCEEDED
    async with council.database.transaction(read_only=True) as session:
        own = (col(JobRun.organisation_id) == owner, col(JobRun.slot) == at)
        return (await session.exec(select(JobRun).where(*own))).one().counts


async def test_a_leaver_s_seat_ends_on_the_day_they_left_and_goes_on(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2", "E3")
    path = await pool(client, seats=2)
    left = await seat(client, path, "E1", allocated_on="2024-05-01")
    await seat(client, path, "E2", allocated_on="2024-05-01")
    await wait(client, path, "E3")
    await people(client, "E1", left_on="2024-05-20")
    await people(client, "E2", left_on="2024-06-04")
    assert await run_job(council) == {**NOTHING, "released": 1, "handed_on": 1}
    read = good(await client.get(path_of(left)))
    assert (read["released_on"], read["release_reason"]) == ("2024-05-20", "left")
    assert await ledger(client, path) == [
        ("E1", "2024-05-01", "2024-05-20"),
        ("E2", "2024-05-01", None),
        ("E3", TODAY, None),
    ]
    (event,) = good(await client.get("/audit-events?action=seats.released_of_leavers"))["items"]
    assert event["details"] == {**NOTHING, "released": 1, "handed_on": 1}
    assert event["principal_kind"] == "system"
    events = good(await client.get(f"{path_of(left)}/events"))["items"]
    assert [(e["kind"], e["source"]) for e in events] == [
        ("allocated", "api"),
        ("released", "leavers"),
    ]
    state = await ledger(client, path)
    assert await run_job(council, clock.now() + timedelta(hours=1)) == NOTHING
    assert await ledger(client, path) == state
    assert (
        len(good(await client.get("/audit-events?action=seats.released_of_leavers"))["items"]) == 1
    )
    with on("2024-06-04"):
        assert (await run_job(council))["released"] == 1


async def test_a_later_end_that_was_planned_comes_forward(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2", "E3")
    path = await pool(client, seats=3)
    planned = await seat(client, path, "E1", allocated_on="2024-05-01", released_on="2024-09-01")
    to_come = await seat(client, path, "E2", allocated_on="2024-07-01")
    over = await seat(client, path, "E3", allocated_on="2024-05-01", released_on="2024-05-20")
    await people(client, "E1", "E2", "E3", left_on="2024-06-01")
    assert await run_job(council) == {**NOTHING, "released": 2}
    ends = [good(await client.get(path_of(one))) for one in (planned, to_come, over)]
    assert [(one["released_on"], one["release_reason"]) for one in ends] == [
        ("2024-06-01", "left"),
        ("2024-07-01", "left"),
        ("2024-05-20", None),
    ]
    assert (await standing(client, path, as_of="2024-07-01"))[1] == 0
    assert await run_job(council, clock.now() + timedelta(hours=1)) == NOTHING


async def test_a_leaver_waits_no_longer_and_is_passed_over(council: Council) -> None:
    client = await council.admin()
    await people(client, "E0", "E1", "E2", "E3")
    path = await pool(client, seats=1)
    second = await pool(client, name="Second", seats=0)
    held = await seat(client, path, "E0")
    for number in ("E1", "E2"):
        await wait(client, path, number)
    await wait(client, second, "E1")
    await wait(client, second, "E3", requested_on="2024-05-01")
    await people(client, "E0", "E1", left_on=TODAY)
    await people(client, "E3", left_on="2024-05-20")
    with on("2024-06-10"):
        counts = await run_job(council)
        assert counts == {"released": 1, "handed_on": 1, "waits_ended": 3}
        assert await waiting(client, path) == await waiting(client, second) == []
        numbers = await numbers_of(client)
        entries = good(await client.get(f"{second}/waiting-list?as_of=2024-05-19"))["items"]
        assert [(numbers[e["person_id"]], e["status"], e["ended_on"]) for e in entries] == [
            ("E3", "left", "2024-05-20")
        ]
        assert await run_job(council, clock.now() + timedelta(hours=1)) == NOTHING
    assert good(await client.get(path_of(held)))["released_on"] == TODAY
    assert await ledger(client, path) == [("E0", TODAY, TODAY), ("E2", "2024-06-10", None)]


async def test_a_seat_given_back_by_hand_stays_as_it_was(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1")
    given = await seat(client, await pool(client), "E1", allocated_on="2024-05-01")
    good(await release(client, given, released_on="2024-05-20", reason="moved"))
    await people(client, "E1", left_on="2024-05-20")
    assert await run_job(council) == NOTHING
    assert good(await client.get(path_of(given)))["release_reason"] == "moved"


async def test_a_seat_ends_with_its_term_and_not_after_it(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1")
    path = await pool(client, term_ends_on="2024-05-01")
    given = await seat(client, path, "E1", allocated_on="2024-04-10")
    await people(client, "E1", left_on="2024-06-01")
    await run_job(council)
    assert good(await client.get(path_of(given)))["released_on"] in (None, "2024-05-01")
    longer = await client.patch(path, json={"name": "Old"}, headers={"If-Match": "*"})
    assert good(longer)["name"] == "Old"
    shorter = {"term_starts_on": "2024-04-10"}
    good(await client.patch(path, json=shorter, headers={"If-Match": "*"}))


async def test_one_organisation_s_leavers_are_its_own(
    council: Council, other_council: Council
) -> None:
    theirs = await other_council.admin()
    await people(theirs, "E1")
    given = await seat(theirs, await pool(theirs), "E1", allocated_on="2024-05-01")
    await people(theirs, "E1", left_on="2024-05-20")
    assert await run_job(council) == NOTHING
    assert good(await theirs.get(path_of(given)))["released_on"] is None
    assert (await run_job(other_council))["released"] == 1
