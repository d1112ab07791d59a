"""The one way to write to a seat ledger: hold the pool, look at what is free, append.

Whoever holds a `Ledger` is alone with all pools of its product until the transaction ends.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core import clock
from app.core.errors import NotFound
from app.core.models import new_id
from app.core.periods import Window
from app.events import service as events
from app.events.types import SEAT_ALLOCATED, SEAT_CORRECTED, SEAT_RELEASED, EventType
from app.licences.allocations import errors, repository
from app.licences.allocations.models import (
    SeatAllocation,
    SeatEventKind,
    SeatSource,
)
from app.licences.allocations.seats import Seat
from app.licences.pools.headroom import Headroom, Shortage
from app.licences.pools.models import LicencePool, Overallocation

_TOLD_AS: dict[SeatEventKind, EventType] = {
    SeatEventKind.ALLOCATED: SEAT_ALLOCATED,
    SeatEventKind.RELEASED: SEAT_RELEASED,
    SeatEventKind.CORRECTED: SEAT_CORRECTED,
}


@dataclass(frozen=True, slots=True)
class Grant:
    """A seat to give: to whom, from when to when, and why."""

    person_id: UUID
    allocated_on: date
    released_on: date | None = None
    reason: str | None = None
    source: SeatSource = SeatSource.API
    batch_id: UUID | None = None
    # Whose request it is, where the ledger is held for several.
    principal_id: UUID | None = None


@dataclass(slots=True)
class Ledger:
    """A pool that is held, and the seats that are free on each day of its term."""

    session: AsyncSession
    principal: Principal
    pool: LicencePool
    headroom: Headroom
    _allocations: list[dict[str, Any]] = field(default_factory=list)
    _events: list[dict[str, Any]] = field(default_factory=list)
    _happened: list[events.Occurred] = field(default_factory=list)

    @property
    def term(self) -> Window:
        return Window(self.pool.term_starts_on, self.pool.term_ends_on)

    @property
    def warns_only(self) -> bool:
        return self.pool.overallocation is Overallocation.WARN

    def today(self) -> date:
        return clock.today(self.principal.organisation.zone)

    def acting_day(self, told: date) -> date:
        """The day on which something done about a day takes effect.

        Nobody gets or loses a seat for days gone by: today at the earliest. A pool whose term is over is
        a record of the past, and takes the day as told.
        """
        today = self.today()
        return max(told, today) if today < self.pool.term_ends_on else told

    def interval(self, allocated_on: date, released_on: date | None) -> Window:
        """The days that a seat counts on; an open one counts to the end of the term."""
        return Window(allocated_on, released_on or self.pool.term_ends_on)

    def has_room(self, days: Window) -> bool:
        """Whether one more seat may be given over these days."""
        return self.warns_only or self.headroom.free(days) >= 1

    def shortage(self) -> Shortage | None:
        return self.headroom.shortage()

    def hold_to_policy(self) -> None:
        """Refuse a state in which a pool that blocks has more seats given than bought.

        Raises:
            Conflict: it has; the answer names the day and the number.
        """
        shortage = self.shortage()
        if shortage is not None and not self.warns_only:
            raise errors.too_many_allocated(shortage)

    def next_sequence(self) -> int:
        self.pool.ledger_length += 1
        return self.pool.ledger_length

    def give(self, grant: Grant) -> dict[str, Any]:
        """Give a seat that there is room for; `flush` writes it. Returns its columns."""
        now = clock.now()
        values: dict[str, Any] = {
            "organisation_id": self.pool.organisation_id,
            "id": new_id(),
            "pool_id": self.pool.id,
            "product": self.pool.product,
            "person_id": grant.person_id,
            "allocated_on": grant.allocated_on,
            "released_on": grant.released_on,
            "reason": grant.reason,
            "release_reason": None,
            "source": grant.source,
            "corrected_at": None,
            "batch_id": grant.batch_id,
            "created_at": now,
            "updated_at": now,
            "revision": 1,
        }
        self._allocations.append(values)
        days = (grant.allocated_on, grant.released_on)
        self._note(
            values["id"],
            SeatEventKind.ALLOCATED,
            days,
            grant.reason,
            grant.source,
            now,
            grant.principal_id,
        )
        self.headroom.take(self.interval(*days))
        return values

    def change(
        self,
        seat: SeatAllocation,
        kind: SeatEventKind,
        days: tuple[date, date | None],
        reason: str | None,
        source: SeatSource,
    ) -> None:
        """Give a seat other dates, as an event of its own; what it was before stays in the ledger."""
        # One instant for the seat and its event, so that both tell the same story.
        now = clock.now()
        self.headroom.take(self.interval(seat.allocated_on, seat.released_on), -1)
        seat.allocated_on, seat.released_on = days
        self.headroom.take(self.interval(*days))
        if kind is SeatEventKind.RELEASED:
            seat.release_reason = reason
        else:
            seat.corrected_at = now
        if seat.released_on is None:
            seat.release_reason = None
        seat.touch()
        seat.updated_at = now
        self._note(seat.id, kind, days, reason, source, now)

    def _note(
        self,
        allocation_id: UUID,
        kind: SeatEventKind,
        days: tuple[date, date | None],
        reason: str | None,
        source: SeatSource,
        now: datetime,
        principal_id: UUID | None = None,
    ) -> None:
        told = {"pool_id": self.pool.id, "allocation_id": allocation_id}
        self.tell(events.Occurred(_TOLD_AS[kind], allocation_id, told))
        self._events.append(
            {
                "organisation_id": self.pool.organisation_id,
                "pool_id": self.pool.id,
                "sequence": self.next_sequence(),
                "allocation_id": allocation_id,
                "kind": kind,
                "allocated_on": days[0],
                "released_on": days[1],
                "reason": reason,
                "source": source,
                "recorded_at": now,
                "principal_id": principal_id or self.principal.id,
            }
        )

    def tell(self, happened: events.Occurred) -> None:
        """Let other systems know of something, once it is written."""
        self._happened.append(happened)

    async def flush(self) -> None:
        """Write what was given and changed so far, and what others are to know of it."""
        # Changed seats first: a seat may be released and given anew to the same person.
        await self.session.flush()
        await repository.write(self.session, self._allocations, self._events)
        self._allocations.clear()
        self._events.clear()
        await events.publish(self.session, self.pool.organisation_id, self._happened)
        self._happened.clear()


async def hold(session: AsyncSession, principal: Principal, pool_id: UUID) -> Ledger:
    """Hold a pool, and every other pool of its product, until the transaction ends.

    Raises:
        NotFound: there is no such pool within reach.
    """
    pools = await repository.lock_pools(session, principal, pool_id)
    pool = next((pool for pool in pools if pool.id == pool_id), None)
    if pool is None:
        raise NotFound("There is no such licence pool.")
    capacity = await repository.capacity(session, principal, [pool.id])
    return Ledger(
        session,
        principal,
        pool,
        Headroom(
            Window(pool.term_starts_on, pool.term_ends_on),
            capacity[pool.id],
            await repository.changes(session, principal, pool.id),
        ),
    )


def in_the_way(seats: list[Seat], wanted: Window, but_for: UUID | None = None) -> Seat | None:
    """A seat of the person's own that is held on one of the wanted days, if any."""
    return next((s for s in seats if s.allocation_id != but_for and s.days.overlaps(wanted)), None)


async def check_term(ledger: Ledger, term: Window) -> None:
    """Hold a new term against what is in the ledger.

    Raises:
        Conflict: seats or capacity changes lie outside it, or somebody would hold two seats at once.
    """
    session, principal, pool = ledger.session, ledger.principal, ledger.pool
    if await repository.has_entries_outside(session, principal, pool.id, term):
        raise errors.ledger_outside_term()
    if await repository.in_two_pools(session, principal, pool, term.ends_on):
        raise errors.already_allocated()
