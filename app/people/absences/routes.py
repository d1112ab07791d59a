"""`/absences`, and `/people/{person_id}/absences`: when staff are away."""

from uuid import UUID

from fastapi import APIRouter

from app.access.permissions import Scope
from app.access.routing import BulkRoute, Caller, RecordedRoute, Session, requires
from app.core.bulk.descriptions import schema_of
from app.core.bulk.requests import Bulk
from app.core.bulk.results import BulkResult
from app.core.pagination import Page, PageRequest
from app.people.absences import service
from app.people.absences.schemas import AbsenceOut, AbsenceRow

recorded_router = APIRouter(route_class=RecordedRoute)
bulk_router = APIRouter(route_class=BulkRoute)


@bulk_router.post(
    "/bulk", dependencies=[requires(Scope.PEOPLE_WRITE)], openapi_extra=schema_of(AbsenceRow)
)
async def upsert_absences(bulk: Bulk, session: Session, principal: Caller) -> BulkResult:
    """Record absences by person and first day; nobody's seat is asked for while they are away."""
    return await service.upsert_many(session, principal, bulk.rows(AbsenceRow), bulk.options)


@recorded_router.get("/{person_id:uuid}/absences", dependencies=[requires(Scope.PEOPLE_READ)])
async def list_absences(
    person_id: UUID, session: Session, principal: Caller, page: PageRequest
) -> Page[AbsenceOut]:
    """When somebody is away, the latest first. Each read is an audit event."""
    rows, cursor = await service.page(session, principal, person_id, page)
    return Page(items=[AbsenceOut.model_validate(row) for row in rows], next_cursor=cursor)
