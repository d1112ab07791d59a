"""All SQL about waiting lists."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, and_, func, literal, or_, tuple_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns
from app.core.models import in_parts
from app.core.pagination import PageQuery, decode_cursor, encode_cursor
from app.licences.waiting_list.models import WaitingEntry, WaitingStatus
from app.people.models import Person

_ORDER = (col(WaitingEntry.priority), col(WaitingEntry.requested_on), col(WaitingEntry.position))


async def page(
    session: AsyncSession,
    principal: Principal,
    pool_id: UUID,
    query: PageQuery,
    as_of: date | None,
) -> tuple[list[WaitingEntry], str | None]:
    """Who waits, or waited on `as_of`, in the order in which they are served."""
    statement = scoped(principal, WaitingEntry).where(
        col(WaitingEntry.pool_id) == pool_id,
        col(WaitingEntry.ended_on).is_(None) if as_of is None else _waiting_on(as_of),
    )
    if query.cursor is not None:
        last = await find(session, principal, pool_id, decode_cursor(query.cursor))
        if last is not None:
            statement = statement.where(tuple_(*_ORDER) > tuple_(*_place(last)))
    rows = (await session.exec(statement.order_by(*_ORDER).limit(query.limit + 1))).all()
    shown = list(rows[: query.limit])
    return shown, encode_cursor(shown[-1].id) if len(rows) > query.limit else None


def _place(entry: WaitingEntry) -> tuple[Any, ...]:
    return (
        literal(entry.priority),
        literal(entry.requested_on, Date()),
        literal(entry.position),
    )


async def ahead_of(session: AsyncSession, principal: Principal, entry: WaitingEntry) -> int:
    """How many people wait for a seat of the pool and are served before somebody."""
    statement = scoped_columns(principal, WaitingEntry, func.count()).where(
        col(WaitingEntry.pool_id) == entry.pool_id,
        col(WaitingEntry.ended_on).is_(None),
        tuple_(*_ORDER) < tuple_(*_place(entry)),
    )
    return int((await session.exec(statement)).one()[0])


def _waiting_on(day: date) -> ColumnElement[bool]:
    return and_(
        col(WaitingEntry.requested_on) <= day,
        or_(col(WaitingEntry.ended_on).is_(None), col(WaitingEntry.ended_on) > day),
    )


async def waiting(
    session: AsyncSession, principal: Principal, pool_id: UUID, person_ids: Collection[UUID]
) -> dict[UUID, WaitingEntry]:
    """The entries of those of these people who wait for a seat of the pool."""
    statement = scoped(principal, WaitingEntry).where(
        col(WaitingEntry.pool_id) == pool_id, col(WaitingEntry.ended_on).is_(None)
    )
    found: dict[UUID, WaitingEntry] = {}
    for part in in_parts(person_ids):
        rows = await session.exec(statement.where(col(WaitingEntry.person_id).in_(part)))
        found |= {entry.person_id: entry for entry in rows}
    return found


async def everybody(
    session: AsyncSession, principal: Principal, pool_ids: Collection[UUID]
) -> set[UUID]:
    """Who waits for a seat of one of these pools."""
    e = WaitingEntry
    statement = scoped_columns(principal, e, col(e.person_id)).where(
        col(e.pool_id).in_(pool_ids), col(e.ended_on).is_(None)
    )
    return {row[0] for row in await session.exec(statement)}


async def heads(
    session: AsyncSession,
    principal: Principal,
    pool_id: UUID,
    day: date,
    limit: int,
    skipped: Collection[UUID],
) -> list[WaitingEntry]:
    """Who is to be served next on a day, in order."""
    statement = (
        scoped(principal, WaitingEntry)
        .where(
            col(WaitingEntry.pool_id) == pool_id,
            col(WaitingEntry.ended_on).is_(None),
            col(WaitingEntry.requested_on) <= day,
            col(WaitingEntry.id).not_in(skipped),
        )
        .order_by(*_ORDER)
        .limit(limit)
    )
    return list((await session.exec(statement)).all())


async def last_position(session: AsyncSession, principal: Principal, pool_id: UUID) -> int:
    statement = scoped_columns(
        principal, WaitingEntry, func.coalesce(func.max(col(WaitingEntry.position)), 0)
    ).where(col(WaitingEntry.pool_id) == pool_id)
    return int((await session.exec(statement)).one()[0])


async def find(
    session: AsyncSession, principal: Principal, pool_id: UUID, entry_id: UUID
) -> WaitingEntry | None:
    statement = (
        scoped(principal, WaitingEntry)
        .where(col(WaitingEntry.pool_id) == pool_id, col(WaitingEntry.id) == entry_id)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def end(
    session: AsyncSession,
    principal: Principal,
    product: str,
    seats: dict[UUID, tuple[date, UUID]],
) -> None:
    """End every wait for the product of people who have a seat: person to (day, allocation)."""
    e = WaitingEntry
    statement = scoped(principal, e).where(col(e.product) == product, col(e.ended_on).is_(None))
    for part in in_parts(seats):
        for entry in await session.exec(statement.where(col(e.person_id).in_(part))):
            day, allocation_id = seats[entry.person_id]
            entry.status = WaitingStatus.SERVED
            entry.ended_on = max(day, entry.requested_on)
            entry.allocation_id = allocation_id
            entry.touch()


async def of_leavers(
    session: AsyncSession, principal: Principal, day: date
) -> list[tuple[WaitingEntry, date]]:
    """Waits of people who have left by a day, and when they did."""
    e = WaitingEntry
    statement = (
        scoped_columns(principal, e, e, col(Person.left_on))
        .join(
            Person,
            and_(
                col(Person.organisation_id) == col(e.organisation_id),
                col(Person.id) == col(e.person_id),
            ),
        )
        .where(col(e.ended_on).is_(None), col(Person.left_on) <= day)
        .execution_options(populate_existing=True)
    )
    return [(row[0], row[1]) for row in await session.exec(statement)]


async def counts(
    session: AsyncSession,
    principal: Principal,
    pool_ids: Collection[UUID],
    day: date,
    known_at: datetime | None = None,
) -> dict[UUID, int]:
    """How many people waited for a seat of each pool on a day."""
    e = WaitingEntry
    on_the_day = _waiting_on(day)
    if known_at is not None:
        # An entry changes once, when the wait ends: before that it was waiting.
        still = or_(col(e.ended_on).is_(None), col(e.updated_at) > known_at)
        on_the_day = and_(
            col(e.requested_on) <= day,
            col(e.created_at) <= known_at,
            or_(still, col(e.ended_on) > day),
        )
    statement = (
        scoped_columns(principal, e, col(e.pool_id), func.count())
        .where(col(e.pool_id).in_(pool_ids), on_the_day)
        .group_by(col(e.pool_id))
    )
    return {row[0]: row[1] for row in await session.exec(statement)}
