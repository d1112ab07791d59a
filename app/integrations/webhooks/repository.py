"""All SQL about endpoints and what is sent to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, and_, delete, exists, func, or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns
from app.core.models import in_parts
from app.core.pagination import PageQuery, paginate
from app.events.models import Event
from app.integrations.webhooks.models import (
    DeliveryState,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)

_ROWS_AT_ONCE = 1000


def _is_due(now: datetime) -> ColumnElement[bool]:
    """Its time has come, and nothing of its subject is still to be sent before it."""
    d, before = WebhookDelivery, aliased(WebhookDelivery)
    earlier = exists().where(
        col(before.organisation_id) == col(d.organisation_id),
        col(before.endpoint_id) == col(d.endpoint_id),
        col(before.subject) == col(d.subject),
        col(before.number) < col(d.number),
        col(before.state) == DeliveryState.PENDING,
    )
    return and_(col(d.state) == DeliveryState.PENDING, col(d.next_attempt_at) <= now, ~earlier)


def _is_free(now: datetime) -> ColumnElement[bool]:
    e = WebhookEndpoint
    return and_(
        col(e.is_enabled).is_(True), or_(col(e.held_until).is_(None), col(e.held_until) <= now)
    )


async def due(session: AsyncSession, now: datetime) -> list[tuple[UUID, UUID]]:
    """(organisation, endpoint) of every endpoint that nobody sends to, and that something is due for."""
    e, d = WebhookEndpoint, WebhookDelivery
    something = exists().where(
        col(d.organisation_id) == col(e.organisation_id),
        col(d.endpoint_id) == col(e.id),
        _is_due(now),
    )
    statement = select(col(e.organisation_id), col(e.id)).where(_is_free(now), something)
    return list((await session.exec(statement)).all())


async def claim(
    session: AsyncSession,
    organisation_id: UUID,
    endpoint_id: UUID,
    holder: UUID,
    now: datetime,
    until: datetime,
) -> bool:
    """Whether the endpoint was free, and is now the holder's."""
    e = WebhookEndpoint
    statement = (
        update(e)
        .where(col(e.organisation_id) == organisation_id, col(e.id) == endpoint_id, _is_free(now))
        .values(held_by=holder, held_until=until)
    )
    return cast("CursorResult[Any]", await session.exec(statement)).rowcount == 1


async def held(
    session: AsyncSession, organisation_id: UUID, endpoint_id: UUID, holder: UUID
) -> WebhookEndpoint | None:
    """The endpoint, held until the transaction ends; None where it is the holder's no longer."""
    e = WebhookEndpoint
    statement = (
        select(e)
        .where(
            col(e.organisation_id) == organisation_id,
            col(e.id) == endpoint_id,
            col(e.held_by) == holder,
        )
        .with_for_update()
    )
    return (await session.exec(statement)).one_or_none()


async def next_due(
    session: AsyncSession, endpoint: WebhookEndpoint, now: datetime, limit: int
) -> list[tuple[WebhookDelivery, Event]]:
    """What is to be sent to an endpoint now, each of another subject, in order."""
    d = WebhookDelivery
    statement = (
        select(d, Event)
        .join(
            Event,
            and_(
                col(Event.organisation_id) == col(d.organisation_id),
                col(Event.id) == col(d.event_id),
            ),
        )
        .where(
            col(d.organisation_id) == endpoint.organisation_id,
            col(d.endpoint_id) == endpoint.id,
            _is_due(now),
        )
        .order_by(col(d.number))
        .limit(limit)
    )
    return list((await session.exec(statement)).all())


async def deliveries_of(
    session: AsyncSession, endpoint: WebhookEndpoint, event_ids: Sequence[UUID]
) -> dict[UUID, WebhookDelivery]:
    """Deliveries to an endpoint, by event."""
    d = WebhookDelivery
    found: dict[UUID, WebhookDelivery] = {}
    for part in in_parts(event_ids):
        statement = select(d).where(
            col(d.organisation_id) == endpoint.organisation_id,
            col(d.endpoint_id) == endpoint.id,
            col(d.event_id).in_(part),
        )
        found |= {row.event_id: row for row in await session.exec(statement)}
    return found


async def enabled(session: AsyncSession, organisation_id: UUID) -> list[WebhookEndpoint]:
    """An organisation's endpoints that get something."""
    e = WebhookEndpoint
    statement = select(e).where(
        col(e.organisation_id) == organisation_id, col(e.is_enabled).is_(True)
    )
    return list((await session.exec(statement)).all())


async def queue(session: AsyncSession, deliveries: Sequence[WebhookDelivery]) -> None:
    """Add deliveries; of an event that is on its way already, none."""
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    for start in range(0, len(deliveries), _ROWS_AT_ONCE):
        rows = [each.model_dump() for each in deliveries[start : start + _ROWS_AT_ONCE]]
        await session.exec(make(WebhookDelivery).on_conflict_do_nothing(), params=rows)


# --- for administrators ----------------------------------------------------------------------------


async def find(
    session: AsyncSession, principal: Principal, endpoint_id: UUID, *, for_update: bool = False
) -> WebhookEndpoint | None:
    statement = scoped(principal, WebhookEndpoint).where(col(WebhookEndpoint.id) == endpoint_id)
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).one_or_none()


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery
) -> tuple[list[WebhookEndpoint], str | None]:
    return await paginate(
        session, scoped(principal, WebhookEndpoint), col(WebhookEndpoint.id), query
    )


async def every(session: AsyncSession, principal: Principal) -> list[WebhookEndpoint]:
    """All of them, held until the transaction ends."""
    e = WebhookEndpoint
    statement = scoped(principal, e).order_by(col(e.id)).with_for_update()
    return list((await session.exec(statement)).all())


async def count(session: AsyncSession, principal: Principal) -> int:
    counted = scoped_columns(principal, WebhookEndpoint, func.count(col(WebhookEndpoint.id)))
    return int((await session.exec(counted)).one()[0])


async def delete_endpoint(session: AsyncSession, endpoint: WebhookEndpoint) -> None:
    """Delete an endpoint with everything that was on its way to it."""
    for model in (WebhookAttempt, WebhookDelivery):
        await session.exec(
            delete(model).where(
                col(model.organisation_id) == endpoint.organisation_id,
                col(model.endpoint_id) == endpoint.id,
            )
        )
    await session.delete(endpoint)


async def deliveries_page(
    session: AsyncSession,
    principal: Principal,
    endpoint_id: UUID,
    query: PageQuery,
    state: DeliveryState | None,
) -> tuple[list[WebhookDelivery], str | None]:
    """Deliveries to an endpoint, the newest event first."""
    d = WebhookDelivery
    statement = scoped(principal, d).where(col(d.endpoint_id) == endpoint_id)
    if state is not None:
        statement = statement.where(col(d.state) == state)
    return await paginate(session, statement, col(d.event_id), query, newest_first=True)


async def attempts_page(
    session: AsyncSession,
    principal: Principal,
    endpoint_id: UUID,
    query: PageQuery,
    event_id: UUID | None,
) -> tuple[list[WebhookAttempt], str | None]:
    """Attempts to deliver to an endpoint, the newest first."""
    a = WebhookAttempt
    statement = scoped(principal, a).where(col(a.endpoint_id) == endpoint_id)
    if event_id is not None:
        statement = statement.where(col(a.event_id) == event_id)
    return await paginate(session, statement, col(a.id), query, newest_first=True)


# --- clean-up and figures --------------------------------------------------------------------------


async def forget_through(session: AsyncSession, organisation_id: UUID, number: int) -> int:
    """Delete the deliveries of an organisation's events up to a number, with their attempts; returns how many."""
    d, a = WebhookDelivery, WebhookAttempt
    old = select(col(d.event_id)).where(
        col(d.organisation_id) == organisation_id, col(d.number) <= number
    )
    await session.exec(
        delete(a).where(col(a.organisation_id) == organisation_id, col(a.event_id).in_(old))
    )
    result = await session.exec(
        delete(d)
        .where(col(d.organisation_id) == organisation_id, col(d.number) <= number)
        .returning(col(d.event_id))
    )
    return len(result.all())


async def pending(session: AsyncSession) -> tuple[int, datetime | None]:
    """How many deliveries of all organisations are to be made, and since when the oldest waits."""
    d, e = WebhookDelivery, WebhookEndpoint
    statement = (
        select(func.count(col(d.organisation_id)), func.min(col(d.queued_at)))
        .select_from(d)
        .join(
            e,
            and_(col(e.organisation_id) == col(d.organisation_id), col(e.id) == col(d.endpoint_id)),
        )
        .where(col(d.state) == DeliveryState.PENDING, col(e.is_enabled).is_(True))
    )
    count, oldest = (await session.exec(statement)).one()
    return count, oldest


async def failures(session: AsyncSession) -> int:
    """How many attempts to deliver have failed, over all endpoints of all organisations."""
    e = WebhookEndpoint
    statement = select(func.coalesce(func.sum(col(e.failures)), 0)).where(
        col(e.organisation_id).is_not(None)
    )
    return int((await session.exec(statement)).one())
