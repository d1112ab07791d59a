"""All SQL about seats: the ledger, its events, and the lock that every write to it takes first."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, insert, or_
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns, within
from app.core.models import in_parts
from app.core.pagination import PageQuery, paginate
from app.core.periods import Window
from app.licences.allocations.models import SeatAllocation, SeatEvent
from app.licences.allocations.schemas import AllocationFilter
from app.licences.allocations.seats import Seat, as_it_was
from app.licences.pools.models import CapacityChange, LicencePool
from app.people.models import Person


async def lock_pools(
    session: AsyncSession, principal: Principal, pool_id: UUID
) -> list[LicencePool]:
    """Hold every pool of the product of a pool, always in the same order (docs/decisions/0016)."""
    product = (
        select(LicencePool.product)
        .where(*within(principal, LicencePool), col(LicencePool.id) == pool_id)
        .scalar_subquery()
    )
    statement = (
        scoped(principal, LicencePool)
        .where(col(LicencePool.product) == product)
        .order_by(col(LicencePool.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return list((await session.exec(statement)).all())


async def capacity(
    session: AsyncSession,
    principal: Principal,
    pool_ids: Collection[UUID],
    known_at: datetime | None = None,
) -> dict[UUID, list[tuple[date, int]]]:
    """Each pool's (day, seats from then on), in the order in which they were recorded."""
    c = CapacityChange
    statement = (
        scoped_columns(principal, c, col(c.pool_id), col(c.effective_on), col(c.seats))
        .where(col(c.pool_id).in_(pool_ids))
        .order_by(col(c.pool_id), col(c.sequence))
    )
    if known_at is not None:
        statement = statement.where(col(c.recorded_at) <= known_at)
    found: dict[UUID, list[tuple[date, int]]] = defaultdict(list)
    for pool_id, day, seats in await session.exec(statement):
        found[pool_id].append((day, seats))
    return found


async def changes(
    session: AsyncSession, principal: Principal, pool_id: UUID
) -> list[tuple[date, int]]:
    """(day, seats taken from that day on): one a day on which seats of the pool begin or end."""
    a = SeatAllocation
    begun = (
        scoped_columns(principal, a, col(a.allocated_on), func.count())
        .where(col(a.pool_id) == pool_id)
        .group_by(col(a.allocated_on))
    )
    ended = (
        scoped_columns(principal, a, col(a.released_on), -func.count())
        .where(col(a.pool_id) == pool_id, col(a.released_on).is_not(None))
        .group_by(col(a.released_on))
    )
    rows = await session.exec(begun.union_all(ended))  # type: ignore[call-overload]  # a union is executable
    return [(day, int(seats)) for day, seats in rows]


async def seats_of(
    session: AsyncSession, principal: Principal, product: str, person_ids: Collection[UUID]
) -> dict[UUID, list[Seat]]:
    """Every seat of the product that these people have, had or will have."""
    a = SeatAllocation
    columns = (col(a.id), col(a.pool_id), col(a.allocated_on), col(a.released_on))
    statement = (
        scoped_columns(principal, a, col(a.person_id), *columns, col(LicencePool.term_ends_on))
        .join(
            LicencePool,
            and_(
                col(LicencePool.organisation_id) == col(a.organisation_id),
                col(LicencePool.id) == col(a.pool_id),
            ),
        )
        .where(col(a.product) == product)
    )
    found: dict[UUID, list[Seat]] = defaultdict(list)
    for part in in_parts(person_ids):
        for row in await session.exec(statement.where(col(a.person_id).in_(part))):
            found[row[0]].append(Seat(*row[1:]))
    return found


async def has_entries_outside(
    session: AsyncSession, principal: Principal, pool_id: UUID, term: Window
) -> bool:
    """Whether a seat begins or ends, or capacity changes, outside a term."""
    a, c = SeatAllocation, CapacityChange
    seats = (
        scoped_columns(principal, a, col(a.id))
        .where(
            col(a.pool_id) == pool_id,
            or_(
                col(a.allocated_on) < term.starts_on,
                col(a.allocated_on) >= term.ends_on,
                col(a.released_on) > term.ends_on,
            ),
        )
        .limit(1)
    )
    # The first change stands on the first day of the term as it was; one before the term is its start.
    later = (
        scoped_columns(principal, c, col(c.id))
        .where(col(c.pool_id) == pool_id, col(c.effective_on) >= term.ends_on)
        .limit(1)
    )
    return (await session.exec(seats)).first() is not None or (
        await session.exec(later)
    ).first() is not None


async def in_two_pools(
    session: AsyncSession, principal: Principal, pool: LicencePool, term_ends_on: date
) -> bool:
    """Whether somebody's open seat of the pool would meet another seat, were this its term's end."""
    a, other = SeatAllocation, aliased(SeatAllocation)
    theirs = aliased(LicencePool)
    statement = (
        scoped_columns(principal, a, col(a.id))
        .join(
            other,
            and_(
                col(other.organisation_id) == col(a.organisation_id),
                col(other.product) == col(a.product),
                col(other.person_id) == col(a.person_id),
                col(other.id) != col(a.id),
            ),
        )
        .join(
            theirs,
            and_(
                col(theirs.organisation_id) == col(other.organisation_id),
                col(theirs.id) == col(other.pool_id),
            ),
        )
        .where(
            col(a.pool_id) == pool.id,
            col(a.released_on).is_(None),
            col(other.allocated_on) < term_ends_on,
            func.coalesce(col(other.released_on), col(theirs.term_ends_on)) > col(a.allocated_on),
            func.coalesce(col(other.released_on), col(theirs.term_ends_on))
            > col(other.allocated_on),
        )
        .limit(1)
    )
    return (await session.exec(statement)).first() is not None


async def write(
    session: AsyncSession, allocations: Sequence[dict[str, Any]], events: Sequence[dict[str, Any]]
) -> None:
    """Append new allocations and the events that speak of them."""
    if allocations:
        await session.exec(insert(SeatAllocation), params=allocations)
    if events:
        await session.exec(insert(SeatEvent), params=events)


async def find(
    session: AsyncSession, principal: Principal, pool_id: UUID, allocation_id: UUID
) -> SeatAllocation | None:
    statement = (
        scoped(principal, SeatAllocation)
        .where(col(SeatAllocation.pool_id) == pool_id, col(SeatAllocation.id) == allocation_id)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def held(
    session: AsyncSession, principal: Principal, pool_id: UUID, allocation_ids: Collection[UUID]
) -> list[SeatAllocation]:
    """Those of these allocations that belong to the pool."""
    statement = scoped(principal, SeatAllocation).where(
        col(SeatAllocation.pool_id) == pool_id, col(SeatAllocation.id).in_(allocation_ids)
    )
    return list((await session.exec(statement)).all())


async def holders(
    session: AsyncSession, principal: Principal, allocation_ids: Collection[UUID], day: date
) -> dict[UUID, UUID]:
    """Who holds each of these seats on a day; those that nobody holds then are left out."""
    a = SeatAllocation
    statement = scoped_columns(principal, a, col(a.id), col(a.person_id)).where(_open_on(a, day))
    found: dict[UUID, UUID] = {}
    for part in in_parts(allocation_ids):
        rows = await session.exec(statement.where(col(a.id).in_(part)))
        found |= {row[0]: row[1] for row in rows}
    return found


async def held_by(
    session: AsyncSession,
    principal: Principal,
    pool_id: UUID,
    person_ids: Collection[UUID],
    day: date,
) -> dict[UUID, UUID]:
    """The seat of the pool that each of these people holds on a day: person to allocation."""
    a = SeatAllocation
    statement = scoped_columns(principal, a, col(a.person_id), col(a.id)).where(
        col(a.pool_id) == pool_id, _open_on(a, day)
    )
    found: dict[UUID, UUID] = {}
    for part in in_parts(person_ids):
        rows = await session.exec(statement.where(col(a.person_id).in_(part)))
        found |= {row[0]: row[1] for row in rows}
    return found


async def seats_on(
    session: AsyncSession, principal: Principal, pool_id: UUID, day: date
) -> dict[UUID, date]:
    a = SeatAllocation
    statement = scoped_columns(principal, a, col(a.person_id), col(a.allocated_on))
    rows = await session.exec(statement.where(col(a.pool_id) == pool_id, _open_on(a, day)))
    return dict(rows.all())


def _open_on(table: Any, day: date) -> Any:
    return and_(
        table.allocated_on <= day, or_(table.released_on.is_(None), table.released_on > day)
    )


async def page(
    session: AsyncSession,
    principal: Principal,
    pool: LicencePool,
    query: PageQuery,
    wanted: AllocationFilter,
) -> tuple[list[SeatAllocation], str | None]:
    """The pool's seats; those open on `as_of`, where it is given."""
    statement = scoped(principal, SeatAllocation).where(col(SeatAllocation.pool_id) == pool.id)
    if wanted.person_id is not None:
        statement = statement.where(col(SeatAllocation.person_id) == wanted.person_id)
    if wanted.as_of is not None:
        statement = statement.where(_open_on(SeatAllocation, wanted.as_of))
    return await paginate(session, statement, col(SeatAllocation.id), query)


def _as_known(principal: Principal, pool_ids: Collection[UUID], known_at: datetime) -> Any:
    """The last event of each allocation of the pools that was recorded by an instant."""
    e = SeatEvent
    latest = (
        scoped_columns(principal, e, col(e.pool_id), func.max(col(e.sequence)).label("sequence"))
        .where(col(e.pool_id).in_(pool_ids), col(e.recorded_at) <= known_at)
        .group_by(col(e.pool_id), col(e.allocation_id))
        .subquery()
    )
    return (
        scoped_columns(
            principal,
            e,
            col(e.pool_id),
            col(e.allocation_id),
            col(e.allocated_on),
            col(e.released_on),
            col(e.kind),
            col(e.reason),
            col(e.recorded_at),
        )
        .join(
            latest,
            and_(latest.c.pool_id == col(e.pool_id), latest.c.sequence == col(e.sequence)),
        )
        .subquery()
    )


async def page_as_known(
    session: AsyncSession,
    principal: Principal,
    pool: LicencePool,
    query: PageQuery,
    wanted: AllocationFilter,
    known_at: datetime,
) -> tuple[list[SeatAllocation], str | None]:
    """The same as it was known at an instant: dates from the events, the rest does not change."""
    known = _as_known(principal, [pool.id], known_at)
    statement = scoped(principal, SeatAllocation).join(
        known, col(SeatAllocation.id) == known.c.allocation_id
    )
    if wanted.person_id is not None:
        statement = statement.where(col(SeatAllocation.person_id) == wanted.person_id)
    if wanted.as_of is not None:
        statement = statement.where(_open_on(known.c, wanted.as_of))
    rows, cursor = await paginate(session, statement, col(SeatAllocation.id), query)
    by_then: dict[UUID, list[SeatEvent]] = defaultdict(list)
    for event in await events_of(session, principal, pool.id, [row.id for row in rows]):
        if event.recorded_at <= known_at:
            by_then[event.allocation_id].append(event)
    return [as_it_was(row, by_then[row.id]) for row in rows], cursor


async def events_of(
    session: AsyncSession, principal: Principal, pool_id: UUID, allocation_ids: Collection[UUID]
) -> list[SeatEvent]:
    statement = (
        scoped(principal, SeatEvent)
        .where(col(SeatEvent.pool_id) == pool_id, col(SeatEvent.allocation_id).in_(allocation_ids))
        .order_by(col(SeatEvent.sequence))
    )
    return list((await session.exec(statement)).all())


async def open_seats(
    session: AsyncSession,
    principal: Principal,
    pool_ids: Collection[UUID],
    day: date,
    known_at: datetime | None = None,
) -> dict[UUID, int]:
    """How many seats of each pool are held on a day."""
    if known_at is None:
        a = SeatAllocation
        statement = (
            scoped_columns(principal, a, col(a.pool_id), func.count())
            .where(col(a.pool_id).in_(pool_ids), _open_on(a, day))
            .group_by(col(a.pool_id))
        )
    else:
        known = _as_known(principal, pool_ids, known_at)
        statement = (
            select(known.c.pool_id, func.count())
            .where(_open_on(known.c, day))
            .group_by(known.c.pool_id)
        )
    return {row[0]: row[1] for row in await session.exec(statement)}


async def of_leavers(
    session: AsyncSession, principal: Principal, day: date, person_id: UUID | None
) -> list[tuple[UUID, str, UUID, date]]:
    """Seats held beyond the day on which their holder left, by `day`: pool, product, seat, left_on.

    Of everybody, or of one person. In the order of product and pool, in which whoever holds several products must take them.
    """
    a = SeatAllocation
    statement = (
        scoped_columns(principal, a, col(a.pool_id), col(a.product), col(a.id), col(Person.left_on))
        .join(
            Person,
            and_(
                col(Person.organisation_id) == col(a.organisation_id),
                col(Person.id) == col(a.person_id),
            ),
        )
        .join(
            LicencePool,
            and_(
                col(LicencePool.organisation_id) == col(a.organisation_id),
                col(LicencePool.id) == col(a.pool_id),
            ),
        )
        .where(
            col(Person.left_on) <= day,
            # An open seat ends with its term: who left after that had given it back.
            col(Person.left_on) < col(LicencePool.term_ends_on),
            or_(
                col(a.released_on).is_(None),
                and_(
                    col(a.released_on) > col(Person.left_on),
                    col(a.released_on) > col(a.allocated_on),
                ),
            ),
        )
        .order_by(col(a.product), col(a.pool_id), col(a.id))
    )
    if person_id is not None:
        statement = statement.where(col(a.person_id) == person_id)
    return [(row[0], row[1], row[2], row[3]) for row in await session.exec(statement)]
