"""`/pilots/{pilot_id}/sampling-plan`: on which days samples are expected of whom."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, IfMatch, Session, requires
from app.time_use.plans import service
from app.time_use.plans.models import Weekday
from app.time_use.plans.schemas import PlanIn, PlanOut, wall
from app.time_use.plans.service import Set

router = APIRouter(route_class=ApiRoute)

PLAN = "/{pilot_id}/sampling-plan"


def _answer(found: Set, response: Response) -> PlanOut:
    response.headers["ETag"] = found.etag
    plan = found.plan
    return PlanOut(
        method=plan.method,
        arms=plan.arms,
        days=[Weekday(day) for day in plan.days],
        person_days_per_week=plan.person_days_per_week,
        prompts_per_day=plan.prompts_per_day,
        from_time=wall(plan.from_time),
        until=wall(plan.until_time),
    )


@router.get(PLAN, dependencies=[requires(Scope.PILOTS_READ)])
async def get_sampling_plan(
    pilot_id: UUID, response: Response, session: Session, principal: Caller
) -> PlanOut:
    """What the pilot expects; 404 while it has no plan."""
    return _answer(await service.get(session, principal, pilot_id), response)


@router.put(PLAN, dependencies=[requires(Scope.PILOTS_WRITE)])
async def put_sampling_plan(
    pilot_id: UUID,
    wanted: PlanIn,
    response: Response,
    session: Session,
    principal: Caller,
    if_match: IfMatch = None,
) -> PlanOut:
    """Set the plan, or change it. Coverage of weeks gone by is then counted by the new one."""
    return _answer(await service.put(session, principal, pilot_id, wanted, if_match), response)
