"""`/me`: who asks."""

from fastapi import APIRouter, Request

from app.access.permissions import Role
from app.access.routing import ApiRoute, Caller, authenticated
from app.access.sessions import service
from app.access.sessions.schemas import MeOut
from app.access.sessions.service import SignedIn

router = APIRouter(route_class=ApiRoute)


@router.get("", dependencies=[authenticated()])
async def get_me(request: Request, principal: Caller) -> MeOut:
    """Who sends this request, by a key, an access token or a session, and what they may do."""
    signed_in: SignedIn | None = request.state.signed_in
    session = signed_in.session if signed_in is not None else None
    own = [Role(role) for role in session.roles] if session is not None else [principal.role]
    return MeOut(
        principal_id=principal.id,
        kind=principal.kind,
        name=signed_in.account.name if signed_in is not None else None,
        person_id=principal.person_id,
        organisation_id=principal.organisation_id,
        role=principal.role,
        roles=[role for role in own if role is not None],
        scopes=sorted(principal.scopes),
        session_expires_at=session.expires_at if session is not None else None,
        csrf_token=(
            service.forgery_token(request.app.state.settings, session)
            if session is not None
            else None
        ),
    )
