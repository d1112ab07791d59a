"""`/pilots/{pilot_id}/time-coverage`: what samples were expected, and what is missing."""

from uuid import UUID

from fastapi import APIRouter

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, RecordedRoute, Session, requires
from app.core.fields import CalendarDate
from app.core.pagination import Page, PageRequest
from app.metrics.time_coverage import service
from app.metrics.time_coverage.schemas import PersonCoverageOut, TimeCoverageOut, coverage_out

router = APIRouter(route_class=ApiRoute)
recorded_router = APIRouter(route_class=RecordedRoute)

COVERAGE = "/{pilot_id}/time-coverage"


@router.get(COVERAGE, dependencies=[requires(Scope.METRICS_READ)])
async def get_time_coverage(
    pilot_id: UUID,
    session: Session,
    principal: Caller,
    starts_on: CalendarDate | None = None,
    ends_on: CalendarDate | None = None,
) -> TimeCoverageOut:
    """Person-days expected by the sampling plan and covered by samples; by default from the baseline on.

    Small counts are withheld from everybody but the pilot's lead.
    """
    answer = await service.coverage(session, principal, pilot_id, (starts_on, ends_on))
    return coverage_out(pilot_id, answer)


@recorded_router.get(f"{COVERAGE}/people", dependencies=[requires(Scope.TIME_READ)])
async def list_time_coverage_of_people(
    pilot_id: UUID,
    session: Session,
    principal: Caller,
    page: PageRequest,
    starts_on: CalendarDate | None = None,
    ends_on: CalendarDate | None = None,
) -> Page[PersonCoverageOut]:
    """The same of each person with the days that are missing, for the pilot's lead alone. Reading is recorded."""
    days = (starts_on, ends_on)
    rows, cursor = await service.people(session, principal, pilot_id, days, page)
    return Page(items=[PersonCoverageOut.model_validate(row) for row in rows], next_cursor=cursor)
