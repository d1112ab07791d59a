"""`/pilots/{pilot_id}/feedback-sessions`: when staff were asked, by whom, and how many came."""

from uuid import UUID

from fastapi import APIRouter, Response, status

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, IfMatch, Session, requires
from app.core.etags import etag_of
from app.core.pagination import Page, PageRequest
from app.feedback.sessions import service
from app.feedback.sessions.models import FeedbackSession, SessionKind
from app.feedback.sessions.schemas import SessionChange, SessionIn, SessionOut

router = APIRouter(route_class=ApiRoute)

SESSIONS = "/{pilot_id}/feedback-sessions"
SESSION = f"{SESSIONS}/{{session_id}}"


def _answer(held: FeedbackSession, response: Response) -> SessionOut:
    response.headers["ETag"] = etag_of(held.id, held.revision)
    return SessionOut.model_validate(held)


@router.post(
    SESSIONS,
    status_code=status.HTTP_201_CREATED,
    dependencies=[requires(Scope.FEEDBACK_WRITE)],
)
async def create_feedback_session(
    pilot_id: UUID, wanted: SessionIn, response: Response, session: Session, principal: Caller
) -> SessionOut:
    """Record a session. A text that seems to identify a person is held back."""
    held = await service.create(session, principal, pilot_id, wanted)
    response.headers["Location"] = f"/api/v1/pilots/{pilot_id}/feedback-sessions/{held.id}"
    return _answer(held, response)


@router.get(SESSIONS, dependencies=[requires(Scope.FEEDBACK_READ)])
async def list_feedback_sessions(
    pilot_id: UUID,
    session: Session,
    principal: Caller,
    page: PageRequest,
    kind: SessionKind | None = None,
) -> Page[SessionOut]:
    """Sessions of a pilot."""
    rows, cursor = await service.page(session, principal, pilot_id, page, kind)
    return Page(items=[SessionOut.model_validate(row) for row in rows], next_cursor=cursor)


@router.get(SESSION, dependencies=[requires(Scope.FEEDBACK_READ)])
async def get_feedback_session(
    pilot_id: UUID, session_id: UUID, response: Response, session: Session, principal: Caller
) -> SessionOut:
    """One session."""
    return _answer(await service.get(session, principal, pilot_id, session_id), response)


@router.patch(SESSION, dependencies=[requires(Scope.FEEDBACK_WRITE)])
async def change_feedback_session(
    pilot_id: UUID,
    session_id: UUID,
    changes: SessionChange,
    response: Response,
    session: Session,
    principal: Caller,
    if_match: IfMatch = None,
) -> SessionOut:
    """Change a session; what is left out stays."""
    held = await service.change(session, principal, pilot_id, session_id, changes, if_match)
    return _answer(held, response)
