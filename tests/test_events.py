"""Events: written with the change or not at all, numbered once committed, and read without a gap."""

import asyncio
import random
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine

from app.access.permissions import Role, Scope
from app.core.pagination import encode_cursor
from app.events import service as events
from app.events.models import Event
from app.events.types import PILOT_TRANSITIONED, TYPES
from app.integrations.webhooks import jobs as webhook_jobs
from app.integrations.webhooks import service as webhooks
from app.metrics.feedback import service as feedback
from tests.council import Council, good, people, pilot, problem
from tests.licences import allocate, on, pool, release, seat
from tests.receivers import dispatch, endpoint, move
from tests.snapshots import observed, published, recorded


async def told(client: Any, cursor: str | None = None) -> tuple[list[dict[str, Any]], str]:
    """Everything after a cursor, and where to go on the next time."""
    found: list[dict[str, Any]] = []
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor is not None else {})
        page = good(await client.get("/events", params=params))
        found += page["items"]
        cursor = page["resume_cursor"]
        assert cursor is not None
        if page["next_cursor"] is None:
            return found, cursor


async def test_what_happens_is_told_in_order_with_ids_alone(council: Council) -> None:
    client = await council.admin()
    await people(client, "E-1", "E-2", display_name="Margaret")
    with on("2024-06-03"):
        path = await pool(client, seats=1, hands_on_released_seats=True)
        given = await seat(client, path, "E-1", reason="because of Margaret")
        waits = good(await allocate(client, path, "E-2", queue=True), 202)
        pilot_id = await pilot(client)
        await move(client, pilot_id, "planned", "running")
        handed = good(await release(client, given))["handed_on"]
    assert await told(client) == ([], encode_cursor(UUID(int=0)))  # not numbered yet
    await dispatch(council)
    found, _ = await told(client)
    assert [event["sequence"] for event in found] == [1, 2, 3, 4, 5, 6]
    pool_id = given["pool_id"]

    def of_seat(allocation_id: str) -> dict[str, str]:
        return {"pool_id": pool_id, "allocation_id": allocation_id}

    assert [(event["type"], event["subject"], event["data"]) for event in found] == [
        ("seat.allocated", f"seats/{given['allocation_id']}", of_seat(given["allocation_id"])),
        (
            "seat.waiting",
            f"waiting-entries/{waits['waiting_id']}",
            {"pool_id": pool_id, "waiting_id": waits["waiting_id"]},
        ),
        (
            "pilot.transitioned",
            f"pilots/{pilot_id}",
            {"pilot_id": pilot_id, "from": "draft", "to": "planned"},
        ),
        (
            "pilot.transitioned",
            f"pilots/{pilot_id}",
            {"pilot_id": pilot_id, "from": "planned", "to": "running"},
        ),
        ("seat.released", f"seats/{given['allocation_id']}", of_seat(given["allocation_id"])),
        (
            "seat.allocated",
            f"seats/{handed[0]['allocation_id']}",
            of_seat(handed[0]["allocation_id"]),
        ),
    ]
    assert "Margaret" not in str(found)


async def test_figures_that_are_published_are_told_once(council: Council) -> None:
    client = await council.admin()
    path = await observed(client)
    made = await published(client, path)
    again = await published(client, path, new=False)
    assert again["snapshot_id"] == made["snapshot_id"]
    await dispatch(council)
    found, _ = await told(client)
    pilot_id = made["pilot_id"]
    about = [e for e in found if not e["type"].startswith("seat.")]
    assert [(e["type"], e["subject"], e["data"]) for e in about] == [
        (
            "snapshot.published",
            f"pilots/{pilot_id}",
            {"pilot_id": pilot_id, "snapshot_id": made["snapshot_id"]},
        )
    ]


def _at_most(target: float) -> list[dict[str, Any]]:
    return [{"metric": "admin_share_change", "comparator": "<=", "target": target}]


@pytest.mark.parametrize(("target", "times"), [(0.0, 1), (-0.9, 0)], ids=["met", "not met"])
async def test_criteria_that_are_met_are_told_the_first_time(
    council: Council, target: float, times: int
) -> None:
    client = await council.admin()
    path = await observed(client, success_criteria=_at_most(target))
    first = await published(client, path)
    more = recorded("E1", "2024-03-06")
    good(await client.post(f"{path}/time-samples/bulk", json={"items": more}))
    assert (await published(client, path))["snapshot_id"] != first["snapshot_id"]
    await dispatch(council)
    met = [e["data"] for e in (await told(client))[0] if e["type"] == "pilot.criteria_met"]
    assert met == [{"pilot_id": first["pilot_id"], "metrics": ["admin_share_change"]}] * times


async def test_criteria_about_few_people_are_told_to_nobody(council: Council) -> None:
    client = await council.admin()
    good(
        await client.patch(
            "/organisation", json={"minimum_group_size": 7}, headers={"If-Match": "*"}
        )
    )
    path = await observed(client, success_criteria=_at_most(0.0))
    await published(client, path)
    await dispatch(council)
    assert "pilot.criteria_met" not in [e["type"] for e in (await told(client))[0]]


async def test_what_was_not_written_is_not_told(council: Council) -> None:
    client = await council.admin()
    await people(client, "E-1")
    with on("2024-06-03"):
        path = await pool(client, seats=1)
        rows = {"items": [{"person_external_id": "E-1"}, {"person_external_id": "nobody"}]}
        good(await client.post(f"{path}/allocations/bulk?dry_run=true", json=rows))
        problem(
            await client.post(f"{path}/allocations/bulk?mode=atomic", json=rows),
            422,
            "rows_rejected",
        )
    pilot_id = await pilot(client)
    answer = await client.post(f"/pilots/{pilot_id}/transitions", json={"to": "decided"})
    problem(answer, 409, "illegal_transition")
    await dispatch(council)
    assert (await told(client))[0] == []


async def test_a_caller_sees_what_its_scopes_and_pilots_let_it_see(council: Council) -> None:
    admin = await council.admin()
    await people(admin, "LEAD", "E-1")
    listed = good(await admin.get("/people"))["items"]
    lead_id = UUID(next(p["person_id"] for p in listed if p["external_id"] == "LEAD"))
    theirs = await pilot(admin, code="P-1", lead_external_id="LEAD")
    foreign = await pilot(admin, code="P-2")
    for pilot_id in (theirs, foreign):
        await move(admin, pilot_id, "planned")
    with on("2024-06-03"):
        await seat(admin, await pool(admin), "E-1")
    await dispatch(council)

    async def seen(**options: Any) -> list[str]:
        found, _ = await told(council.client(await council.key(**options)))
        return [event["subject"].partition("/")[0] for event in found]

    assert await seen(role=Role.ADMIN) == ["pilots", "pilots", "seats"]
    assert await seen(role=Role.ANALYST) == ["pilots", "pilots"]
    seats = [Scope.PILOTS_READ, Scope.LICENCES_READ]
    assert await seen(role=None, scopes=seats) == ["pilots", "pilots"]
    # As many of these as people: whoever may not see the people would count them day by day.
    sees_people = [*seats, Scope.PEOPLE_READ]
    assert await seen(role=None, scopes=sees_people) == ["pilots", "pilots", "seats"]
    lead = council.client(await council.key(Role.PILOT_LEAD, person_id=lead_id))
    assert [event["data"]["pilot_id"] for event in (await told(lead))[0]] == [theirs]


async def test_another_council_sees_nothing(council: Council, other_council: Council) -> None:
    client = await council.admin()
    await move(client, await pilot(client), "planned")
    await dispatch(council)
    assert len((await told(client))[0]) == 1
    assert (await told(await other_council.admin()))[0] == []


async def test_weeks_without_feedback_are_told_once(council: Council) -> None:
    client = await council.admin()
    await people(client, "E-1")
    member = {"person_external_id": "E-1", "joined_on": "2024-04-01"}
    pilot_id = await pilot(client, member)
    for day in ("2024-04-16", "2024-04-16", "2024-04-23"):
        async with council.database.transaction() as session:
            moment = datetime.fromisoformat(f"{day}T05:00:00+00:00")
            await feedback.note_missing_weeks(
                session, council.system, UUID(pilot_id), moment.date(), moment
            )
    await dispatch(council)
    missing = [e["data"] for e in (await told(client))[0] if e["type"] == "feedback.missing"]
    assert [len(data["weeks"]) for data in missing] == [2, 1]
    assert missing[1] == {"pilot_id": pilot_id, "weeks": ["2024-04-15"]}


async def _publish(council: Council, about: UUID, count: int, pause: float) -> None:
    """Write events in a transaction that takes its time to commit."""
    data = {"pilot_id": about, "from": "draft", "to": "planned"}
    async with council.database.transaction() as session:
        happened = [events.Occurred(PILOT_TRANSITIONED, about, data)] * count
        await events.publish(session, council.organisation.organisation_id, happened)
        await asyncio.sleep(pause)


async def test_nothing_is_skipped_while_many_write_number_and_read(council: Council) -> None:
    """Writers commit in any order, three dispatchers number, a reader follows: it gets each event, once."""
    client = await council.admin()
    rng = random.Random(1)  # noqa: S311 - pauses, no secret
    writers = 24
    done = asyncio.Event()
    read: list[dict[str, Any]] = []

    async def write(number: int) -> None:
        await asyncio.sleep(rng.random() * 0.3)
        await _publish(council, UUID(int=number), 3, rng.random() * 0.1)

    async def follow() -> None:
        cursor = None
        while True:
            last = done.is_set()
            found, cursor = await told(client, cursor)
            read.extend(found)
            if last:
                return
            await asyncio.sleep(0.002)

    async def keep_numbering() -> None:
        while not done.is_set():
            await dispatch(council)
            await asyncio.sleep(0.005)

    follower = asyncio.create_task(follow())
    numberers = [asyncio.create_task(keep_numbering()) for _ in range(3)]
    await asyncio.gather(*(write(n) for n in range(writers)))
    await dispatch(council)
    done.set()
    await asyncio.gather(follower, *numberers)
    assert [event["sequence"] for event in read] == list(range(1, 3 * writers + 1))
    assert len({event["id"] for event in read}) == 3 * writers
    assert {event["subject"] for event in read} == {f"pilots/{UUID(int=n)}" for n in range(writers)}


async def test_an_event_that_commits_late_comes_after_those_that_were_read(
    council: Council, database_kind: str
) -> None:
    """The case that a sequence handed out at insert gets wrong, step by step."""
    if database_kind == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    client = await council.admin()
    owner = council.organisation.organisation_id
    data = {"pilot_id": uuid4(), "from": "draft", "to": "planned"}
    early, late = uuid4(), uuid4()
    async with council.database.transaction() as slow:
        await events.publish(slow, owner, [events.Occurred(PILOT_TRANSITIONED, early, data)])
        async with council.database.transaction() as quick:
            await events.publish(quick, owner, [events.Occurred(PILOT_TRANSITIONED, late, data)])
        await dispatch(council)
        first, cursor = await told(client)
    await dispatch(council)
    second, _ = await told(client, cursor)
    assert [event["subject"] for event in first + second] == [f"pilots/{late}", f"pilots/{early}"]


async def test_old_events_are_forgotten_and_a_cursor_before_them_says_so(council: Council) -> None:
    client = await council.admin()
    await endpoint(
        client, "https://receiver.example.org/hooks", "seat.allocated", "pilot.transitioned"
    )
    pilot_id = await pilot(client)
    with time_machine.travel("2024-04-01T09:00:00Z", tick=False):
        await move(client, pilot_id, "planned")
        await dispatch_nothing(council)
    first_cursor = encode_cursor(UUID(int=0))
    with time_machine.travel("2024-05-02T09:00:00Z", tick=False):
        await move(client, pilot_id, "running")
        await dispatch_nothing(council)
    slot = datetime(2024, 5, 3, 1, 50, tzinfo=UTC)
    for forgotten in (1, 0):
        async with council.database.transaction() as session:
            counts = await webhook_jobs.events_cleanup(
                session, council.organisation.organisation_id, slot
            )
        assert counts == {"events": forgotten, "deliveries": forgotten}
    found, _ = await told(client)
    assert [event["data"]["to"] for event in found] == ["running"]
    answer = await client.get("/events", params={"cursor": first_cursor})
    problem(answer, 410, "cursor_expired")


async def dispatch_nothing(council: Council) -> None:
    """Number and queue as the dispatcher does, without sending."""
    async with council.database.transaction() as session:
        owner = council.organisation.organisation_id
        await webhooks.queue(session, owner, await events.number(session, owner))


async def test_a_cursor_that_is_ahead_misses_nothing(council: Council) -> None:
    client = await council.admin()
    page = good(await client.get("/events", params={"cursor": encode_cursor(UUID(int=10**6))}))
    await move(client, await pilot(client), "planned")
    await dispatch(council)
    assert len((await told(client, page["resume_cursor"]))[0]) == 1


async def test_an_event_tells_what_its_type_says_and_no_more(council: Council) -> None:
    async with council.database.transaction() as session:
        for data in ({"pilot_id": 1}, {"pilot_id": 1, "from": 1, "to": 1, "name": "Margaret"}):
            happened = events.Occurred(PILOT_TRANSITIONED, uuid4(), data)
            with pytest.raises(ValueError, match="no more and no less"):
                await events.publish(session, council.organisation.organisation_id, [happened])


async def test_every_type_is_listed(council: Council) -> None:
    client = await council.as_role(Role.INTEGRATOR)
    listed = good(await client.get("/event-types"))["items"]
    assert [kind["name"] for kind in listed] == list(TYPES)
    assert Event.__tablename__ == "event"
