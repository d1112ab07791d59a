"""`/pilots/{pilot_id}/metrics/time-use`."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, Session, requires
from app.core.bulk.formats import JSON
from app.metrics.questions import Asked
from app.metrics.time_use import service
from app.metrics.time_use.schemas import TimeUseOut, time_use_out

router = APIRouter(route_class=ApiRoute)


@router.get(
    "/{pilot_id}/metrics/time-use",
    response_model=TimeUseOut,
    dependencies=[requires(Scope.METRICS_READ)],
)
async def get_time_use(
    pilot_id: UUID,
    session: Session,
    principal: Caller,
    question: Asked,
) -> Response:
    """The ratio of admin to direct work, over `[starts_on, ends_on)` and the pilot's baseline.

    By default the window is the pilot's own. Small counts are withheld from everybody but its lead.
    """
    answer = await service.time_use(session, principal, pilot_id, question)
    return Response(time_use_out(pilot_id, answer), media_type=JSON)
