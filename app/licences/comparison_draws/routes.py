"""`/pilots/{pilot_id}/comparison-draws`: who is compared with, drawn by chance."""

from uuid import UUID

from fastapi import APIRouter, status

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, Session, requires
from app.core.pagination import Page, PageRequest
from app.licences.comparison_draws import service
from app.licences.comparison_draws.schemas import ComparisonDrawIn, ComparisonDrawOut

router = APIRouter(route_class=ApiRoute)

DRAWS = "/{pilot_id}/comparison-draws"


@router.post(
    DRAWS, status_code=status.HTTP_201_CREATED, dependencies=[requires(Scope.PILOTS_WRITE)]
)
async def draw_comparison_group(
    pilot_id: UUID, wanted: ComparisonDrawIn, session: Session, principal: Caller
) -> ComparisonDrawOut:
    """Draw people at random and enrol them in arm `comparison`, until the pilot starts.

    They are drawn from those who wait for a seat of the pilot's pools, or from a given list; members of
    the pilot are left out.
    """
    return ComparisonDrawOut.model_validate(
        await service.draw(session, principal, pilot_id, wanted)
    )


@router.get(DRAWS, dependencies=[requires(Scope.PILOTS_READ)])
async def list_comparison_draws(
    pilot_id: UUID, session: Session, principal: Caller, page: PageRequest
) -> Page[ComparisonDrawOut]:
    """The draws of a pilot with their seeds."""
    rows, cursor = await service.page(session, principal, pilot_id, page)
    return Page(items=[ComparisonDrawOut.model_validate(row) for row in rows], next_cursor=cursor)
