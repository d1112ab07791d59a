"""`/audit-events`: who did what to what, when."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, Session, requires
from app.audit_log import service
from app.audit_log.schemas import AuditEventOut
from app.core.pagination import Page, PageRequest

router = APIRouter(route_class=ApiRoute)


@router.get("", dependencies=[requires(Scope.GOVERNANCE_READ)])
async def list_audit_events(
    session: Session,
    principal: Caller,
    page: PageRequest,
    action: Annotated[str | None, Query(max_length=100, pattern=r"^[a-z_.]+$")] = None,
    resource_id: UUID | None = None,
) -> Page[AuditEventOut]:
    """Events of the organisation, newest first."""
    rows, cursor = await service.page(
        session, principal, page, action=action, resource_id=resource_id
    )
    return Page(items=[AuditEventOut.model_validate(row) for row in rows], next_cursor=cursor)
