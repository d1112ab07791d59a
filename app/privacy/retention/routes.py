"""`/retention-schedule`: how long each kind of data is kept, and what would go."""

from fastapi import APIRouter, Response

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, IfMatch, Session, requires
from app.core.fields import CalendarDate
from app.privacy.retention import service
from app.privacy.retention.models import RetentionSchedule
from app.privacy.retention.periods import PERIODS
from app.privacy.retention.schemas import (
    DueOut,
    PeriodOut,
    RetentionIn,
    RetentionOut,
    RetentionPreviewOut,
)

router = APIRouter(route_class=ApiRoute)


def _answer(
    principal: Caller, schedule: RetentionSchedule | None, response: Response
) -> RetentionOut:
    response.headers["ETag"] = service.etag(principal, schedule)
    days = service.days_of(schedule)
    return RetentionOut(
        is_in_force=schedule is not None,
        revision=schedule.revision if schedule else 0,
        updated_at=schedule.updated_at if schedule else None,
        periods=[
            PeriodOut(
                kept=kept,
                days=days[kept],
                default_days=period.days,
                counted_from=period.counted_from,
            )
            for kept, period in PERIODS.items()
        ],
    )


@router.get("", dependencies=[requires(Scope.GOVERNANCE_READ)])
async def get_retention_schedule(
    response: Response, session: Session, principal: Caller
) -> RetentionOut:
    """How long each kind of data is kept; proposed, and not in force, until it is agreed to."""
    return _answer(principal, await service.get(session, principal), response)


@router.put("", dependencies=[requires(Scope.GOVERNANCE_WRITE)])
async def set_retention_schedule(
    wanted: RetentionIn,
    response: Response,
    session: Session,
    principal: Caller,
    if_match: IfMatch = None,
) -> RetentionOut:
    """Agree to a schedule: from then on `apply_retention` deletes every night what is due."""
    schedule = await service.agree(session, principal, wanted, if_match)
    return _answer(principal, schedule, response)


@router.get("/preview", dependencies=[requires(Scope.GOVERNANCE_READ)])
async def preview_retention(
    session: Session, principal: Caller, as_of: CalendarDate | None = None
) -> RetentionPreviewOut:
    """What would be deleted on a day, table by table; nothing is done."""
    today = service.today_of(principal, as_of)
    found = await service.preview(session, principal, today)
    return RetentionPreviewOut(
        as_of=today,
        is_in_force=await service.get(session, principal) is not None,
        items=[
            DueOut(
                kept=each.rule.kept,
                table=each.rule.name,
                ended_before=each.cut,
                due=each.due,
                held=each.held,
            )
            for each in found
        ],
    )
