"""Giving seats, one after the other, out of a ledger that is held: one request, many at once, or a file.

What is known of the people is read once; each decision then counts for the next.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from app.core.bulk.results import RowError
from app.core.rows import date_problem
from app.licences.allocations import errors, repository
from app.licences.allocations.ledger import Grant, Ledger, in_the_way
from app.licences.allocations.seats import Seat
from app.licences.waiting_list import service as waiting_list
from app.licences.waiting_list.models import WaitingEntry
from app.people import service as people
from app.people.schemas import Employment
from app.people.service import Reference


class Verdict(StrEnum):
    """What becomes of a request for a seat."""

    GIVEN = "given"
    WAITING = "waiting"
    WAITED_ALREADY = "waited_already"
    RECORDED_ALREADY = "recorded_already"
    HOLDS_ANOTHER = "holds_another"
    NO_SEAT = "no_seat"


@dataclass(frozen=True, slots=True)
class Given:
    """A verdict, with the seat's columns or the waiting entry that it led to."""

    verdict: Verdict
    seat: dict[str, Any] | None = None
    entry: WaitingEntry | None = None


@dataclass(slots=True)
class Giving:
    """A ledger that is held, and what is known of the people who are to have its seats."""

    ledger: Ledger
    _people: dict[Reference, Employment]
    _seats: dict[UUID, list[Seat]]
    _waits: dict[UUID, WaitingEntry]
    _position: int
    _given: dict[UUID, tuple[date, UUID]] = field(default_factory=dict)

    @classmethod
    async def to(
        cls, ledger: Ledger, references: Collection[Reference], *, waits: bool = True
    ) -> Self:
        """Prepare for these people; who waits is read only where an answer may depend on it."""
        session, principal = ledger.session, ledger.principal
        named = await people.find_many(session, principal, references)
        ids = {person.person_id for person in named.values()}
        return cls(
            ledger,
            named,
            await repository.seats_of(session, principal, ledger.pool.product, ids),
            await waiting_list.waiting(ledger, ids) if waits else {},
            await waiting_list.next_position(ledger) if waits else 0,
        )

    def person(self, reference: Reference) -> Employment | None:
        return self._people.get(reference)

    def problem(
        self, index: int, person: Employment | None, allocated_on: date, released_on: date | None
    ) -> RowError | None:
        """What is wrong with a request in itself, if anything."""
        if person is None:
            return people.nobody(index)
        outside = date_problem(index, allocated_on=allocated_on, released_on=released_on)
        if outside is not None:
            return outside
        term = self.ledger.term
        beyond = errors.outside_term_detail(term.starts_on, term.ends_on)
        code, detail, name = "", "", ""
        if released_on is not None and released_on <= allocated_on:
            code, name = "dates_out_of_order", "released_on"
            detail = "released_on must lie after allocated_on"
        elif allocated_on not in term:
            code, detail, name = "outside_term", beyond, "allocated_on"
        elif released_on is not None and released_on > term.ends_on:
            code, detail, name = "outside_term", beyond, "released_on"
        elif person.left_on is not None and person.left_on <= allocated_on:
            code, detail, name = errors.HAS_LEFT, errors.HAS_LEFT_DETAIL, "allocated_on"
        return RowError(index, code, detail, f"/{name}") if code else None

    def give(self, grant: Grant, *, queue: bool, priority: int) -> Given:
        """Give a seat, or say why not; with `queue`, a place on the waiting list where none is free."""
        ledger, own = self.ledger, self._seats[grant.person_id]
        days = ledger.interval(grant.allocated_on, grant.released_on)
        if _is_recorded(own, ledger.pool.id, grant.allocated_on, grant.released_on):
            return Given(Verdict.RECORDED_ALREADY)
        if in_the_way(own, days) is not None:
            return Given(Verdict.HOLDS_ANOTHER)
        if ledger.has_room(days):
            seat = ledger.give(grant)
            own.append(
                Seat(
                    seat["id"],
                    ledger.pool.id,
                    grant.allocated_on,
                    grant.released_on,
                    ledger.pool.term_ends_on,
                )
            )
            # A seat of days gone by is none that somebody waits for.
            if grant.released_on is None or grant.released_on > ledger.acting_day(
                grant.allocated_on
            ):
                self._given[grant.person_id] = (grant.allocated_on, seat["id"])
            return Given(Verdict.GIVEN, seat=seat)
        if grant.person_id in self._waits:
            return Given(Verdict.WAITED_ALREADY, entry=self._waits[grant.person_id])
        if not queue:
            return Given(Verdict.NO_SEAT)
        entry = waiting_list.new_entry(
            ledger, grant.person_id, priority, grant.allocated_on, self._position
        )
        self._position += 1
        self._waits[grant.person_id] = entry
        ledger.session.add(entry)
        return Given(Verdict.WAITING, entry=entry)

    async def finish(self) -> None:
        """Write what was given; whoever has a seat now waits no longer."""
        await self.ledger.flush()
        await waiting_list.end(self.ledger, self._given)
        self._given.clear()


def _is_recorded(
    seats: list[Seat], pool_id: UUID, allocated_on: date, released_on: date | None
) -> bool:
    """Whether the ledger says already what is asked for.

    A request without an end finds the seat that the person has on its day; one with an end its like.
    """
    for seat in seats:
        if seat.pool_id != pool_id:
            continue
        if (seat.allocated_on, seat.released_on) == (allocated_on, released_on):
            return True
        if released_on is None and allocated_on in seat.days:
            return True
    return False
