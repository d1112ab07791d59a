"""`/decisions`: what was decided about pilots. They are made and read; nothing changes or removes one."""

from uuid import UUID

from fastapi import APIRouter, Response, status

from app.access.permissions import Scope
from app.access.principals import Principal
from app.access.routing import ApiRoute, Caller, Session, requires
from app.core.pagination import Page, PageRequest
from app.decisions import service
from app.decisions.models import PilotDecision
from app.decisions.schemas import DecisionBasis, PilotDecisionIn, PilotDecisionOut, decision_out

router = APIRouter(route_class=ApiRoute)
pilots_router = APIRouter(route_class=ApiRoute)

_READ = requires(Scope.PILOTS_READ, Scope.METRICS_READ)


async def _sent(
    session: Session, principal: Principal, decisions: list[PilotDecision]
) -> list[PilotDecisionOut]:
    later = await service.superseding(session, principal, decisions)
    return [decision_out(each, later.get(each.id)) for each in decisions]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    dependencies=[requires(Scope.PILOTS_WRITE, Scope.METRICS_READ)],
)
async def decide_on_pilot(
    wanted: PilotDecisionIn, response: Response, session: Session, principal: Caller
) -> PilotDecisionOut:
    """Scale, extend, reduce or stop, when the window has ended; its criteria are judged and sealed with it.

    A decision is never changed: a later one names the one that it takes the place of.
    """
    decision = await service.decide(session, principal, wanted)
    response.headers["Location"] = f"/api/v1/decisions/{decision.id}"
    return decision_out(decision, None)


@router.get("", dependencies=[_READ])
async def list_decisions(
    session: Session, principal: Caller, page: PageRequest, pilot_id: UUID | None = None
) -> Page[PilotDecisionOut]:
    """Decisions, newest first, those that are superseded as well."""
    rows, cursor = await service.page(session, principal, page, pilot_id)
    return Page(items=await _sent(session, principal, rows), next_cursor=cursor)


@router.get("/{decision_id}", dependencies=[_READ])
async def get_decision(decision_id: UUID, session: Session, principal: Caller) -> PilotDecisionOut:
    """One decision as it was made, and whether its seal holds."""
    found = await service.get(session, principal, decision_id)
    return (await _sent(session, principal, [found]))[0]


@pilots_router.get("/{pilot_id}/decision-basis", dependencies=[_READ])
async def get_decision_basis(pilot_id: UUID, session: Session, principal: Caller) -> DecisionBasis:
    """What would be decided by today: the criteria as they stand, the seats' use, and what stands in the way."""
    pilot, found = await service.basis(session, principal, pilot_id)
    refusal = service.why_not_yet(pilot, principal)
    newest = await service.newest(session, principal, pilot_id)
    return DecisionBasis(
        **found.model_dump(),
        pilot_id=pilot_id,
        why_not_yet=refusal.detail if refusal is not None else None,
        supersedes=newest.id if newest is not None else None,
    )
