"""`/pilots/{pilot_id}/plan-check`: what a pilot as planned could show."""

from uuid import UUID

from fastapi import APIRouter

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, Session, requires
from app.metrics.plan_check import service
from app.metrics.plan_check.schemas import PlanCheckIn, PlanCheckOut, check_out

router = APIRouter(route_class=ApiRoute)


@router.post("/{pilot_id}/plan-check", dependencies=[requires(Scope.PILOTS_READ)])
async def check_pilot_plan(
    pilot_id: UUID, wanted: PlanCheckIn, session: Session, principal: Caller
) -> PlanCheckOut:
    """The smallest change of the admin share that a plan would probably show, and what it lacks.

    Changes nothing. Small numbers of members are withheld from whoever may not list them.
    """
    checked = await service.check_plan(session, principal, pilot_id, wanted)
    return check_out(pilot_id, checked.found, checked.taken)
