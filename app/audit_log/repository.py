"""All SQL about the audit log."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns
from app.audit_log.models import AuditEvent
from app.core import clock
from app.core.models import metadata, new_id
from app.core.pagination import PageQuery, paginate


async def append(session: AsyncSession, events: Sequence[dict[str, Any]]) -> None:
    """Write events that have no details, all at once."""
    if not events:
        return
    now = clock.now()
    rows = [{**event, "id": new_id(), "occurred_at": now, "details": {}} for event in events]
    connection = await session.connection()
    await connection.execute(insert(metadata.tables["audit_event"]), rows)
    waiting = [{"organisation_id": row["organisation_id"], "event_id": row["id"]} for row in rows]
    await connection.execute(insert(metadata.tables["audit_unsealed"]), waiting)


async def page(
    session: AsyncSession,
    principal: Principal,
    query: PageQuery,
    *,
    action: str | None,
    resource_id: UUID | None,
) -> tuple[list[AuditEvent], str | None]:
    statement = scoped(principal, AuditEvent)
    if action is not None:
        statement = statement.where(col(AuditEvent.action) == action)
    if resource_id is not None:
        statement = statement.where(col(AuditEvent.resource_id) == resource_id)
    return await paginate(session, statement, col(AuditEvent.id), query, newest_first=True)


async def count_since(session: AsyncSession, principal: Principal, mark: UUID) -> int:
    """How many events have a greater id than `mark`."""
    statement = scoped_columns(principal, AuditEvent, func.count()).where(col(AuditEvent.id) > mark)
    return int((await session.exec(statement)).one()[0])
