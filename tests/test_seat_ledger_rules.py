"""Any sequence of writes to two pools of a product leaves what a plain count, day by day, says it must."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import httpx
import time_machine
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import col, select

from app.core.jobs.registry import JOBS
from app.core.jobs.runner import RunStatus, run_slot
from app.licences.allocations.models import SeatAllocation, SeatEvent
from app.licences.pools.models import CapacityChange
from app.main import create_app
from tests.council import Council, found, good, people, problem
from tests.databases import Templates, settings_for
from tests.licences import NUMBERS, pool
from tests.seat_oracle import DAY, Oracle, Pool, Seat, Wait
from tests.server import fresh_database

SECOND = timedelta(seconds=1)
START = datetime(2024, 6, 3, 9, tzinfo=UTC)
TODAY = START.date()
TERM = (TODAY - 20 * DAY, TODAY + 40 * DAY)
# The other term, so that an open seat does not end on the same day in both pools.
OTHER_TERM = (TODAY - 12 * DAY, TODAY + 48 * DAY)
HEADCOUNT = 6

# Mostly what can be: near today and near each other, in small pools, so that things meet.
PERSONS, SOME = st.integers(0, HEADCOUNT - 1), st.integers(0, 40)
POOLS = st.sampled_from([0, 0, 1])  # more often the one that blocks
SHIFTS = st.one_of(st.integers(-3, 6), st.integers(-3, 6), st.integers(-21, 49))
DAYS = SHIFTS.map(lambda n: TODAY + n * DAY)
MAYBE_DAYS = st.one_of(st.none(), DAYS)
LENGTHS = st.one_of(st.none(), st.none(), st.integers(1, 9), st.integers(-1, 40))
SEATS = st.one_of(st.integers(0, 2), st.integers(0, 2), st.integers(0, 4))
ROWS = st.lists(
    st.tuples(PERSONS, MAYBE_DAYS, LENGTHS), min_size=1, max_size=4, unique_by=lambda row: row[0]
)
MOSTLY = st.sampled_from([True, True, True, False])
LOOKS_EVERY = 6


@dataclass(frozen=True)
class Note:
    """What was answered at an instant."""

    instant: datetime
    as_of: date
    standings: list[dict[str, int]]
    ledgers: list[list[dict[str, Any]]]


def body_of(**values: Any) -> dict[str, Any]:
    """A JSON body, without what is None."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in values.items()
        if value is not None
    }


def after(day: date, length: int | None) -> date | None:
    return None if length is None else day + length * DAY


class Ledgers(RuleBasedStateMachine):
    """The service, and beside it the plain count of what it must say."""

    def __init__(
        self, runner: asyncio.Runner, app: FastAPI, clock: time_machine.Traveller, name: str
    ) -> None:
        super().__init__()
        self.runner, self.app, self.clock, self.name = runner, app, clock, name
        self.notes: list[Note] = []
        self.steps = self.written = 0
        self.unchanged = False

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a write; it happens a second after whatever was before."""
        self.clock.shift(SECOND)
        return self.runner.run(self.client.request(method, path, **options))

    def read(self, path: str, **params: Any) -> dict[str, Any]:
        params = {name: str(value) for name, value in body_of(**params).items()}
        return good(self.runner.run(self.client.get(path, params=params)))

    def refused(self, answer: httpx.Response, code: str) -> None:
        """It is refused, and nothing is written."""
        self.unchanged = True
        if code in {"dates_out_of_order", "outside_term"}:
            assert answer.status_code == 422, answer.text
        else:
            problem(answer, 409, code)

    @initialize(first=SEATS, second=SEATS)
    def set_up(self, first: int, second: int) -> None:
        self.clock.move_to(START, tick=False)
        self.runner.run(self._set_up(first, second))

    async def _set_up(self, *bought: int) -> None:
        self.council: Council = await found(self.app, self.name)
        self.client = await self.council.admin()
        await people(self.client, *(f"E{n}" for n in range(HEADCOUNT)))
        listed = good(await self.client.get("/people"))["items"]
        self.persons = [UUID(person["person_id"]) for person in listed]
        pools = []
        for name, term, seats in zip(("block", "warn"), (TERM, OTHER_TERM), bought, strict=True):
            dates = body_of(term_starts_on=term[0], term_ends_on=term[1])
            path = await pool(self.client, name=name, overallocation=name, seats=seats, **dates)
            pool_id = UUID(path.rpartition("/")[2])
            pools.append(Pool(pool_id, term, name == "block", [(term[0], seats)]))
        self.oracle = Oracle(TODAY, pools, dict.fromkeys(self.persons))

    def teardown(self) -> None:
        if hasattr(self, "council"):
            self.runner.run(self.council.close())

    # What a client does.

    @rule(where=POOLS, who=PERSONS, start=MAYBE_DAYS, length=LENGTHS, queue=MOSTLY)
    def allocate(
        self, where: int, who: int, start: date | None, length: int | None, queue: bool
    ) -> None:
        chosen, person = self.oracle.pools[where], self.persons[who]
        day = start or self.oracle.today
        end = after(day, length)
        verdict = self.oracle.verdict(chosen, person, day, end)
        priority = who % 3
        body = body_of(
            person_id=str(person), allocated_on=start, released_on=end, priority=priority
        )
        params = {"queue": "true"} if queue else {}
        answer = self.send("POST", f"{chosen.path}/allocations", json=body, params=params)
        if verdict == "given":
            seat = self.oracle.give(chosen, person, day, end)
            shown = good(answer, 201)
            assert shown["deficit"] == chosen.deficit()
            seat.id = UUID(shown["allocation_id"])
        elif verdict == "pool_exhausted" and queue:
            wait = self.oracle.enter(chosen, person, priority, day)
            self._is_placed(chosen, wait, good(answer, 202))
        else:
            self.refused(answer, "already_allocated" if verdict == "recorded" else verdict)

    @rule(
        where=POOLS,
        rows=ROWS,
        again=st.booleans(),
        queue=MOSTLY,
        mode=st.sampled_from(["partial", "partial", "atomic"]),
        dry_run=st.sampled_from([False, False, True]),
    )
    def allocate_many(
        self, where: int, rows: list[Any], again: bool, queue: bool, mode: str, dry_run: bool
    ) -> None:
        chosen = self.oracle.pools[where]
        rows = [
            (who, start, after(start or self.oracle.today, length))
            for who, start, length in ([*rows, rows[0]] if again else rows)
        ]
        items = [
            body_of(person_external_id=f"E{who}", allocated_on=start, released_on=end, priority=who)
            for who, start, end in rows
        ]
        params = {"queue": queue, "mode": mode, "dry_run": dry_run}
        answer = self.send(
            "POST", f"{chosen.path}/allocations/bulk", json={"items": items}, params=params
        )
        before = self._snapshot()
        results = [self._row(chosen, queue, *row) for row in rows]
        rejected = sum(result not in {"allocated", "waiting", "duplicate"} for result in results)
        refuses = mode == "atomic" and rejected > 0
        shown = problem(answer, 422, "rows_rejected") if refuses else good(answer)
        assert [row["code"] or row["result"] for row in shown["results"]] == results
        assert (shown["rejected"], shown["deficit"]) == (rejected, chosen.deficit())
        if dry_run or refuses:
            self._restore(before)
            self.unchanged = True

    def _row(self, where: Pool, queue: bool, who: int, start: date | None, end: date | None) -> str:
        person, day = self.persons[who], start or self.oracle.today
        verdict = self.oracle.verdict(where, person, day, end)
        if verdict == "given":
            self.oracle.give(where, person, day, end)
            return "allocated"
        if verdict == "recorded":
            return "duplicate"
        if verdict != "pool_exhausted":
            return verdict
        if any(wait.person == person for wait in where.queue()):
            return "duplicate"
        if not queue:
            return verdict
        self.oracle.enter(where, person, who, day)
        return "waiting"

    def _snapshot(self) -> Any:
        return [
            (list(each.seats), list(each.waits), [wait.ended_on for wait in each.waits])
            for each in self.oracle.pools
        ]

    def _restore(self, before: Any) -> None:
        for each, (seats, waits, ends) in zip(self.oracle.pools, before, strict=True):
            each.seats, each.waits = seats, waits
            for wait, ended_on in zip(waits, ends, strict=True):
                wait.ended_on = ended_on

    def _any_seat(self) -> bool:
        return any(each.seats for each in self.oracle.pools)

    def _seat(self, number: int, *, held: bool) -> tuple[Pool, Seat]:
        """Any seat; of those that are held, where there are any, if so asked."""
        seats = [(each, seat) for each in self.oracle.pools for seat in each.seats]
        ends = [(each, seat) for each, seat in seats if seat.end is None]
        some = ends if held and ends else seats
        return some[number % len(some)]

    @precondition(_any_seat)
    @rule(
        number=SOME,
        held=MOSTLY,
        length=st.one_of(st.none(), LENGTHS),
        reason=st.sampled_from([None, "moved"]),
    )
    def release(self, number: int, held: bool, length: int | None, reason: str | None) -> None:
        where, seat = self._seat(number, held=held)
        end = after(seat.start, length)
        path = f"{where.path}/allocations/{seat.id}/release"
        answer = self.send("POST", path, json=body_of(released_on=end, reason=reason))
        until = end or min(max(self.oracle.today, seat.start), where.term[1])
        if seat.end is not None:
            self.refused(answer, "already_released")
        elif until < seat.start:
            self.refused(answer, "dates_out_of_order")
        elif until > where.term[1]:
            self.refused(answer, "outside_term")
        else:
            seat.end = until
            self._are_handed_on(good(answer), self.oracle.hand_on(where, until))

    @precondition(_any_seat)
    @rule(
        number=SOME,
        held=st.booleans(),
        shift=st.one_of(st.none(), SHIFTS),
        length=st.one_of(st.just("open"), st.just("open"), LENGTHS),
    )
    def correct(self, number: int, held: bool, shift: int | None, length: int | str | None) -> None:
        where, seat = self._seat(number, held=held)
        start = after(seat.start, shift)
        end = length if isinstance(length, str) else after(start or seat.start, length)
        body = body_of(reason="wrong", allocated_on=start, released_on=end)
        first, until = start or seat.start, seat.end if end is None else end
        if end == "open":
            body["released_on"] = until = None
        assert not isinstance(until, str)
        answer = self.send("PATCH", f"{where.path}/allocations/{seat.id}", json=body)
        code = self.oracle.correction(where, seat, first, until)
        if code is not None:
            self.refused(answer, code)
            return
        before = seat.start, seat.end
        seat.start, seat.end = first, until
        # From the days on that it freed: before it begins now, and after it ends now.
        given = self.oracle.hand_on(where, before[0]) if first > before[0] else []
        if until is not None and (before[1] is None or until < before[1]):
            given += self.oracle.hand_on(where, until)
        self._are_handed_on(good(answer), given)

    @rule(where=POOLS, day=DAYS, seats=SEATS)
    def change_capacity(self, where: int, day: date, seats: int) -> None:
        chosen = self.oracle.pools[where]
        body = body_of(effective_on=day, seats=seats)
        answer = self.send("POST", f"{chosen.path}/capacity-changes", json=body)
        if not chosen.term[0] <= day < chosen.term[1]:
            self.refused(answer, "outside_term")
            return
        chosen.bought.append((day, seats))
        if chosen.blocks and chosen.missing():
            first, worst = chosen.missing()[0][0], chosen.deficit()
            chosen.bought.pop()
            self.refused(answer, "capacity_below_allocated")
            assert (answer.json()["deficit_from"], answer.json()["deficit"]) == (str(first), worst)
            return
        given = self.oracle.hand_on(chosen, day)
        missing = chosen.missing()
        shown = good(answer, 201)
        assert shown["handed_on"] == len(given)
        assert shown["deficit"] == chosen.deficit()
        assert shown["deficit_from"] == (str(missing[0][0]) if missing else None)

    @rule(where=POOLS, who=PERSONS, day=MAYBE_DAYS)
    def wait(self, where: int, who: int, day: date | None) -> None:
        chosen, person = self.oracle.pools[where], self.persons[who]
        requested_on, priority = day or self.oracle.today, who % 3
        body = body_of(person_id=str(person), requested_on=day, priority=priority)
        answer = self.send("POST", f"{chosen.path}/waiting-list", json=body)
        if requested_on >= chosen.term[1]:
            self.refused(answer, "outside_term")
        elif self.oracle.has_left(person, requested_on):
            self.refused(answer, "person_has_left")
        elif any(known.person == person for known in chosen.queue()):
            self.refused(answer, "already_waiting")
        elif self.oracle.overlaps(person, requested_on, requested_on + DAY):
            self.refused(answer, "already_allocated")
        else:
            entry = self.oracle.enter(chosen, person, priority, requested_on)
            self._is_placed(chosen, entry, good(answer, 201))

    @precondition(lambda self: any(w.id for each in self.oracle.pools for w in each.waits))
    @rule(number=SOME)
    def withdraw(self, number: int) -> None:
        known = [(each, w) for each in self.oracle.pools for w in each.waits if w.id]
        where, entry = known[number % len(known)]
        answer = self.send("POST", f"{where.path}/waiting-list/{entry.id}/withdraw")
        if entry.ended_on is not None:
            self.refused(answer, "not_waiting")
        else:
            good(answer)
            entry.ended_on = max(self.oracle.today, entry.requested_on)

    @rule(who=PERSONS, day=MAYBE_DAYS, run=MOSTLY)
    def leave(self, who: int, day: date | None, run: bool) -> None:
        """Somebody leaves, or it turns out that they have not; and as a rule the job runs."""
        person = self.persons[who]
        self.oracle.left[person] = day
        body = {"left_on": day.isoformat() if day else None}
        good(self.send("PATCH", f"/people/{person}", json=body))
        if run:
            self.run_the_job()

    @rule(nights=st.integers(1, 3))
    def pass_time(self, nights: int) -> None:
        self.clock.shift(nights * DAY)
        self.oracle.today += nights * DAY
        self.run_the_job()

    def run_the_job(self) -> None:
        self.clock.shift(SECOND)
        owner, slot = self.council.organisation.organisation_id, datetime.now(UTC)
        job = JOBS["seats_of_leavers"]
        report = self.runner.run(run_slot(self.council.database, job, owner, slot))
        assert report.status is RunStatus.SUCCEEDED
        self.oracle.leavers()

    def _is_placed(self, where: Pool, wait: Wait, shown: dict[str, Any]) -> None:
        assert shown["person_id"] == str(wait.person)
        assert shown["place"] == 1 + where.queue().index(wait)
        assert wait.id in {None, UUID(shown["waiting_id"])}
        wait.id = UUID(shown["waiting_id"])

    @staticmethod
    def _are_handed_on(shown: dict[str, Any], given: list[Seat]) -> None:
        told = {(s["person_id"], s["allocated_on"], s["released_on"]) for s in shown["handed_on"]}
        assert told == {seat.shown for seat in given}
        assert len(shown["handed_on"]) == len(given)

    # What must hold, whatever was done.

    def _standings(self, **params: Any) -> list[dict[str, int]]:
        shown = {item["pool_id"]: item for item in self.read("/licence-pools", **params)["items"]}
        return [{name: shown[str(each.id)][name] for name in NUMBERS} for each in self.oracle.pools]

    def _ledgers(self, **params: Any) -> list[list[dict[str, Any]]]:
        return [
            self.read(f"{each.path}/allocations", limit=200, **params)["items"]
            for each in self.oracle.pools
        ]

    @invariant()
    def the_ledgers_are_those_of_the_oracle(self) -> None:
        if not hasattr(self, "oracle"):
            return
        seats, events, changes = self.runner.run(self._recorded())
        for where in self.oracle.pools:
            own = {row.id: row for row in seats if row.pool_id == where.id}
            where.learn(
                {i: (row.person_id, row.allocated_on, row.released_on) for i, row in own.items()}
            )
            ledger = sorted(
                (row for row in [*events, *changes] if row.pool_id == where.id),
                key=lambda row: row.sequence,
            )
            assert [row.sequence for row in ledger] == list(range(1, len(ledger) + 1))
            folded = {
                row.allocation_id: (row.allocated_on, row.released_on)
                for row in ledger
                if isinstance(row, SeatEvent)
            }
            assert folded == {i: (row.allocated_on, row.released_on) for i, row in own.items()}
            bought = [
                (row.effective_on, row.seats) for row in ledger if isinstance(row, CapacityChange)
            ]
            assert bought == where.bought
        assert self.oracle.pools[0].missing() == []
        assert not self.oracle.has_two_at_once()
        written = len(events) + len(changes)
        assert not self.unchanged or written == self.written
        self.written, self.unchanged = written, False

    async def _recorded(self) -> list[list[Any]]:
        owner = self.council.organisation.organisation_id
        async with self.council.database.transaction(read_only=True) as session:
            return [
                list((await session.exec(select(t).where(col(t.organisation_id) == owner))).all())
                for t in (SeatAllocation, SeatEvent, CapacityChange)
            ]

    @invariant()
    def what_is_shown_is_what_the_oracle_says(self) -> None:
        """The pools and the ledgers, on any day; and what was answered once is answered again."""
        self.steps += 1
        if self.steps % LOOKS_EVERY or not hasattr(self, "oracle"):
            return
        # In the very instant of the last write: what was recorded by then is known then.
        day = TODAY + (self.steps * 5 % 23 - 6) * DAY
        note = Note(datetime.now(UTC), day, self._standings(as_of=day), self._ledgers())
        assert note.standings == [each.standing(day) for each in self.oracle.pools]
        for each, ledger in zip(self.oracle.pools, note.ledgers, strict=True):
            shown = [(s["person_id"], s["allocated_on"], s["released_on"]) for s in ledger]
            assert sorted(shown, key=str) == sorted((s.shown for s in each.seats), key=str)
        self.notes.append(note)
        self._look_back(self.notes[len(self.notes) // 3])

    def _look_back(self, note: Note) -> None:
        then = note.instant.isoformat()
        assert self._standings(as_of=note.as_of, known_at=then) == note.standings
        assert self._ledgers(known_at=then) == note.ledgers
        assert self._ledgers(as_of=note.as_of, known_at=then) == self._on_the_day(note)

    def _on_the_day(self, note: Note) -> list[list[dict[str, Any]]]:
        """The seats of a note that are held on its day."""
        day = note.as_of.isoformat()
        return [
            [
                seat
                for seat in ledger
                if note.as_of in each.days
                and seat["allocated_on"] <= day
                and (seat["released_on"] is None or day < seat["released_on"])
            ]
            for each, ledger in zip(self.oracle.pools, note.ledgers, strict=True)
        ]


@contextmanager
def running(url: str) -> Iterator[tuple[asyncio.Runner, FastAPI]]:
    """The application in this process, and what runs it."""
    with asyncio.Runner() as runner:
        app = create_app(settings_for(url))
        lifespan = app.router.lifespan_context(app)
        runner.run(lifespan.__aenter__())
        try:
            yield runner, app
        finally:
            runner.run(lifespan.__aexit__(None, None, None))


def test_any_sequence_of_writes_leaves_what_a_plain_count_says(
    database_kind: str, templates: Templates
) -> None:
    names = (f"Council {number}" for number in count())
    with (
        fresh_database(templates, database_kind) as url,
        running(url) as (runner, app),
        time_machine.travel(START, tick=False) as clock,
    ):
        run_state_machine_as_test(
            lambda: Ledgers(runner, app, clock, next(names)),
            settings=settings(
                max_examples=12,
                stateful_step_count=25,
                deadline=None,
                derandomize=True,
                suppress_health_check=[HealthCheck.too_slow],
                # A failure is told in 25 steps at most; to find fewer would take minutes.
                phases=[Phase.generate],
            ),
        )
