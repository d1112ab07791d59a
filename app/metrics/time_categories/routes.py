"""`/pilots/{pilot_id}/metrics/time-use/categories`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, Session, requires
from app.core.bulk.formats import JSON
from app.core.fields import CalendarDate
from app.metrics.questions import Question
from app.metrics.time_categories import service
from app.metrics.time_categories.schemas import TimeCategoriesOut, categories_out

router = APIRouter(route_class=ApiRoute)


@router.get(
    "/{pilot_id}/metrics/time-use/categories",
    response_model=TimeCategoriesOut,
    dependencies=[requires(Scope.METRICS_READ)],
)
async def get_time_categories(
    pilot_id: UUID,
    session: Session,
    principal: Caller,
    starts_on: CalendarDate | None = None,
    ends_on: CalendarDate | None = None,
    as_of: Annotated[
        CalendarDate | None, Query(description="The last day that is taken into account.")
    ] = None,
) -> Response:
    """The share of recorded time that went to each category, over `[starts_on, ends_on)` and the pilot's baseline.

    By default the window is the pilot's own. Its lead sees all of it; everybody else when the window is over,
    without what so few people recorded, and without what would tell that.
    """
    question = Question(starts_on, ends_on, as_of)
    answer = await service.categories(session, principal, pilot_id, question)
    return Response(categories_out(pilot_id, answer), media_type=JSON)
