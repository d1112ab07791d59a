"""`/pilots/{pilot_id}/time-quality`: days that cannot be true, and samples that will not count."""

from uuid import UUID

from fastapi import APIRouter

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, RecordedRoute, Session, requires
from app.core.fields import CalendarDate
from app.core.pagination import Page, PageRequest
from app.metrics.time_quality import service
from app.metrics.time_quality.schemas import (
    FlaggedDayOut,
    TimeQualityOut,
    day_out,
    quality_out,
)

router = APIRouter(route_class=ApiRoute)
recorded_router = APIRouter(route_class=RecordedRoute)

QUALITY = "/{pilot_id}/time-quality"


@router.get(QUALITY, dependencies=[requires(Scope.METRICS_READ)])
async def get_time_quality(
    pilot_id: UUID,
    session: Session,
    principal: Caller,
    starts_on: CalendarDate | None = None,
    ends_on: CalendarDate | None = None,
) -> TimeQualityOut:
    """What is to be known of the samples recorded over `[starts_on, ends_on)`: by default of all.

    Small counts are withheld from everybody but the pilot's lead.
    """
    answer = await service.quality(session, principal, pilot_id, (starts_on, ends_on))
    return quality_out(pilot_id, answer)


@recorded_router.get(f"{QUALITY}/days", dependencies=[requires(Scope.TIME_READ)])
async def list_flagged_days(
    pilot_id: UUID,
    session: Session,
    principal: Caller,
    page: PageRequest,
    starts_on: CalendarDate | None = None,
    ends_on: CalendarDate | None = None,
) -> Page[FlaggedDayOut]:
    """The person-days that cannot be true, for the pilot's lead alone. Reading is recorded."""
    days = (starts_on, ends_on)
    rows, cursor = await service.flagged_days(session, principal, pilot_id, days, page)
    return Page(items=[day_out(row) for row in rows], next_cursor=cursor)
