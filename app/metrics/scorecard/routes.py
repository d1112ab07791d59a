"""`/pilots/{pilot_id}/scorecard`."""

from uuid import UUID

from fastapi import APIRouter

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, Session, requires
from app.metrics.scorecard import service
from app.metrics.scorecard.schemas import ScorecardOut, scorecard_out

router = APIRouter(route_class=ApiRoute)


@router.get("/{pilot_id}/scorecard", dependencies=[requires(Scope.METRICS_READ)])
async def get_scorecard(pilot_id: UUID, session: Session, principal: Caller) -> ScorecardOut:
    """A pilot on one page: the headline, every figure, its criteria, and what is missing.

    Small counts are withheld as on the pages of the figures.
    """
    return scorecard_out(await service.scorecard(session, principal, pilot_id))
