"""Faults between us and every timesheet system: what is read in spite of them is what a full load reads."""

import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

import httpx
import pytest
import time_machine
from sqlalchemy import text

from app.access.principals import Principal
from app.core.settings import Settings
from app.integrations.connections import running
from tests.council import Council, good, people, pilot
from tests.databases import settings_for
from tests.other_system import Asked, OtherSystem, Reply, Waits, other_system, without_waiting
from tests.time_use import SOCIAL
from tests.timesheet_systems import SYSTEMS, Kimai, System, TimeTagger, Toggl, Tryton

KINDS = {"argnames": "kind", "argvalues": SYSTEMS, "ids": [kind.kind for kind in SYSTEMS]}
PAGED = {"argnames": "kind", "argvalues": (Tryton, Kimai), "ids": ["tryton", "kimai"]}
BROKEN = Reply({"error": "x"}, 500)
BUSY = Reply("later", 429, {"Retry-After": "7"})


@pytest.fixture
def fault() -> Reply | str | None:
    """What a test waits for; most wait for nothing."""
    return None


@pytest.fixture
def settings(database_url: str, fault: Reply | str | None) -> Settings:
    """Patient, but with a system that is slow: a busy machine is no fault of the other system."""
    permitted = {
        "allow_private_addresses": True,
        "outward_seconds": 1.0 if fault == "slow" else 30.0,
    }
    return settings_for(database_url).model_copy(update=permitted)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    for kind in SYSTEMS:
        module, name = kind.page_size
        if module:
            monkeypatch.setattr(import_module(module), name, 3)
    return without_waiting(monkeypatch)


class Peer:
    """A system of a kind, and the connection that reads it."""

    def __init__(self, council: Council, told: System, server: OtherSystem) -> None:
        self.council, self.told, self.server = council, told, server
        self.client: httpx.AsyncClient
        self.path = ""

    async def connect(self) -> None:
        self.client = await self.council.admin()
        await people(self.client, "E1", "E2")
        members = [{"person_external_id": n, "arm": "pilot"} for n in ("E1", "E2")]
        pilot_id = await pilot(self.client, *members, **SOCIAL)
        wanted = {
            "name": "peer",
            "kind": self.told.kind,
            "pilot_id": pilot_id,
            "settings": self.told.settings(self.server.address),
            "secrets": self.told.secrets(),
        }
        self.path = good(await self.client.post("/connections", json=wanted), 201)["connection_id"]

    async def read(self, *, full: bool = False) -> dict[str, Any]:
        """Read on, and return the run as HTTP tells it."""
        system = Principal.system(self.council.organisation)
        run = await running.sync(self.council.database, system, UUID(self.path), is_full=full)
        assert run is not None
        found = await self.client.get(f"/connections/{self.path}/runs/{run.id}")
        return good(found)

    async def here(self) -> dict[str, tuple[str, str, float]]:
        """What stands here: person, category and minutes by reference."""
        statement = text(
            "SELECT s.source_ref, p.external_id, s.category, s.minutes FROM time_sample s"
            " JOIN person p ON p.organisation_id = s.organisation_id AND p.id = s.person_id"
            " WHERE s.organisation_id IS NOT NULL AND NOT s.is_deleted"
        )
        async with self.council.database.engine.connect() as connection:
            rows = (await connection.execute(statement)).all()
        assert len({row[0] for row in rows}) == len(rows)
        return {row[0]: (row[1], row[2], row[3]) for row in rows}


@pytest.fixture
async def peer(kind: type[System], council: Council, waits: Waits) -> AsyncIterator[Peer]:
    told = kind()
    async with other_system(told) as server:
        found = Peer(council, told, server)
        await found.connect()
        yield found


def change(told: System, chance: random.Random) -> None:
    """Somebody works: puts, corrects, starts a clock, deletes."""
    for _ in range(chance.randint(1, 9)):
        ref = chance.randint(1, 20)
        known = ref in told.records and not told.records[ref].deleted
        if known and chance.random() < 0.25:
            told.delete(ref)
        else:
            minutes = chance.choice([None, 15, 60, 90])
            # An account's record stays that account's.
            told.put(ref, minutes, chance.randint(1, 3), person=1 + ref % 2)


@pytest.mark.parametrize(**KINDS)  # type: ignore[arg-type]  # the three arguments by name
async def test_increments_add_up_to_a_full_load_whatever_breaks_in_between(
    peer: Peer, waits: Waits
) -> None:
    """Random work, random faults, some of them too many for a run: the rows are those of the source."""
    chance = random.Random(peer.told.kind)  # noqa: S311 - the same work each time
    previous: list[Reply] = []
    right = peer.server.answering

    def remembering(asked: Asked) -> Reply:
        previous.append(right(asked))
        return previous[-1]

    peer.server.answering = remembering
    statuses: Counter[str] = Counter()
    for _ in range(12):
        change(peer.told, chance)
        kinds: list[Reply | str | None] = [None, BROKEN, BUSY, "truncated", "dropped"]
        if previous:
            kinds.append(previous[-1])  # a page that we have had
        peer.server.faults = [chance.choice(kinds) for _ in range(chance.randint(0, 14))]  # type: ignore[misc]  # None: none
        run = await peer.read()
        statuses[run["status"]] += 1
        if run["status"] == "succeeded" and not peer.server.faults:
            here, there = await peer.here(), peer.told.standing()
            # Kimai's deletions are found once a day.
            assert here == there or (isinstance(peer.told, Kimai) and here.items() >= there.items())
        peer.server.faults = []
    assert statuses["succeeded"] > 0
    peer.told.now += timedelta(hours=25)
    assert (await peer.read())["status"] == "succeeded"
    increments = await peer.here()
    assert increments == peer.told.standing()
    run = await peer.read(full=True)
    counts = run["counts"]
    assert (counts["accepted"], counts["updated"], counts["deleted"]) == (0, 0, 0), run
    assert await peer.here() == increments


@pytest.mark.parametrize(**KINDS)  # type: ignore[arg-type]  # likewise
@pytest.mark.parametrize(
    ("fault", "code", "first_wait"),
    [
        (BROKEN, "other_system_failing", 1.0),
        (Reply("later", 503), "other_system_busy", 1.0),
        (BUSY, "other_system_busy", 7.0),
        ("truncated", "unreachable", 1.0),
        ("dropped", "unreachable", 1.0),
        ("slow", "timed_out", 1.0),
        (Reply(b'{"records": ['), "malformed_answer", 1.0),
    ],
    ids=["500", "503", "429", "truncated", "dropped", "slow", "half a body"],
)
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_fault_is_waited_out_and_logged_and_five_are_too_many(
    peer: Peer, waits: Waits, fault: Reply | str, code: str, first_wait: float
) -> None:
    peer.told.put(1)
    peer.server.faults = [fault]
    run = await peer.read()
    assert (run["status"], run["counts"]["retries"]) == ("succeeded", 1), run
    assert [(each["code"], each["count"]) for each in run["troubles"]] == [(code, 1)]
    assert waits.seconds == [first_wait]
    assert await peer.here() == peer.told.standing()
    peer.told.put(2)
    peer.server.faults = [fault] * 5
    run = await peer.read()
    assert (run["status"], run["error"]) == ("failed", code)
    assert run["counts"]["retries"] == 4
    assert code in [each["code"] for each in run["troubles"]]
    if first_wait == 1.0:
        assert waits.seconds[1:] == [1.0, 2.0, 4.0, 8.0]
    assert (await peer.read())["status"] == "succeeded"
    assert await peer.here() == peer.told.standing()


@pytest.mark.parametrize(**KINDS)  # type: ignore[arg-type]  # likewise
async def test_a_clock_that_is_set_back_loses_nothing(peer: Peer) -> None:
    peer.told.put(1)
    peer.told.put(2)
    await peer.read()
    peer.told.now -= timedelta(hours=5)
    peer.told.put(1, 90)
    peer.told.put(3)
    peer.told.delete(2)
    assert (await peer.read())["status"] == "succeeded"
    assert await peer.here() == peer.told.standing() or isinstance(peer.told, Kimai)
    peer.told.now += timedelta(hours=30)
    await peer.read()
    assert await peer.here() == peer.told.standing()


@pytest.mark.parametrize(**PAGED)  # type: ignore[arg-type]  # likewise
async def test_a_run_that_ends_between_two_pages_is_gone_on_with(peer: Peer) -> None:
    for ref in range(1, 11):
        peer.told.put(ref)
    right, answered = peer.server.answering, 0
    # Tryton is asked for its newest line first, twice.
    most = 2 if isinstance(peer.told, Kimai) else 4

    def failing(asked: Asked) -> Reply:
        nonlocal answered
        is_page = "line.search_read" in asked.body.decode() or "timesheets" in asked.path
        answered += is_page
        return BROKEN if is_page and answered > most else right(asked)

    peer.server.answering = failing
    run = await peer.read()
    assert (run["status"], run["error"]) == ("failed", "other_system_failing")
    halfway = len(await peer.here())
    assert 0 < halfway < 10
    assert run["counts"]["accepted"] == halfway
    peer.server.answering = right
    # Meanwhile somebody corrects what was read already, and deletes something else.
    peer.told.put(1, 90)
    peer.told.delete(2)
    run = await peer.read()
    peer.told.now += timedelta(hours=25)
    await peer.read()
    assert await peer.here() == peer.told.standing()
    assert run["counts"]["accepted"] == 10 - halfway


@pytest.mark.parametrize("kind", [Kimai], ids=["kimai"])
async def test_pages_out_of_order_are_asked_for_again(peer: Peer) -> None:
    for ref in range(1, 11):
        peer.told.put(ref)
    right = peer.server.answering
    held: list[Reply] = []

    def swapped(asked: Asked) -> Reply:
        reply = right(asked)
        if asked.query.get("page") == "2" and not held:
            held.append(reply)
            return right(
                Asked(asked.method, asked.path, {**asked.query, "page": "3"}, asked.headers, b"")
            )
        if asked.query.get("page") == "3" and len(held) == 1:
            held.append(reply)
            return held[0]
        return reply

    peer.server.answering = swapped
    run = await peer.read()
    assert (run["status"], run["counts"]["retries"]) == ("succeeded", 2)
    assert [each["code"] for each in run["troubles"]] == ["malformed_answer"]
    assert await peer.here() == peer.told.standing()


@pytest.mark.parametrize("kind", [Kimai], ids=["kimai"])
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_pages_that_do_not_add_up_are_read_again(peer: Peer) -> None:
    for ref in range(1, 6):
        peer.told.put(ref)
    right = peer.server.answering

    def short(asked: Asked) -> Reply:
        reply = right(asked)
        if asked.query.get("page") == "2":
            return Reply(reply.body[1:], headers=reply.headers)
        return reply

    peer.server.answering = short
    run = await peer.read()
    assert (run["status"], run["error"]) == ("failed", "pages_incomplete")
    peer.server.answering = right
    assert (await peer.read())["status"] == "succeeded"
    assert await peer.here() == peer.told.standing()


@pytest.mark.parametrize("kind", [TimeTagger], ids=["timetagger"])
async def test_a_reset_reads_everything_and_what_is_not_there_is_gone(peer: Peer) -> None:
    told = peer.told
    assert isinstance(told, TimeTagger)
    for ref in range(1, 6):
        told.put(ref, person=1 + ref % 2)
    await peer.read()
    del told.records[2], told.records[3]
    told.reset()
    run = await peer.read()
    assert (run["counts"]["deleted"], run["counts"]["duplicate"]) == (2, 3)
    assert await peer.here() == told.standing()


@pytest.mark.parametrize("kind", [Toggl], ids=["toggl"])
async def test_what_was_modified_too_long_ago_is_read_by_its_days(peer: Peer) -> None:
    for ref in range(1, 6):
        peer.told.put(ref)
    await peer.read()
    peer.told.delete(1)
    peer.told.put(2, 90)
    del peer.told.records[1]  # forgotten there by now
    peer.told.now += timedelta(days=100)
    run = await peer.read()
    assert (run["counts"]["deleted"], run["counts"]["updated"]) == (1, 1)
    assert not [a for a in peer.server.asked[-40:] if "since" in a.query]
    assert await peer.here() == peer.told.standing()


@pytest.mark.parametrize("kind", [Kimai], ids=["kimai"])
async def test_both_changes_of_the_clocks_are_told_with_their_offset(peer: Peer) -> None:
    """Kimai tells local times with an offset: two equal ones in autumn are an hour apart."""
    for ref, told in ((721, 30), (722, 45)):  # 31 March 2024, 10:00 and 11:00 in summer time
        peer.told.put(ref, told)
    await peer.read()
    async with peer.council.database.engine.connect() as connection:
        statement = text(
            "SELECT source_ref, started_at FROM time_sample WHERE organisation_id IS NOT NULL"
        )
        rows = {row[0]: str(row[1])[:16] for row in (await connection.execute(statement)).all()}
    began = {str(r.ref): r.began_at.strftime("%Y-%m-%d %H:%M") for r in peer.told.records.values()}
    assert rows == began


@pytest.mark.parametrize("kind", [Tryton], ids=["tryton"])
async def test_a_session_that_ran_out_is_made_anew(peer: Peer) -> None:
    for ref in range(1, 8):
        peer.told.put(ref)
    right, asked_for = peer.server.answering, 0

    def running_out(asked: Asked) -> Reply:
        nonlocal asked_for
        asked_for += 1
        return Reply("session expired", 401) if asked_for == 6 else right(asked)

    peer.server.answering = running_out
    assert (await peer.read())["status"] == "succeeded"
    assert await peer.here() == peer.told.standing()


@pytest.mark.parametrize("kind", [TimeTagger], ids=["timetagger"])
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_long_retry_after_ends_the_run_which_is_tried_again_later(
    peer: Peer, waits: Waits
) -> None:
    with time_machine.travel("2026-05-04T09:00:00Z", tick=False):
        good(await peer.client.patch(f"/connections/{peer.path}", json={"every_minutes": 1440}))
        peer.server.faults = [Reply("later", 429, {"Retry-After": "3600"})]
        run = await peer.read()
        assert (run["status"], run["error"], waits.seconds) == ("failed", "other_system_busy", [])
        known = good(await peer.client.get(f"/connections/{peer.path}"))
        assert (known["failures"], known["next_at"]) == (1, "2026-05-04T09:05:00Z")
        assert (await peer.read())["status"] == "succeeded"
        known = good(await peer.client.get(f"/connections/{peer.path}"))
        assert (known["failures"], known["next_at"]) == (0, "2026-05-05T09:00:00Z")
