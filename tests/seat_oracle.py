"""Two pools of a product counted plainly, one day after the other: what the service is held against."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from itertools import count
from uuid import UUID

from tests.licences import NUMBERS

DAY = timedelta(days=1)


@dataclass
class Seat:
    """A seat as the plain count keeps it; whoever hears of it first learns its id."""

    person: UUID
    start: date
    end: date | None
    id: UUID | None = None

    def has(self, day: date, ends_on: date) -> bool:
        return self.start <= day < (self.end or ends_on)

    @property
    def row(self) -> tuple[UUID, date, date | None]:
        return self.person, self.start, self.end

    @property
    def shown(self) -> tuple[str, str, str | None]:
        return str(self.person), self.start.isoformat(), self.end.isoformat() if self.end else None


@dataclass
class Wait:
    """A place on a waiting list."""

    person: UUID
    order: tuple[int, date, int]
    id: UUID | None = None
    ended_on: date | None = None

    @property
    def requested_on(self) -> date:
        return self.order[1]


@dataclass
class Pool:
    """A pool as the plain count keeps it: no arrays, no locks, one day after the other."""

    id: UUID
    term: tuple[date, date]
    blocks: bool
    bought: list[tuple[date, int]]
    seats: list[Seat] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)

    @property
    def path(self) -> str:
        return f"/licence-pools/{self.id}"

    @cached_property
    def days(self) -> list[date]:
        return days(*self.term)

    def learn(self, rows: Mapping[UUID, tuple[UUID, date, date | None]]) -> None:
        """Hold the seats against (person, first day, end) as recorded; new ones learn their ids."""
        ours = {seat.id for seat in self.seats}
        fresh = {seat_id: row for seat_id, row in rows.items() if seat_id not in ours}
        for seat in self.seats:
            if seat.id is None:
                seat.id = next((i for i, row in fresh.items() if row == seat.row), None)
                assert seat.id is not None, f"{seat} is not recorded"
                del fresh[seat.id]
        assert {seat.id: seat.row for seat in self.seats} == rows

    def purchased(self, day: date) -> int:
        if day not in self.days:
            return 0
        # Of those in force the one with the latest day; of two for a day the later recorded.
        in_force = [(since, place) for place, (since, _) in enumerate(self.bought) if since <= day]
        return self.bought[max(in_force)[1]][1]

    def allocated(self, day: date) -> int:
        return sum(s.has(day, self.term[1]) for s in self.seats) if day in self.days else 0

    def free(self, day: date) -> int:
        return self.purchased(day) - self.allocated(day)

    def missing(self) -> list[tuple[date, int]]:
        """Days with too few seats, and how many are missing."""
        return [(day, -self.free(day)) for day in self.days if self.free(day) < 0]

    def deficit(self) -> int:
        return max((seats for _, seats in self.missing()), default=0)

    def room(self, start: date, end: date) -> bool:
        return all(self.free(day) >= 1 for day in days(start, end))

    def queue(self) -> list[Wait]:
        return sorted((w for w in self.waits if w.ended_on is None), key=lambda w: w.order)

    def waiting(self, day: date) -> int:
        return sum(
            w.requested_on <= day and (w.ended_on is None or w.ended_on > day) for w in self.waits
        )

    def standing(self, day: date) -> dict[str, int]:
        free = self.free(day)
        values = (self.purchased(day), self.allocated(day), max(0, free), max(0, -free))
        return dict(zip(NUMBERS, (*values, self.waiting(day)), strict=True))


def days(start: date, end: date) -> list[date]:
    return [start + n * DAY for n in range(max(0, (end - start).days))]


@dataclass
class Oracle:
    """What must be so, counted plainly."""

    today: date
    pools: list[Pool]
    left: dict[UUID, date | None]
    positions: Iterator[int] = field(default_factory=count)

    def overlaps(self, person: UUID, start: date, end: date, but_for: Seat | None = None) -> bool:
        return any(
            seat.has(day, each.term[1])
            for each in self.pools
            for seat in each.seats
            if seat.person == person and seat is not but_for
            for day in days(start, end)
        )

    def has_two_at_once(self) -> bool:
        """Whether anybody holds two seats on a day."""
        held = [
            (seat.person, day)
            for each in self.pools
            for seat in each.seats
            for day in days(seat.start, seat.end or each.term[1])
        ]
        return len(held) != len(set(held))

    def has_left(self, person: UUID, day: date) -> bool:
        left = self.left[person]
        return left is not None and left <= day

    def verdict(self, where: Pool, person: UUID, start: date, end: date | None) -> str:
        """What a request for a seat comes to: given, or why not."""
        if end is not None and end <= start:
            return "dates_out_of_order"
        if not where.term[0] <= start < where.term[1] or (end or start) > where.term[1]:
            return "outside_term"
        if self.has_left(person, start):
            return "person_has_left"
        for seat in where.seats:
            like = (seat.start, seat.end) == (start, end)
            if seat.person == person and (like or (not end and seat.has(start, where.term[1]))):
                return "recorded"
        until = end or where.term[1]
        if self.overlaps(person, start, until):
            return "already_allocated"
        return "pool_exhausted" if where.blocks and not where.room(start, until) else "given"

    def correction(self, where: Pool, seat: Seat, start: date, end: date | None) -> str | None:
        """Why the dates of a seat may not be these, if so."""
        starts_on, ends_on = where.term
        until = end or ends_on
        if end is not None and end < start:
            return "dates_out_of_order"
        if not starts_on <= start < ends_on or until > ends_on:
            return "outside_term"
        if self.overlaps(seat.person, start, until, but_for=seat):
            return "already_allocated"
        others = [other for other in where.seats if other is not seat]
        rest = Pool(where.id, where.term, where.blocks, where.bought, others)
        return None if not where.blocks or rest.room(start, until) else "pool_exhausted"

    def give(self, where: Pool, person: UUID, start: date, end: date | None = None) -> Seat:
        """Give a seat; unless it is one of days gone by, its holder waits for none of the product."""
        seat = Seat(person, start, end)
        where.seats.append(seat)
        if end is not None and end <= max(start, self.today):
            return seat
        for each in self.pools:
            for wait in each.queue():
                if wait.person == person:
                    wait.ended_on = max(start, wait.requested_on)
        return seat

    def enter(self, where: Pool, person: UUID, priority: int, requested_on: date) -> Wait:
        """A place on the list: the one that the person has, or a new one."""
        for known in where.queue():
            if known.person == person:
                return known
        wait = Wait(person, (priority, requested_on, next(self.positions)))
        where.waits.append(wait)
        return wait

    def hand_on(self, where: Pool, from_day: date) -> list[Seat]:
        """Seats free from a day to the end of the term go to who waits, one after the other."""
        day, ends_on = max(from_day, where.term[0], self.today), where.term[1]
        given = []
        for wait in where.queue() if day < ends_on else []:
            if not where.room(day, ends_on):
                break
            person = wait.person
            if (
                wait.requested_on <= day
                and not self.has_left(person, day)
                and not self.overlaps(person, day, ends_on)
            ):
                given.append(self.give(where, person, day))
        return given

    def leavers(self) -> None:
        """The job: who has left by today waits no longer and holds no seat from then on."""
        gone = {person for person in self.left if self.has_left(person, self.today)}
        held = {where.id: [s for s in where.seats if s.person in gone] for where in self.pools}
        for where in sorted(self.pools, key=lambda each: each.id):
            for wait in where.queue():
                if wait.person in gone:
                    wait.ended_on = max(self._left_on(wait.person), wait.requested_on)
            for seat in sorted(held[where.id], key=lambda each: each.id or UUID(int=0)):
                end = max(self._left_on(seat.person), seat.start)
                if seat.end is None or seat.end > end:
                    seat.end = end
                    self.hand_on(where, end)

    def _left_on(self, person: UUID) -> date:
        return self.left[person] or date.max
