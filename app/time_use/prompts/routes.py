"""`/pilots/{pilot_id}/time-prompts`: at which moments people are asked what they are doing."""

from datetime import date
from uuid import UUID

from fastapi import APIRouter, status

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, RecordedRoute, Session, requires
from app.core.fields import CalendarDate
from app.core.pagination import Page, PageRequest
from app.time_use.prompts import service
from app.time_use.prompts.schemas import DrawIn, DrawOut, PromptOut

router = APIRouter(route_class=ApiRoute)
recorded_router = APIRouter(route_class=RecordedRoute)

PROMPTS = "/{pilot_id}/time-prompts"


@router.post(
    f"{PROMPTS}/draw",
    status_code=status.HTTP_201_CREATED,
    dependencies=[requires(Scope.PILOTS_WRITE)],
)
async def draw_time_prompts(
    pilot_id: UUID, wanted: DrawIn, session: Session, principal: Caller
) -> DrawOut:
    """Draw moments at random for every expected person-day without any; the same days again add nothing."""
    return await service.draw(session, principal, pilot_id, wanted)


@recorded_router.get(PROMPTS, dependencies=[requires(Scope.TIME_WRITE)])
async def list_time_prompts(
    pilot_id: UUID,
    session: Session,
    principal: Caller,
    page: PageRequest,
    starts_on: CalendarDate | None = None,
    ends_on: CalendarDate | None = None,
    person_id: UUID | None = None,
) -> Page[PromptOut]:
    """Prompts of named people, for the pilot's lead and the integrator that sends them. Reading is recorded."""
    days: tuple[date | None, date | None] = (starts_on, ends_on)
    rows, cursor = await service.page(session, principal, pilot_id, page, days, person_id)
    return Page(items=[PromptOut.model_validate(row) for row in rows], next_cursor=cursor)
