"""`/dashboard`: the organisation's pilots by stage, and what needs attention this week."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.access.routing import authenticated
from app.core import clock
from app.core.pagination import PageQuery
from app.dashboard.charts.catalogue import ADOPTION, FEEDBACK, TIME_USE
from app.dashboard.navigation import HOME, of_pilot, of_pool
from app.dashboard.routing import PageRoute
from app.dashboard.views import Looking, View
from app.decisions.routes import list_decisions
from app.jobs.routes import list_jobs
from app.metrics.utilisation.routes import list_licence_utilisation
from app.metrics.utilisation.service import Question as SeatQuestion
from app.pilots.models import PilotStatus
from app.pilots.routes import create_pilot, list_pilots

router = APIRouter(route_class=PageRoute)

_MOST: Final = PageQuery(limit=200)
# Figures are computed afresh: of a council with more running pilots, the rest are told on their own pages.
_MOST_RUNNING: Final = 10
_NOTHING_RECORDED: Final = "no_time_recorded"
_ENDED: Final = (PilotStatus.COMPLETED, PilotStatus.DECIDED)
# In the order in which somebody looks for them.
_STAGES: Final = (
    PilotStatus.RUNNING,
    PilotStatus.PLANNED,
    PilotStatus.DRAFT,
    PilotStatus.COMPLETED,
    PilotStatus.DECIDED,
    PilotStatus.CANCELLED,
)


@router.get(HOME, dependencies=[authenticated()])
async def home_page(view: Looking) -> HTMLResponse:
    """Every pilot within reach, and what to look at first."""
    found = await view.answer_if_allowed(list_pilots, page=_MOST)
    pilots = found["items"] if found else []
    running = [pilot for pilot in pilots if pilot["status"] == PilotStatus.RUNNING]
    stages = [(stage, [pilot for pilot in pilots if pilot["status"] == stage]) for stage in _STAGES]
    looked_at = running[:_MOST_RUNNING]
    ended = [pilot for pilot in pilots if pilot["status"] in _ENDED]
    return view.page(
        "home.html",
        "Pilots",
        may_see_pilots=found is not None,
        stages=[(stage, of_stage) for stage, of_stage in stages if of_stage],
        more=bool(found and found["next_cursor"]),
        headlines=await _headlines(view, [*looked_at, *ended][:_MOST_RUNNING]),
        decided=await _decided(view),
        missing=await _missing_feedback(view, looked_at),
        unlooked=len(running[_MOST_RUNNING:]),
        pools=await _seats_to_ask_for(view),
        jobs=await _failed_jobs(view),
        may_set_up=view.may(create_pilot),
        of_pilot=of_pilot,
        of_pool=of_pool,
    )


async def _headlines(view: View, pilots: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What pilots have come to: what became of admin work where time is recorded, else how many use the tool."""
    if not view.may(TIME_USE.handler):
        return {}
    found = {}
    for pilot in pilots:
        number = UUID(pilot["pilot_id"])
        spent = await view.answer(TIME_USE.handler, pilot_id=number, **TIME_USE.asked)
        figure = spent["change"]
        if spent["pilot"]["admin_share"]["reason"] == _NOTHING_RECORDED:
            used = await view.answer(ADOPTION.handler, pilot_id=number, **ADOPTION.asked)
            figure = used["figures"]["adoption_rate"]
        found[pilot["pilot_id"]] = figure
    return found


async def _decided(view: View) -> dict[str, dict[str, Any]]:
    """What was decided, by pilot: of several decisions the one that stands."""
    found = await view.answer_if_allowed(list_decisions, page=_MOST)
    standing = (each for each in (found["items"] if found else []) if not each["superseded_by"])
    return {each["pilot_id"]: each for each in standing}


async def _missing_feedback(view: View, running: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Running pilots with weeks that are over and about which nobody answered; with those weeks."""
    if not view.may(FEEDBACK.handler):
        return []
    missing = []
    for pilot in running:
        number = UUID(pilot["pilot_id"])
        said = await view.answer(FEEDBACK.handler, pilot_id=number, **FEEDBACK.asked)
        if said["missing_weeks"]:
            missing.append({"pilot": pilot, "weeks": said["missing_weeks"]})
    return missing


async def _seats_to_ask_for(view: View) -> list[dict[str, Any]]:
    """Pools whose term lasts with seats that might go to somebody else."""
    today = clock.today(view.principal.organisation.zone).isoformat()
    found = await view.answer_if_allowed(list_licence_utilisation, page=_MOST, asked=SeatQuestion())
    return [
        pool
        for pool in (found["items"] if found else [])
        if pool["window"]["ends_on"] > today and pool["figures"]["reclaim_candidates"]["value"]
    ]


async def _failed_jobs(view: View) -> list[dict[str, Any]]:
    """Jobs whose last run failed."""
    found = await view.answer_if_allowed(list_jobs)
    return [
        job
        for job in (found["items"] if found else [])
        if job["last_run"] and job["last_run"]["status"] == "failed"
    ]
