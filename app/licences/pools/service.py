"""Rules about pools: set up, changed, grown and cut back, and how they stand on a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core import clock
from app.core.errors import Invalid, NotFound, existing
from app.core.etags import check_if_match, etag_of
from app.core.models import new_id
from app.core.pagination import PageQuery
from app.core.periods import Window
from app.licences.allocations import errors as seat_errors
from app.licences.allocations import service as allocations
from app.licences.allocations.hand_on import hand_on
from app.licences.allocations.ledger import check_term, hold
from app.licences.pools import errors as errors  # noqa: PLC0414 - declares the constraint answers
from app.licences.pools import repository
from app.licences.pools.headroom import Headroom, Shortage
from app.licences.pools.models import CapacityChange, LicencePool
from app.licences.pools.schemas import (
    CapacityChangeIn,
    PoolChange,
    PoolFilter,
    PoolIn,
    term_problem,
)
from app.licences.waiting_list import service as waiting_list
from app.pilots import service as pilots


@dataclass(frozen=True, slots=True)
class Standing:
    """A pool and how it stands on a day, as known at an instant (None: now)."""

    pool: LicencePool
    as_of: date
    known_at: datetime | None
    purchased: int
    allocated: int
    waiting: int

    @property
    def available(self) -> int:
        return max(0, self.purchased - self.allocated)

    @property
    def deficit(self) -> int:
        return max(0, self.allocated - self.purchased)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of capacity, and what followed."""

    change: CapacityChange
    shortage: Shortage | None
    handed_on: int


async def create(session: AsyncSession, principal: Principal, wanted: PoolIn) -> LicencePool:
    """Set a pool up, with its first seats.

    Raises:
        Conflict: the name is taken.
        Invalid: there is no such pilot.
    """
    values = wanted.model_dump(exclude={"seats"})
    values["currency"] = wanted.currency or principal.organisation.currency
    await _check_pilot(session, principal, wanted.pilot_id)
    pool = LicencePool(organisation_id=principal.organisation_id, **values)
    session.add(pool)
    await session.flush()
    pool.ledger_length = 1
    _add_change(session, principal, pool, wanted.term_starts_on, wanted.seats, None)
    await session.flush()
    await audit_log.record(session, principal, "licence_pool.created", pool.id)
    return pool


def _add_change(
    session: AsyncSession,
    principal: Principal,
    pool: LicencePool,
    effective_on: date,
    seats: int,
    reason: str | None,
) -> CapacityChange:
    change = CapacityChange(
        organisation_id=principal.organisation_id,
        pool_id=pool.id,
        sequence=pool.ledger_length,
        id=new_id(),
        effective_on=effective_on,
        seats=seats,
        reason=reason,
        principal_id=principal.id,
    )
    session.add(change)
    return change


async def _check_pilot(session: AsyncSession, principal: Principal, pilot_id: UUID | None) -> None:
    if pilot_id is None:
        return
    try:
        await pilots.get(session, principal, pilot_id)
    except NotFound:
        raise Invalid.field(
            "/pilot_id", "unknown_pilot", "There is no such pilot. POST /pilots first."
        ) from None


async def get(session: AsyncSession, principal: Principal, pool_id: UUID) -> LicencePool:
    """One pool.

    Raises:
        NotFound: there is none within reach.
    """
    return existing(await repository.find(session, principal, pool_id), "licence pool")


async def of_pilot(
    session: AsyncSession, principal: Principal, pilot_id: UUID
) -> list[LicencePool]:
    """The pools whose seats are for a pilot."""
    return await repository.of_pilot(session, principal, pilot_id)


async def in_term(session: AsyncSession, principal: Principal, day: date) -> list[LicencePool]:
    """The pools in whose term a day lies."""
    return await repository.in_term(session, principal, day)


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery, wanted: PoolFilter
) -> tuple[list[LicencePool], str | None]:
    """Pools of the organisation."""
    return await repository.page(session, principal, query, wanted)


async def standings(
    session: AsyncSession,
    principal: Principal,
    pools: Sequence[LicencePool],
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> list[Standing]:
    """How these pools stand on a day (default: today), as known now or at an instant."""
    day = as_of or clock.today(principal.organisation.zone)
    ids = [pool.id for pool in pools]
    capacity = await allocations.capacity(session, principal, ids, known_at)
    held = await allocations.open_seats(session, principal, ids, day, known_at)
    waiting = await waiting_list.counts(session, principal, ids, day, known_at)
    found = []
    for pool in pools:
        term = Window(pool.term_starts_on, pool.term_ends_on)
        bought = Headroom(term, capacity[pool.id], ()).purchased(day)
        allocated = held.get(pool.id, 0) if day in term else 0
        found.append(Standing(pool, day, known_at, bought, allocated, waiting.get(pool.id, 0)))
    return found


async def change(
    session: AsyncSession,
    principal: Principal,
    pool_id: UUID,
    changes: PoolChange,
    if_match: str | None,
) -> LicencePool:
    """Change a pool; what is left out stays.

    Raises:
        PreconditionRequired, PreconditionFailed: see `check_if_match`.
        Conflict: the name is taken, the ledger has entries outside the new term, or the pool may not
            block as it has too few seats.
        Invalid: the term is backwards, or there is no such pilot.
    """
    ledger = await hold(session, principal, pool_id)
    pool = ledger.pool
    check_if_match(if_match, etag_of(pool.id, pool.revision), required=True)
    values = changes.model_dump(exclude_unset=True)
    if "pilot_id" in values:
        await _check_pilot(session, principal, changes.pilot_id)
    starts_on = values.get("term_starts_on", pool.term_starts_on)
    ends_on = values.get("term_ends_on", pool.term_ends_on)
    problem = term_problem(starts_on, ends_on)
    if problem is not None:
        raise Invalid.field("/term_ends_on", "dates_out_of_order", problem)
    if (starts_on, ends_on) != (pool.term_starts_on, pool.term_ends_on):
        await check_term(ledger, Window(starts_on, ends_on))
    grew = ends_on > pool.term_ends_on
    for name, value in values.items():
        setattr(pool, name, value)
    pool.touch()
    await session.flush()
    # Anew, as the term may be another one.
    ledger = await hold(session, principal, pool_id)
    ledger.hold_to_policy()
    handed_on = 0
    if grew or values.get("hands_on_released_seats"):
        handed_on = len(await hand_on(ledger, pool.term_starts_on))
    await audit_log.record(
        session,
        principal,
        "licence_pool.changed",
        pool.id,
        details={"fields": sorted(values), "handed_on": handed_on},
    )
    return pool


async def change_capacity(
    session: AsyncSession, principal: Principal, pool_id: UUID, wanted: CapacityChangeIn
) -> Change:
    """Buy seats or give some up, from a day on; freed seats go to the people who wait.

    Raises:
        NotFound: there is no such pool.
        Invalid: the day lies outside the term.
        Conflict: more seats are held than there would be, and the pool blocks.
    """
    ledger = await hold(session, principal, pool_id)
    pool, term = ledger.pool, ledger.term
    if wanted.effective_on not in term:
        raise seat_errors.outside_term("/effective_on", term.starts_on, term.ends_on)
    ledger.next_sequence()
    recorded = _add_change(
        session, principal, pool, wanted.effective_on, wanted.seats, wanted.reason
    )
    await session.flush()
    ledger = await hold(session, principal, pool_id)
    ledger.hold_to_policy()
    handed_on = await hand_on(ledger, wanted.effective_on)
    await audit_log.record(
        session,
        principal,
        "licence_pool.capacity_changed",
        pool.id,
        details={"seats": wanted.seats, "handed_on": len(handed_on)},
    )
    return Change(recorded, ledger.shortage(), len(handed_on))


async def capacity_changes(
    session: AsyncSession, principal: Principal, pool_id: UUID, query: PageQuery
) -> tuple[list[CapacityChange], str | None]:
    """The changes of a pool's capacity, as they were recorded."""
    await get(session, principal, pool_id)
    return await repository.capacity_changes(session, principal, pool_id, query)
