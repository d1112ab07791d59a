"""`/dashboard/pilots/{pilot_id}/weekly`: what somebody says about a week, in seconds, on a telephone."""

from datetime import date, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse

from app.access.routing import authenticated
from app.core import clock
from app.core.pagination import PageQuery
from app.dashboard import given
from app.dashboard.navigation import of_pilot
from app.dashboard.routing import Form, FormRoute, PageRoute, form_on
from app.dashboard.views import Crumb, Looking, wanted
from app.feedback.responses.routes import record_answer
from app.feedback.responses.schemas import FeedbackIn
from app.feedback.sessions.routes import list_feedback_sessions
from app.pilots.routes import get_pilot

router = APIRouter(prefix="/dashboard/pilots/{pilot_id:uuid}/weekly", route_class=PageRoute)
form_router = APIRouter(prefix="/dashboard/pilots/{pilot_id:uuid}/weekly", route_class=FormRoute)

_WEEKS: Final = 8
_SESSIONS: Final = PageQuery(limit=50)
_SCORES: Final = {
    "satisfaction": ("How content are you with the tool?", "1 not at all, 5 very"),
    "quality_improved": ("Has your work become better?", "1 much worse, 5 much better"),
    "mental_load_reduced": ("Is your head freer?", "1 much less free, 5 much freer"),
    "morale": ("How are you at work this week?", "1 badly, 5 very well"),
}
_TEXTS: Final = ("week_starts_on", "session_id", "person_external_id")
_REMARKS: Final = ("liked", "disliked", "blockers")


@router.get("", dependencies=[authenticated()])
async def weekly_page(
    view: Looking, pilot_id: UUID, session_id: Annotated[str, Query(max_length=40)] = ""
) -> HTMLResponse:
    """The form."""
    view.require(record_answer)
    pilot = await view.answer(get_pilot, pilot_id=pilot_id)
    held = await view.answer_if_allowed(
        list_feedback_sessions, pilot_id=pilot_id, page=_SESSIONS, kind=None
    )
    sessions = held["items"] if held else []
    chosen = next((each for each in sessions if each["session_id"] == session_id), None)
    today = clock.today(view.principal.organisation.zone)
    day = date.fromisoformat(chosen["held_on"]) if chosen else today
    weeks = sorted({_monday(today, n) for n in range(_WEEKS)} | {_monday(day, 0)}, reverse=True)
    return view.page(
        "weekly/form.html",
        "Your week",
        trail=_trail(pilot),
        here=f"{of_pilot(pilot_id)}/weekly",
        weeks=[week.isoformat() for week in weeks],
        week=_monday(day, 0).isoformat(),
        sessions=sessions,
        session_id=chosen["session_id"] if chosen else "",
        scores=_SCORES,
    )


def _monday(day: date, weeks_ago: int) -> date:
    return day - timedelta(days=day.weekday() + 7 * weeks_ago)


def _trail(pilot: dict[str, Any]) -> list[Crumb]:
    return [Crumb(pilot["name"], of_pilot(pilot["pilot_id"]))]


@form_router.post("", dependencies=[authenticated()])
@form_on(weekly_page)
async def take_answer(view: Looking, pilot_id: UUID, form: Form) -> Response:
    """One answer, named or anonymous."""
    said = {
        **given.texts(form, _TEXTS),
        **given.whole_numbers(form, _SCORES),
        **given.numbers(form, ("minutes_saved_per_day",)),
        **given.yes_or_no(form, ("would_keep",)),
        **given.texts(form, _REMARKS),
    }
    done = await view.answer(record_answer, pilot_id=pilot_id, wanted=wanted(FeedbackIn, said))
    counted = "" if not done["uncounted"] else "?uncounted=" + done["uncounted"][0]
    return RedirectResponse(
        f"{of_pilot(pilot_id)}/weekly/thanks{counted}", status.HTTP_303_SEE_OTHER
    )


@router.get("/thanks", dependencies=[authenticated()])
async def thanks_page(
    view: Looking,
    pilot_id: UUID,
    uncounted: Annotated[str | None, Query(pattern="^outside_(members|windows)$")] = None,
) -> HTMLResponse:
    """That it was taken."""
    view.require(record_answer)
    pilot = await view.answer(get_pilot, pilot_id=pilot_id)
    return view.page(
        "weekly/thanks.html",
        "Thank you",
        trail=_trail(pilot),
        again=f"{of_pilot(pilot_id)}/weekly",
        uncounted=uncounted,
    )
