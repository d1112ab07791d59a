"""All SQL about events."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select

from app.access.principals import Principal
from app.access.scoping import scoped
from app.core.models import metadata
from app.events.models import Event, EventCounter

_EVENT = metadata.tables["event"]


async def append(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Write events, all at once."""
    connection = await session.connection()
    await connection.execute(insert(_EVENT), list(rows))


async def with_unnumbered(session: AsyncSession) -> list[UUID]:
    """The organisations that have events without a number: for those who number them."""
    statement = select(col(Event.organisation_id)).where(col(Event.number).is_(None)).distinct()
    return list((await session.exec(statement)).all())


async def unnumbered_count(session: AsyncSession) -> int:
    """How many events of all organisations have no number yet: for figures about the service itself."""
    statement = (
        select(func.count(col(Event.organisation_id)))
        .select_from(Event)
        .where(col(Event.number).is_(None))
    )
    return (await session.exec(statement)).one()


async def hold_counter(session: AsyncSession, organisation_id: UUID) -> EventCounter:
    """The organisation's counter, held until the transaction ends; made where there is none."""
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    first = EventCounter(organisation_id=organisation_id)
    await session.exec(make(EventCounter).values(**first.model_dump()).on_conflict_do_nothing())
    statement = (
        select(EventCounter)
        .where(col(EventCounter.organisation_id) == organisation_id)
        .with_for_update()
    )
    return (await session.exec(statement)).one()


async def counter(session: AsyncSession, organisation_id: UUID) -> EventCounter:
    """The organisation's counter as it stands."""
    statement = select(EventCounter).where(col(EventCounter.organisation_id) == organisation_id)
    found = (await session.exec(statement)).one_or_none()
    return found or EventCounter(organisation_id=organisation_id)


async def unnumbered(session: AsyncSession, organisation_id: UUID, limit: int) -> list[Event]:
    """Committed events without a number, in the order in which they were written."""
    statement = (
        select(Event)
        .where(col(Event.organisation_id) == organisation_id, col(Event.number).is_(None))
        .order_by(col(Event.id))
        .limit(limit)
    )
    return list((await session.exec(statement)).all())


async def after(
    session: AsyncSession,
    principal: Principal,
    number: int,
    limit: int,
    types: Collection[str],
    pilots: Select[Any] | None,
) -> list[Event]:
    """Events of these types that come after a number, in order; with `pilots`, those of these pilots alone."""
    statement = scoped(principal, Event).where(
        col(Event.number) > number, col(Event.type).in_(types)
    )
    if pilots is not None:
        statement = statement.where(col(Event.pilot_id).in_(pilots))
    statement = statement.order_by(col(Event.number)).limit(limit)
    return list((await session.exec(statement)).all())


async def of_types_between(
    session: AsyncSession,
    principal: Principal,
    types: Collection[str],
    since: datetime,
    until: datetime,
    limit: int,
) -> list[Event]:
    """Numbered events of these types that happened in `[since, until)`, in order."""
    statement = (
        scoped(principal, Event)
        .where(
            col(Event.number).is_not(None),
            col(Event.type).in_(types),
            col(Event.occurred_at) >= since,
            col(Event.occurred_at) < until,
        )
        .order_by(col(Event.number))
        .limit(limit)
    )
    return list((await session.exec(statement)).all())


async def find(session: AsyncSession, principal: Principal, event_id: UUID) -> Event | None:
    """One numbered event."""
    statement = scoped(principal, Event).where(
        col(Event.id) == event_id, col(Event.number).is_not(None)
    )
    return (await session.exec(statement)).one_or_none()


async def last_number_before(
    session: AsyncSession, organisation_id: UUID, before: datetime
) -> int | None:
    """The last number of the events that lie, all of them, before an instant; None where there is none."""
    e = Event
    own = col(e.organisation_id) == organisation_id
    kept = (
        select(func.min(col(e.number)))
        .where(own, col(e.occurred_at) >= before, col(e.number).is_not(None))
        .scalar_subquery()
    )
    statement = select(func.max(col(e.number))).where(
        own, col(e.occurred_at) < before, col(e.number) < func.coalesce(kept, 2**62)
    )
    return (await session.exec(statement)).one()


async def forget_through(session: AsyncSession, organisation_id: UUID, number: int) -> int:
    """Delete an organisation's events up to a number; returns how many."""
    result = await session.exec(
        delete(Event)
        .where(col(Event.organisation_id) == organisation_id, col(Event.number) <= number)
        .returning(col(Event.id))
    )
    return len(result.all())
