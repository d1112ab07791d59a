"""`/governance` and `/pilots/{pilot_id}/gates`: what bars a pilot's start, and how governance stands."""

from uuid import UUID

from fastapi import APIRouter, Response, status

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, IfMatch, Session, requires
from app.assurance.governance.gates import service
from app.assurance.governance.gates.schemas import (
    GateOverrideIn,
    GateOverrideOut,
    GatesIn,
    GatesOut,
    GovernanceFiguresOut,
    PilotGatesOut,
    TransparencyExportOut,
)

router = APIRouter(route_class=ApiRoute)
pilots_router = APIRouter(route_class=ApiRoute)


@router.get("/gates", dependencies=[requires(Scope.GOVERNANCE_READ)])
async def get_gates(response: Response, session: Session, principal: Caller) -> GatesOut:
    """What must be in order before a pilot of the organisation may start; nothing until it is set."""
    gates, response.headers["ETag"] = await service.of_organisation(session, principal)
    return GatesOut(gates=gates)


@router.put("/gates", dependencies=[requires(Scope.GOVERNANCE_WRITE)])
async def put_gates(
    wanted: GatesIn,
    response: Response,
    session: Session,
    principal: Caller,
    if_match: IfMatch = None,
) -> GatesOut:
    """Set what must be in order before a pilot may start. Pilots that run go on running."""
    gates, response.headers["ETag"] = await service.put(session, principal, wanted, if_match)
    return GatesOut(gates=gates)


@router.get("/figures", dependencies=[requires(Scope.GOVERNANCE_READ)])
async def get_governance_figures(session: Session, principal: Caller) -> GovernanceFiguresOut:
    """Topics that policies cover, reviews that are overdue, and how many days gates took."""
    return await service.figures(session, principal)


@pilots_router.get("/{pilot_id}/gates", dependencies=[requires(Scope.PILOTS_READ)])
async def get_pilot_gates(pilot_id: UUID, session: Session, principal: Caller) -> PilotGatesOut:
    """How the gates of a pilot stand, what is to be done, and who let it start without which."""
    return await service.of_pilot(session, principal, pilot_id)


@pilots_router.get(
    "/{pilot_id}/transparency-record", dependencies=[requires(Scope.GOVERNANCE_READ)]
)
async def get_transparency_record(
    pilot_id: UUID, session: Session, principal: Caller
) -> TransparencyExportOut:
    """A draft of the pilot's algorithmic transparency record, every heading in the standard's order."""
    return await service.transparency_record(session, principal, pilot_id)


@pilots_router.post(
    "/{pilot_id}/gate-overrides",
    status_code=status.HTTP_201_CREATED,
    dependencies=[requires(Scope.GOVERNANCE_OVERRIDE)],
)
async def override_gates(
    pilot_id: UUID, wanted: GateOverrideIn, session: Session, principal: Caller
) -> GateOverrideOut:
    """Let a pilot start without gates that bar it. The reason is shown wherever the pilot is."""
    made = await service.override(session, principal, pilot_id, wanted)
    return GateOverrideOut.model_validate(made)
