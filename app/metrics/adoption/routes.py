"""`/pilots/{pilot_id}/metrics/adoption`."""

from uuid import UUID

from fastapi import APIRouter

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, Session, requires
from app.core.fields import CalendarDate
from app.metrics.adoption import service
from app.metrics.adoption.schemas import AdoptionOut, adoption_out
from app.metrics.groups import GroupBy

router = APIRouter(route_class=ApiRoute)


@router.get("/{pilot_id}/metrics/adoption", dependencies=[requires(Scope.METRICS_READ)])
async def get_adoption(
    pilot_id: UUID,
    session: Session,
    principal: Caller,
    starts_on: CalendarDate | None = None,
    ends_on: CalendarDate | None = None,
    as_of: CalendarDate | None = None,
    group_by: GroupBy | None = None,
) -> AdoptionOut:
    """Who uses the tool, over `[starts_on, ends_on)`: by default the pilot's own window.

    Small counts are withheld from readers who may not see the named people behind them.
    """
    question = service.Question(starts_on, ends_on, as_of, group_by)
    return adoption_out(pilot_id, await service.adoption(session, principal, pilot_id, question))
