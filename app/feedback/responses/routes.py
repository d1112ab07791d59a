"""`/pilots/{pilot_id}/feedback`: what staff answered, week by week."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, status

from app.access.permissions import Scope
from app.access.routing import (
    ApiRoute,
    BulkRoute,
    Caller,
    RecordedRoute,
    Session,
    requires,
)
from app.core.bulk.descriptions import schema_of
from app.core.bulk.requests import Bulk
from app.core.fields import CalendarDate
from app.core.pagination import Page, PageRequest
from app.feedback.responses import service
from app.feedback.responses.comments import MINIMUM_WRITERS
from app.feedback.responses.models import FeedbackResponse
from app.feedback.responses.repository import ResponseFilter
from app.feedback.responses.rows import is_anonymous
from app.feedback.responses.schemas import (
    CommentOut,
    CommentsPage,
    FeedbackBulkResult,
    FeedbackIn,
    FeedbackOut,
    FeedbackResult,
    FeedbackRow,
)

router = APIRouter(route_class=ApiRoute)
bulk_router = APIRouter(route_class=BulkRoute)
recorded_router = APIRouter(route_class=RecordedRoute)

FEEDBACK = "/{pilot_id}/feedback"


@bulk_router.post(
    f"{FEEDBACK}/bulk",
    dependencies=[requires(Scope.FEEDBACK_WRITE)],
    openapi_extra=schema_of(FeedbackRow),
)
async def record_many_answers(
    pilot_id: UUID, bulk: Bulk, session: Session, principal: Caller
) -> FeedbackBulkResult:
    """Record answers: a person's second one about a week replaces the first; a file may come twice."""
    return await service.upsert_many(
        session, principal, pilot_id, bulk.rows(FeedbackRow), bulk.options
    )


@router.post(
    FEEDBACK,
    status_code=status.HTTP_201_CREATED,
    dependencies=[requires(Scope.FEEDBACK_WRITE)],
    responses={200: {"model": FeedbackResult, "description": "Replaced, or there already."}},
)
async def record_answer(
    pilot_id: UUID,
    wanted: FeedbackIn,
    request: Request,
    response: Response,
    session: Session,
    principal: Caller,
) -> FeedbackResult:
    """Record one answer, named or anonymous. Text that seems to identify a person is held back."""
    row = wanted.row()
    done = await service.record(session, principal, pilot_id, row)
    if done.outcome != "accepted":
        response.status_code = status.HTTP_200_OK
    if is_anonymous(row):
        # The stored copy has a time, and would tell when the answer came.
        shown = done.model_copy(update={"feedback_id": None})
        request.state.replay_body = shown.model_dump_json().encode()
    return done


@recorded_router.get(FEEDBACK, dependencies=[requires(Scope.FEEDBACK_READ)])
async def list_answers(
    pilot_id: UUID,
    session: Session,
    principal: Caller,
    page: PageRequest,
    starts_on: CalendarDate | None = None,
    ends_on: CalendarDate | None = None,
    person_id: UUID | None = None,
    session_id: Annotated[UUID | None, Query(description="Answers given at a session.")] = None,
) -> Page[FeedbackOut]:
    """Answers about the weeks that start in `[starts_on, ends_on)`, for the pilot's lead alone. Recorded."""
    wanted = ResponseFilter(service.since(starts_on, ends_on), person_id, session_id)
    rows, cursor = await service.page(session, principal, pilot_id, page, wanted)
    return Page(items=[_shown(row) for row in rows], next_cursor=cursor)


def _shown(row: FeedbackResponse) -> FeedbackOut:
    answer = FeedbackOut.model_validate(row)
    # The session would tell the day.
    return answer.model_copy(update={"session_id": None}) if row.person_id is None else answer


@recorded_router.get(f"{FEEDBACK}-comments", dependencies=[requires(Scope.FEEDBACK_READ)])
async def list_comments(
    pilot_id: UUID, session: Session, principal: Caller, page: PageRequest
) -> CommentsPage:
    """What staff wrote, without names, by weeks in which ten people or more did. Recorded."""
    found, cursor, withheld = await service.comments(session, principal, pilot_id, page)
    items = [
        CommentOut.model_validate(
            {
                "starts_on": each.weeks.starts_on,
                "ends_on": each.weeks.ends_on,
                "people": each.writers,
                "about": each.about,
                "text": each.text,
            }
        )
        for each in found
    ]
    return CommentsPage(
        items=items, next_cursor=cursor, withheld=withheld, minimum_people=MINIMUM_WRITERS
    )
