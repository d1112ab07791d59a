"""`/audit-seal`: how far the audit log is sealed, and whether it is as it was."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, Session, requires
from app.audit_log.seals import service
from app.audit_log.seals.checkpoints import Signer
from app.audit_log.seals.schemas import (
    AuditSealOut,
    SealVerificationOut,
    seal_out,
    verification_out,
)

router = APIRouter(route_class=ApiRoute)

_MOST_POSITIONS = 10_000
_LARGEST = 2**53 - 1


@router.get("", dependencies=[requires(Scope.GOVERNANCE_READ)])
async def get_audit_seal(request: Request, session: Session, principal: Caller) -> AuditSealOut:
    """How far the audit log is sealed, what waits, the newest checkpoint and the keys that verify it."""
    signer = Signer.of(request.app.state.settings)
    return seal_out(await service.standing(session, principal), signer.public_keys())


@router.get("/verification", dependencies=[requires(Scope.GOVERNANCE_READ)])
async def verify_audit_seal(
    request: Request,
    session: Session,
    principal: Caller,
    after: Annotated[
        int,
        Query(ge=0, le=_LARGEST, description="The position to start after: `next_after` before."),
    ] = 0,
) -> SealVerificationOut:
    """Hold up to 10,000 positions of the chain against their events and the stored checkpoints."""
    signer = Signer.of(request.app.state.settings)
    verified = await service.verify(session, principal, signer, after=after, most=_MOST_POSITIONS)
    return verification_out(verified)
