"""`/people/{person_id}/accesses`: who has read somebody's data, when, and by which route."""

from uuid import UUID

from fastapi import APIRouter

from app.access.permissions import Scope
from app.access.routing import Caller, RecordedRoute, Session, requires
from app.core.pagination import Page, PageRequest
from app.privacy.accesses import service
from app.privacy.accesses.schemas import AccessOut

router = APIRouter(route_class=RecordedRoute)


@router.get(
    "/{person_id:uuid}/accesses",
    dependencies=[requires(Scope.GOVERNANCE_READ, Scope.PEOPLE_READ)],
)
async def list_accesses(
    person_id: UUID, session: Session, principal: Caller, page: PageRequest
) -> Page[AccessOut]:
    """Who has read a person's data, newest first, from the audit log. Reading is recorded."""
    rows, cursor = await service.page(session, principal, person_id, page)
    return Page(items=rows, next_cursor=cursor)
