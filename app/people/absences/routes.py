"""`/absences`: when staff are away."""

from fastapi import APIRouter

from app.access.permissions import Scope
from app.access.routing import BulkRoute, Caller, Session, requires
from app.core.bulk.descriptions import schema_of
from app.core.bulk.requests import Bulk
from app.core.bulk.results import BulkResult
from app.people.absences import service
from app.people.absences.schemas import AbsenceRow

bulk_router = APIRouter(route_class=BulkRoute)


@bulk_router.post(
    "/bulk", dependencies=[requires(Scope.PEOPLE_WRITE)], openapi_extra=schema_of(AbsenceRow)
)
async def upsert_absences(bulk: Bulk, session: Session, principal: Caller) -> BulkResult:
    """Record absences by person and first day; nobody's seat is asked for while they are away."""
    return await service.upsert_many(session, principal, bulk.rows(AbsenceRow), bulk.options)
