"""`/pilots/{pilot_id}/metrics/adoption`."""

from uuid import UUID

from fastapi import APIRouter

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, Session, requires
from app.metrics.adoption import service
from app.metrics.adoption.schemas import AdoptionOut, adoption_out
from app.metrics.questions import Asked

router = APIRouter(route_class=ApiRoute)


@router.get("/{pilot_id}/metrics/adoption", dependencies=[requires(Scope.METRICS_READ)])
async def get_adoption(
    pilot_id: UUID,
    session: Session,
    principal: Caller,
    question: Asked,
) -> AdoptionOut:
    """Who uses the tool, over `[starts_on, ends_on)`: by default the pilot's own window.

    Small counts are withheld from readers who may not see the named people behind them.
    """
    return adoption_out(pilot_id, await service.adoption(session, principal, pilot_id, question))
