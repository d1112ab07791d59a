"""All SQL about the audit log."""

from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped
from app.audit_log.models import AuditEvent
from app.core.pagination import PageQuery, paginate


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
