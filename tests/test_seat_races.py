"""Seats under a race: many clients on two processes, and a ledger that holds whoever came when."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import httpx
from sqlmodel import SQLModel, select

from app.licences.allocations.models import SeatAllocation, SeatEvent, SeatEventKind, SeatSource
from app.licences.pools.models import CapacityChange, LicencePool
from app.licences.waiting_list.models import WaitingEntry
from tests.council import API, Council, good, people, problem
from tests.licences import NUMBERS, numbers_of, pool
from tests.server import serving

KEY, REPLAYED = "Idempotency-Key", "idempotency-replayed"
Clients = list[list[httpx.AsyncClient]]
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Size:
    """How large a race is; `seats` are those of the pool that everybody wants, `fewest` its smallest size."""

    clients: int
    people: int
    seats: int
    fewest: int
    other_seats: int
    both: int
    alone: int
    rows: int
    releases: int
    resizes: int


SIZES = {
    "postgresql": Size(16, 1000, 300, 250, 60, both=4, alone=14, rows=26, releases=8, resizes=5),
    "sqlite": Size(6, 60, 20, 15, 6, both=2, alone=4, rows=6, releases=4, resizes=4),
}


@dataclass
class Answers:
    """What the clients were told."""

    given: dict[UUID, tuple[UUID, str]] = field(default_factory=dict)  # seat: pool and person
    released: set[UUID] = field(default_factory=set)
    handed_on: set[UUID] = field(default_factory=set)
    handed_on_by_resizes: int = 0
    resized: dict[UUID, int] = field(default_factory=dict)
    queued: dict[UUID, tuple[UUID, str]] = field(default_factory=dict)  # entry: pool and person
    queued_in_bulk: Counter[tuple[UUID, str]] = field(default_factory=Counter)
    # What each request for a seat was answered; its reason is its name in the ledger.
    outcomes: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    # Who was refused because they hold a seat, and the request that was.
    holders: list[tuple[str, str]] = field(default_factory=list)
    to_release: list[tuple[UUID, UUID]] = field(default_factory=list)

    def seat(self, pool_id: UUID, person_id: str, seat_id: UUID) -> None:
        # Twice only for a request that was sent twice with one key.
        assert self.given.setdefault(seat_id, (pool_id, person_id)) == (pool_id, person_id)
        if (pool_id, seat_id) not in self.to_release and seat_id not in self.released:
            self.to_release.append((pool_id, seat_id))


@dataclass
class Racer:
    """One client: what it does follows from its number alone, when it does it from the race."""

    number: int
    size: Size
    pools: tuple[UUID, UUID]
    persons: dict[str, str]  # HR number: id
    today: date
    clients: list[httpx.AsyncClient]  # one to each process
    told: Answers
    chance: Random = field(init=False)
    sent: int = 0

    def __post_init__(self) -> None:
        self.chance = Random(self.number)  # noqa: S311 - no secret: the same race every time

    async def run(self) -> None:
        size, chance = self.size, self.chance
        everybody = list(self.persons)
        own = everybody[self.number :: size.clients]
        chance.shuffle(own)
        both, alone, many = own[: size.both], own[size.both :][: size.alone], size.both + size.alone
        # First of all, while there are seats in either pool.
        for person in both:
            await self.ask_in_both(person)
        steps = [self.ask(person) for person in alone]
        for start in range(many, len(own), size.rows - 2):
            strangers = chance.sample(everybody, 2)
            steps.append(self.ask_for_many(own[start : start + size.rows - 2] + strangers))
        steps += [self.release() for _ in range(size.releases)]
        steps += [self.resize() for _ in range(size.resizes)]
        chance.shuffle(steps)
        for step in steps:
            await step

    async def _post(
        self, path: str, body: Any, *, other: bool = False, key: str | None = None, **params: str
    ) -> httpx.Response:
        """Send a request to one of the processes; again where the database or its key is in use."""
        client = self.clients[(self.number + other) % len(self.clients)]
        headers = {} if key is None else {KEY: key}
        for attempt in range(20):
            answer = await client.post(path, json=body, params=params, headers=headers)
            if answer.status_code != 503 and "idempotency_key_in_progress" not in answer.text:
                break
            await asyncio.sleep(0.05 * attempt)
        assert answer.status_code < 500, answer.text
        return answer

    async def _twice(self, path: str, body: Any, key: str | None, **params: str) -> list[Any]:
        """Send a request twice at once, with one key if any."""
        return await asyncio.gather(
            *(self._post(path, body, other=other, key=key, **params) for other in (False, True))
        )

    def _name(self) -> str:
        self.sent += 1
        return f"request-{self.number}-{self.sent}"

    async def ask(self, number: str) -> None:
        """A seat for one person: once, with a key, or twice at once with a key."""
        pool_id, reason = self.pools[0], self._name()
        path, params = f"/licence-pools/{pool_id}/allocations", self._queued()
        body = {"person_external_id": number, "reason": reason, "priority": self._priority()}
        kind = self.chance.choice(("once", "keyed", "twice"))
        if kind == "twice":
            answers = await self._twice(path, body, reason, **params)
            if all(answer.is_success for answer in answers):
                assert answers[0].content == answers[1].content
                assert answers[0].status_code == answers[1].status_code
                assert [REPLAYED in answer.headers for answer in answers].count(True) == 1
        else:
            key = reason if kind == "keyed" else None
            answers = [await self._post(path, body, key=key, **params)]
        for answer in answers:
            self._note(answer, pool_id, number, reason)

    async def ask_in_both(self, number: str) -> None:
        """A seat for one person in both pools at once; on two days, which no constraint can see."""
        params, names = self._queued(), (self._name(), self._name())
        days = (self.today, self.today - DAY)
        answers = await asyncio.gather(
            *(
                self._post(
                    f"/licence-pools/{pool_id}/allocations",
                    {
                        "person_external_id": number,
                        "reason": reason,
                        "priority": self._priority(),
                        "allocated_on": day.isoformat(),
                    },
                    other=pool_id == self.pools[1],
                    **params,
                )
                for pool_id, reason, day in zip(self.pools, names, days, strict=True)
            )
        )
        assert [answer.status_code for answer in answers] != [201, 201]
        for answer, pool_id, reason in zip(answers, self.pools, names, strict=True):
            self._note(answer, pool_id, number, reason)

    def _priority(self) -> int:
        return self.chance.randint(1, 3)

    def _queued(self) -> dict[str, str]:
        return {"queue": "true"} if self.chance.random() < 0.5 else {}

    def _note(self, answer: httpx.Response, pool_id: UUID, number: str, reason: str) -> None:
        body, told = answer.json(), self.told
        if answer.status_code == 201:
            told.seat(pool_id, body["person_id"], UUID(body["allocation_id"]))
            assert (body["pool_id"], body["reason"]) == (str(pool_id), reason)
        elif answer.status_code == 202:
            told.queued[UUID(body["waiting_id"])] = (pool_id, body["person_id"])
        else:
            assert answer.status_code == 409, answer.text
            assert body["code"] in {"pool_exhausted", "already_allocated"}, body
            if body["code"] == "already_allocated":
                told.holders.append((self.persons[number], reason))
        told.outcomes[reason].append(body.get("code", str(answer.status_code)))

    async def ask_for_many(self, numbers: list[str]) -> None:
        """Seats for many people, some of whom somebody else asks for; now and then twice at once."""
        chance, reason = self.chance, self._name()
        pool_id = self.pools[chance.random() < 0.2]
        params = self._queued()
        path = f"/licence-pools/{pool_id}/allocations/bulk"
        rows = [
            {"person_external_id": number, "reason": f"{reason}-{row}", "priority": row % 3 + 1}
            for row, number in enumerate(numbers)
        ]
        if chance.random() < 0.3:
            answers = await self._twice(path, {"items": rows}, reason, **params)
            assert answers[0].content == answers[1].content
        else:
            answers = [await self._post(path, {"items": rows}, **params)]
        body = good(answers[0])
        assert [result["index"] for result in body["results"]] == list(range(len(rows)))
        for result in body["results"]:
            person_id = result["person_id"]
            assert person_id == self.persons[numbers[result["index"]]]
            if result["result"] == "allocated":
                self.told.seat(pool_id, person_id, UUID(result["allocation_id"]))
            if result["result"] == "waiting":
                self.told.queued_in_bulk[pool_id, person_id] += 1
            name = f"{reason}-{result['index']}"
            if result["code"] == "already_allocated":
                self.told.holders.append((person_id, name))
            self.told.outcomes[name].append(result["code"] or result["result"])

    async def release(self) -> None:
        """End a seat that anybody was given so far; now and then twice at once, and one alone does."""
        held = self.told.to_release
        if not held:
            return
        pool_id, seat_id = held.pop(self.chance.randrange(len(held)))
        path = f"/licence-pools/{pool_id}/allocations/{seat_id}/release"
        if self.chance.random() < 0.3:
            done, other = sorted(await self._twice(path, {}, None), key=lambda a: a.status_code)
            problem(other, 409, "already_released")
        else:
            done = await self._post(path, {})
        body = good(done)
        self.told.released.add(seat_id)
        for seat in body["handed_on"]:
            self.told.handed_on.add(UUID(seat["allocation_id"]))
            self.told.seat(pool_id, seat["person_id"], UUID(seat["allocation_id"]))

    async def resize(self) -> None:
        """Buy seats, or give some up; that is refused while too many are held."""
        size = self.size
        wanted = self.chance.choice((size.seats, self.chance.randint(size.fewest, size.seats)))
        body = {"effective_on": self.today.isoformat(), "seats": wanted}
        answer = await self._post(f"/licence-pools/{self.pools[0]}/capacity-changes", body)
        if answer.status_code == 409:
            problem(answer, 409, "capacity_below_allocated")
            self.told.outcomes["resize"].append("refused")
            return
        changed = good(answer, 201)
        self.told.resized[UUID(changed["capacity_change_id"])] = wanted
        self.told.handed_on_by_resizes += changed["handed_on"]
        self.told.outcomes["resize"].append("done")


@dataclass
class Recorded:
    """What stands in the tables of the product."""

    pools: dict[UUID, LicencePool]
    seats: dict[UUID, SeatAllocation]
    events: list[SeatEvent]
    changes: list[CapacityChange]
    waits: dict[UUID, WaitingEntry]

    def entries(self, pool_id: UUID) -> list[SeatEvent | CapacityChange]:
        """A pool's ledger in its order."""
        both = [*self.events, *self.changes]
        return sorted((e for e in both if e.pool_id == pool_id), key=lambda entry: entry.sequence)


async def recorded(council: Council) -> Recorded:
    async with council.database.transaction(read_only=True) as session:

        async def rows(table: type[SQLModel]) -> list[Any]:
            return list((await session.exec(select(table))).all())

        return Recorded(
            {row.id: row for row in await rows(LicencePool)},
            {row.id: row for row in await rows(SeatAllocation)},
            await rows(SeatEvent),
            await rows(CapacityChange),
            {row.id: row for row in await rows(WaitingEntry)},
        )


Interval = tuple[date, date]


def days_of(entry: SeatEvent | SeatAllocation, ends_on: date) -> Interval:
    return entry.allocated_on, entry.released_on or ends_on


def holds(interval: Interval, day: date) -> bool:
    return interval[0] <= day < interval[1]


def held_on_each_day(found: Recorded, pool_id: UUID) -> dict[date, tuple[int, int]]:
    """(purchased, held) by day after the last entry; after no entry are more held than purchased."""
    pool, entries = found.pools[pool_id], found.entries(pool_id)
    assert [e.sequence for e in entries] == list(range(1, pool.ledger_length + 1))
    instants = [e.recorded_at for e in entries]
    assert instants == sorted(instants)
    # Between two of the days on which anything begins or ends every day is alike.
    days = {e.effective_on for e in entries if isinstance(e, CapacityChange)}
    days |= {e.allocated_on for e in entries if isinstance(e, SeatEvent)}
    days |= {e.released_on for e in entries if isinstance(e, SeatEvent) and e.released_on}
    purchased: dict[date, int] = {}
    seats: dict[UUID, Interval] = {}
    held: Counter[date] = Counter()
    standing = {}
    for entry in entries:
        if isinstance(entry, CapacityChange):
            purchased[entry.effective_on] = entry.seats
        else:
            assert (entry.kind is SeatEventKind.ALLOCATED) == (entry.allocation_id not in seats)
            before = seats.get(entry.allocation_id)
            seats[entry.allocation_id] = days_of(entry, pool.term_ends_on)
            if before is not None:
                held.subtract(day for day in days if holds(before, day))
            held.update(day for day in days if holds(seats[entry.allocation_id], day))
        for day in days:
            bought = purchased[max(since for since in purchased if since <= day)]
            assert held[day] <= bought, f"{held[day]} of {bought} seats on {day} after {entry!r}"
            standing[day] = (bought, held[day])
    return standing


def check_that_nobody_ever_had_two(found: Recorded) -> None:
    """Whoever writes holds all pools of the product, so the instants are one order over both."""
    own: dict[UUID, dict[UUID, Interval]] = defaultdict(dict)
    for event in sorted(found.events, key=lambda e: (e.recorded_at, e.sequence)):
        person_id = found.seats[event.allocation_id].person_id
        ends_on = found.pools[event.pool_id].term_ends_on
        own[person_id][event.allocation_id] = days_of(event, ends_on)
        held = sorted(days for days in own[person_id].values() if days[0] < days[1])
        for first, second in pairwise(held):
            assert first[1] <= second[0], f"two seats at once after {event!r}"


def check_that_the_events_make_the_seats(found: Recorded) -> None:
    folded = {
        event.allocation_id: (event.pool_id, event.allocated_on, event.released_on)
        for event in sorted(found.events, key=lambda e: e.sequence)
    }
    rows = {
        seat.id: (seat.pool_id, seat.allocated_on, seat.released_on)
        for seat in found.seats.values()
    }
    assert folded == rows


def check_that_nothing_told_is_lost_and_nothing_else_is_there(
    found: Recorded, told: Answers
) -> None:
    seats = {s.id: (s.pool_id, str(s.person_id)) for s in found.seats.values()}
    assert told.given.items() <= seats.items()
    # What a change of capacity hands on is told as a number alone.
    untold = [found.seats[seat_id] for seat_id in seats.keys() - told.given.keys()]
    assert {seat.source for seat in untold} <= {SeatSource.WAITING_LIST}
    assert len(untold) == told.handed_on_by_resizes
    sources = {seat_id: found.seats[seat_id].source for seat_id in told.handed_on}
    assert set(sources.values()) <= {SeatSource.WAITING_LIST}
    made = Counter(seat.reason for seat in found.seats.values() if seat.reason is not None)
    for reason, outcomes in told.outcomes.items():
        assert made[reason] == bool({"201", "allocated"} & set(outcomes)), (reason, outcomes)
    for person_id, reason in told.holders:
        own = [s for s in found.seats.values() if str(s.person_id) == person_id]
        assert any(seat.reason != reason for seat in own), f"{reason} stood in its own way"
    releases = [e.allocation_id for e in found.events if e.kind is SeatEventKind.RELEASED]
    assert Counter(releases) == Counter(told.released)
    first = {change.id for change in found.changes if change.sequence == 1}
    changes = {change.id: change.seats for change in found.changes if change.id not in first}
    assert changes == told.resized
    waits = {entry.id: (entry.pool_id, str(entry.person_id)) for entry in found.waits.values()}
    assert told.queued.items() <= waits.items()
    assert told.queued_in_bulk <= Counter(waits.values())
    others = Counter(waits[entry_id] for entry_id in waits.keys() - told.queued.keys())
    assert others <= told.queued_in_bulk


def check_that_whoever_was_served_was_next(found: Recorded) -> int:
    """Nobody who waited when a seat was handed on came before its receiver. Returns how many were."""
    given_at = {
        e.allocation_id: e.recorded_at for e in found.events if e.kind is SeatEventKind.ALLOCATED
    }
    # A seat ends the wait in the other pool as well.
    served = {(entry.allocation_id, entry.pool_id): entry for entry in found.waits.values()}
    handed_on = [s for s in found.seats.values() if s.source is SeatSource.WAITING_LIST]
    for seat in handed_on:
        receiver, instant = served[seat.id, seat.pool_id], given_at[seat.id]
        assert receiver.person_id == seat.person_id
        for other in found.waits.values():
            until = given_at[other.allocation_id] if other.allocation_id else None
            if (
                other.pool_id == seat.pool_id
                and other.created_at < instant
                and (until is None or until > instant)
            ):
                assert order(receiver) < order(other)
    return len(handed_on)


def order(entry: WaitingEntry) -> tuple[int, date, int]:
    return entry.priority, entry.requested_on, entry.position


@asynccontextmanager
async def racing(kind: str, database_url: str, folder: Path, key: str) -> AsyncIterator[Clients]:
    """Clients of every racer, to each of the processes that serve the database: of SQLite there is one."""
    names = ["first"] if kind == "sqlite" else ["first", "second"]
    headers = {"Authorization": f"Bearer {key}"}
    with ExitStack() as servers:
        started = [
            asyncio.to_thread(servers.enter_context, serving(database_url, folder / name))
            for name in names
        ]
        urls = [server.base_url + API for server in await asyncio.gather(*started)]
        async with AsyncExitStack() as stack:
            yield [
                [
                    await stack.enter_async_context(
                        httpx.AsyncClient(base_url=url, headers=headers, timeout=120)
                    )
                    for url in urls
                ]
                for _ in range(SIZES[kind].clients)
            ]


def check_what_a_pool_shows(found: Recorded, shown: dict[str, Any]) -> None:
    pool_id, day = UUID(shown["pool_id"]), date.fromisoformat(shown["as_of"])
    standing = held_on_each_day(found, pool_id)
    bought, folded = standing[max(since for since in standing if since <= day)]
    seats = [seat for seat in found.seats.values() if seat.pool_id == pool_id]
    held = sum(holds(days_of(seat, date.max), day) for seat in seats)
    waits = [entry for entry in found.waits.values() if entry.pool_id == pool_id]
    waiting = sum(entry.ended_on is None for entry in waits)
    assert tuple(shown[name] for name in NUMBERS) == (bought, held, bought - held, 0, waiting)
    assert held == folded


async def test_a_race_for_seats_gives_each_once_and_forgets_nothing(
    database_kind: str, database_url: str, council: Council, tmp_path: Path
) -> None:
    size, told, admin = SIZES[database_kind], Answers(), await council.admin()
    await people(admin, *(f"E{number:04}" for number in range(size.people)))
    persons = {number: person_id for person_id, number in (await numbers_of(admin)).items()}
    now = datetime.now(UTC).date()
    term = {"term_starts_on": str(now - 30 * DAY), "term_ends_on": str(now + 300 * DAY)}
    paths = [
        await pool(admin, name="First", seats=size.seats, **term),
        await pool(admin, name="Second", seats=size.other_seats, **term),
    ]
    today = date.fromisoformat(good(await admin.get(paths[0]))["as_of"])
    first, second = (UUID(path.rpartition("/")[2]) for path in paths)
    async with racing(database_kind, database_url, tmp_path, await council.key()) as clients:
        racers = [
            Racer(number, size, (first, second), persons, today, own, told)
            for number, own in enumerate(clients)
        ]
        await asyncio.gather(*(racer.run() for racer in racers))
    found = await recorded(council)
    for path in paths:
        check_what_a_pool_shows(found, good(await admin.get(path)))
    check_that_nobody_ever_had_two(found)
    check_that_the_events_make_the_seats(found)
    check_that_nothing_told_is_lost_and_nothing_else_is_there(found, told)
    assert check_that_whoever_was_served_was_next(found)
    # A race in which nobody was refused or queued proves little.
    seen = {outcome for outcomes in told.outcomes.values() for outcome in outcomes}
    assert seen >= {"201", "202", "allocated", "waiting", "pool_exhausted", "done", "refused"}
