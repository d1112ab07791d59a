"""`/licence-activity`: who used what, by day or week."""

from fastapi import APIRouter

from app.access.permissions import Scope
from app.access.routing import BulkRoute, Caller, Session, requires
from app.core.bulk.descriptions import schema_of
from app.core.bulk.requests import Bulk
from app.core.bulk.results import BulkResult
from app.licences.activity import service
from app.licences.activity.schemas import ActivityRow

bulk_router = APIRouter(route_class=BulkRoute)


@bulk_router.post(
    "/bulk", dependencies=[requires(Scope.LICENCES_WRITE)], openapi_extra=schema_of(ActivityRow)
)
async def upsert_licence_activity(bulk: Bulk, session: Session, principal: Caller) -> BulkResult:
    """Record activity; a later value for the same person, period and app replaces the earlier one."""
    return await service.upsert_many(session, principal, bulk.rows(ActivityRow), bulk.options)
