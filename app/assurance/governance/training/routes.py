"""`/pilots/{pilot_id}/training`: who has completed what, and how far a pilot is."""

from uuid import UUID

from fastapi import APIRouter

from app.access.permissions import Scope
from app.access.routing import ApiRoute, BulkRoute, Caller, Session, requires
from app.assurance.governance.training import service
from app.assurance.governance.training.schemas import TrainingOut, TrainingRow
from app.core.bulk.descriptions import schema_of
from app.core.bulk.requests import Bulk
from app.core.bulk.results import BulkResult
from app.pilots import service as pilots

router = APIRouter(route_class=ApiRoute)
bulk_router = APIRouter(route_class=BulkRoute)

TRAINING = "/{pilot_id}/training"


@bulk_router.post(
    f"{TRAINING}/bulk",
    dependencies=[requires(Scope.GOVERNANCE_WRITE)],
    openapi_extra=schema_of(TrainingRow),
)
async def record_training(
    pilot_id: UUID, bulk: Bulk, session: Session, principal: Caller
) -> BulkResult:
    """Record who has completed which course, and when."""
    return await service.upsert_many(
        session, principal, pilot_id, bulk.rows(TrainingRow), bulk.options
    )


@router.get(TRAINING, dependencies=[requires(Scope.GOVERNANCE_READ, Scope.PEOPLE_READ)])
async def get_training(pilot_id: UUID, session: Session, principal: Caller) -> TrainingOut:
    """How many of a pilot's people are trained; nobody is named."""
    pilot = await pilots.get(session, principal, pilot_id)
    return await service.standing(session, principal, pilot)
