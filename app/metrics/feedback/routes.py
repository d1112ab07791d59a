"""`/pilots/{pilot_id}/metrics/feedback` and `/pilots/{pilot_id}/feedback-summary`."""

from uuid import UUID

from fastapi import APIRouter

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, Session, requires
from app.core.fields import CalendarDate
from app.metrics.feedback import service
from app.metrics.feedback.schemas import (
    FeedbackMetrics,
    FeedbackSummary,
    feedback_out,
    summary_out,
)
from app.metrics.questions import Asked, Question

router = APIRouter(route_class=ApiRoute)


@router.get("/{pilot_id}/metrics/feedback", dependencies=[requires(Scope.METRICS_READ)])
async def get_feedback(
    pilot_id: UUID,
    session: Session,
    principal: Caller,
    question: Asked,
) -> FeedbackMetrics:
    """What staff say, over the ISO weeks of `[starts_on, ends_on)`: by default the pilot's own window.

    Small counts are withheld from everybody but the pilot's lead.
    """
    return feedback_out(pilot_id, await service.feedback(session, principal, pilot_id, question))


@router.get("/{pilot_id}/feedback-summary", dependencies=[requires(Scope.FEEDBACK_READ)])
async def get_feedback_summary(
    pilot_id: UUID,
    session: Session,
    principal: Caller,
    starts_on: CalendarDate | None = None,
    ends_on: CalendarDate | None = None,
) -> FeedbackSummary:
    """Feedback week by week, who is missing, what is named, and the sessions that were held."""
    question = Question(starts_on, ends_on)
    answer = await service.feedback(session, principal, pilot_id, question)
    held = await service.held_sessions(session, principal, pilot_id, answer.window)
    return summary_out(pilot_id, answer, held)
