"""`/legal-holds`: what must not go."""

from uuid import UUID

from fastapi import APIRouter, Response, status

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, Session, requires
from app.core.pagination import Page, PageRequest
from app.privacy.legal_holds import service
from app.privacy.legal_holds.schemas import LegalHoldIn, LegalHoldOut

router = APIRouter(route_class=ApiRoute)


@router.post(
    "", status_code=status.HTTP_201_CREATED, dependencies=[requires(Scope.GOVERNANCE_WRITE)]
)
async def place_legal_hold(
    wanted: LegalHoldIn, response: Response, session: Session, principal: Caller
) -> LegalHoldOut:
    """Keep what it is on from erasure and from the end of its retention period."""
    hold = await service.place(session, principal, wanted)
    response.headers["Location"] = f"/api/v1/legal-holds/{hold.id}"
    return LegalHoldOut.model_validate(hold)


@router.get("", dependencies=[requires(Scope.GOVERNANCE_READ)])
async def list_legal_holds(
    session: Session, principal: Caller, page: PageRequest, in_force: bool | None = None
) -> Page[LegalHoldOut]:
    """Holds, newest first: all, those in force, or those released."""
    rows, cursor = await service.page(session, principal, page, in_force=in_force)
    return Page(items=[LegalHoldOut.model_validate(row) for row in rows], next_cursor=cursor)


@router.get("/{hold_id}", dependencies=[requires(Scope.GOVERNANCE_READ)])
async def get_legal_hold(hold_id: UUID, session: Session, principal: Caller) -> LegalHoldOut:
    """One hold."""
    return LegalHoldOut.model_validate(await service.get(session, principal, hold_id))


@router.post("/{hold_id}/release", dependencies=[requires(Scope.GOVERNANCE_WRITE)])
async def release_legal_hold(hold_id: UUID, session: Session, principal: Caller) -> LegalHoldOut:
    """Release a hold for good; where it is needed again, a new one is placed."""
    return LegalHoldOut.model_validate(await service.release(session, principal, hold_id))
