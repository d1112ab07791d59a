"""`/dashboard/pilots/{pilot_id}`: the scorecard of a pilot, its time use, its feedback."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.access.routing import authenticated
from app.assurance.governance.gates.routes import get_pilot_gates
from app.assurance.governance.register.routes import list_register_items
from app.assurance.output_audits.routes import list_output_audit_plans
from app.benefits.routes import list_benefits
from app.core.pagination import PageQuery
from app.dashboard.charts import contents
from app.dashboard.charts.catalogue import ADOPTION, FEEDBACK, TIME_USE
from app.dashboard.charts.showing import SCRIPTED, drawn
from app.dashboard.navigation import of_pilot, of_pool
from app.dashboard.pilots.mending import ways
from app.dashboard.routing import PageRoute
from app.dashboard.views import Crumb, Handler, Looking, View
from app.decisions.routes import get_decision_basis, list_decisions
from app.feedback.responses.routes import record_answer
from app.feedback.sessions.routes import list_feedback_sessions
from app.licences.pools.routes import list_licence_pools
from app.metrics.feedback.routes import get_feedback_summary
from app.metrics.scorecard.routes import get_scorecard
from app.metrics.time_categories.routes import get_time_categories
from app.pilots.routes import get_pilot
from app.time_use.samples.routes import record_time_sample
from app.time_use.taxonomies.models import WorkClass
from app.time_use.taxonomies.routes import get_pilot_taxonomy

router = APIRouter(prefix="/dashboard/pilots/{pilot_id:uuid}", route_class=PageRoute)

API: Final = "/api/v1/pilots"
_MOST: Final = PageQuery(limit=200)
# In the order in which they are shown; None: what is mapped to no category.
_CLASSES: Final = (*(each.value for each in WorkClass), None)

# What to make of the change, by the verdict of the API.
CHANGED: Final = {
    "fell": "The share of admin work fell.",
    "rose": "The share of admin work rose.",
    "no_clear_change": "No clear change: what was seen may be chance.",
    "not_enough_data": "Not enough data to say whether anything changed.",
}


def section_pages(view: View, pilot_id: UUID) -> list[tuple[str, str]]:
    """Title and address of each page about a pilot that the reader may see. A page of yours is a line here."""
    base = of_pilot(pilot_id)
    pages: list[tuple[str, str, Handler]] = [
        ("Scorecard", base, get_scorecard),
        ("Time use", f"{base}/time-use", TIME_USE.handler),
        ("Feedback", f"{base}/feedback", FEEDBACK.handler),
        ("What the AI wrote", f"{base}/output-audits", list_output_audit_plans),
        ("Governance", f"{base}/governance", list_register_items),
        ("Benefits", f"{base}/benefits", list_benefits),
        ("Decision", f"{base}/decision", get_decision_basis),
        ("Report", f"{base}/report", get_scorecard),
        ("Set-up", f"{base}/set-up", get_pilot),
        ("Your week", f"{base}/weekly", record_answer),
        ("What are you doing now?", f"{base}/now", record_time_sample),
    ]
    return [(title, address) for title, address, needs in pages if view.may(needs)]


async def about_pilot(view: View, pilot_id: UUID) -> dict[str, Any]:
    """What every page about a pilot shows: the pilot, its gates, and the way to its other pages.

    Raises:
        NotFound: there is no such pilot within reach.
    """
    return {
        "pilot": await view.answer(get_pilot, pilot_id=pilot_id),
        "sections": section_pages(view, pilot_id),
        "about": of_pilot(pilot_id),
        "gates": await view.answer(get_pilot_gates, pilot_id=pilot_id),
    }


@router.get("", dependencies=[authenticated()])
async def scorecard_page(view: Looking, pilot_id: UUID) -> HTMLResponse:
    """A pilot on one page."""
    shared = await about_pilot(view, pilot_id)
    card = await view.answer(get_scorecard, pilot_id=pilot_id)
    adoption = await view.answer(ADOPTION.handler, pilot_id=pilot_id, **ADOPTION.asked)
    pools = await view.answer_if_allowed(list_licence_pools, page=_MOST, pilot_id=pilot_id)
    made = await view.answer_if_allowed(list_decisions, page=_MOST, pilot_id=pilot_id)
    owner = f"{API}/{pilot_id}"
    return view.page(
        "pilots/scorecard.html",
        shared["pilot"]["name"],
        **shared,
        card=card,
        ways=ways(view, pilot_id),
        verdict=CHANGED[card["headline"]["verdict"]],
        ratio=await drawn(contents.ratio(card["time_use"]), owner),
        use=await drawn(contents.use_by_week(adoption), owner),
        pools=pools["items"] if pools else [],
        of_pool=of_pool,
        **SCRIPTED,
        decisions=made["items"] if made else [],
    )


@router.get("/time-use", dependencies=[authenticated()])
async def time_use_page(view: Looking, pilot_id: UUID) -> HTMLResponse:
    """Where the time went, before and during the pilot."""
    shared = await about_pilot(view, pilot_id)
    spent = await view.answer(TIME_USE.handler, pilot_id=pilot_id, **TIME_USE.asked)
    lines = (await view.answer(get_time_categories, pilot_id=pilot_id))["categories"]
    owner = f"{API}/{pilot_id}"
    return view.page(
        "pilots/time_use.html",
        "Time use",
        trail=[Crumb(shared["pilot"]["name"], of_pilot(pilot_id))],
        **shared,
        spent=spent,
        verdict=CHANGED[spent["verdict"]],
        taxonomy=await view.answer_if_allowed(get_pilot_taxonomy, pilot_id=pilot_id),
        classes=_CLASSES,
        own=[{"line": line, "shares": line} for line in lines],
        compared=[{"line": e, "shares": e["comparison"]} for e in lines if e["comparison"]],
        is_waiting=all(_waits(line["pilot"]) for line in lines),
        ratio=await drawn(contents.ratio(spent), owner),
        by_week=[
            await drawn(contents.admin_share_by_week(spent), owner),
            await drawn(contents.hours_by_week(spent), owner),
        ],
        **SCRIPTED,
    )


def _waits(figure: Mapping[str, Any]) -> bool:
    """Whether a figure is withheld while the window runs."""
    return figure["suppressed"] and "window_open" in {flag["code"] for flag in figure["flags"]}


@router.get("/feedback", dependencies=[authenticated()])
async def feedback_page(view: Looking, pilot_id: UUID) -> HTMLResponse:
    """What staff say, how many of them, and when they were asked."""
    shared = await about_pilot(view, pilot_id)
    owner = f"{API}/{pilot_id}"
    # Themes and sessions are for those who may read feedback; figures for those who may read figures.
    summary = await view.answer_if_allowed(get_feedback_summary, pilot_id=pilot_id)
    said = summary or await view.answer(FEEDBACK.handler, pilot_id=pilot_id, **FEEDBACK.asked)
    held = await view.answer_if_allowed(list_feedback_sessions, pilot_id=pilot_id, page=_MOST)
    return view.page(
        "pilots/feedback.html",
        "Feedback",
        trail=[Crumb(shared["pilot"]["name"], of_pilot(pilot_id))],
        **shared,
        said=said,
        summary=summary,
        sessions=held["items"] if held else None,
        by_week=[
            await drawn(contents.answers_by_week(said), owner),
            await drawn(contents.satisfaction_by_week(said), owner),
        ],
        **SCRIPTED,
    )
