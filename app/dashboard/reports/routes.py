"""`/dashboard/pilots/{pilot_id}/report`: what became of a pilot, for a committee and for paper."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from app.access.routing import authenticated
from app.benefits.routes import get_benefit_position
from app.core import clock
from app.core.errors import Conflict, NotFound
from app.core.pagination import PageQuery
from app.dashboard.charts import contents as charts
from app.dashboard.charts.catalogue import ADOPTION, FEEDBACK, TIME_USE
from app.dashboard.charts.showing import drawn
from app.dashboard.navigation import of_pilot, of_pool
from app.dashboard.pilots.mending import ways
from app.dashboard.pilots.routes import API, CHANGED, about_pilot
from app.dashboard.reports.contents import decision_of, limits
from app.dashboard.reports.printing import PDF, is_offered, pdf
from app.dashboard.routing import PageRoute
from app.dashboard.views import Crumb, Looking, View
from app.decisions.routes import list_decisions
from app.licences.pools.routes import list_licence_pools
from app.metrics.feedback.routes import get_feedback_summary
from app.metrics.scorecard.routes import get_scorecard
from app.metrics.snapshots.routes import list_snapshots
from app.metrics.utilisation.routes import get_renewal_advice
from app.metrics.utilisation.service import Question
from app.pilots.routes import list_pilot_transitions

router = APIRouter(prefix="/dashboard/pilots/{pilot_id:uuid}", route_class=PageRoute)

_MOST: Final = PageQuery(limit=200)
_NEWEST: Final = PageQuery(limit=1)


@router.get("/report", dependencies=[authenticated()])
async def report_page(view: Looking, pilot_id: UUID) -> HTMLResponse:
    """A pilot in a committee's order: what was tried, what changed, what it cost, what is not known."""
    shared = await about_pilot(view, pilot_id)
    card = await view.answer(get_scorecard, pilot_id=pilot_id)
    spent = await view.answer(TIME_USE.handler, pilot_id=pilot_id, **TIME_USE.asked)
    used = await view.answer(ADOPTION.handler, pilot_id=pilot_id, **ADOPTION.asked)
    summary = await view.answer_if_allowed(get_feedback_summary, pilot_id=pilot_id)
    said = summary or await view.answer(FEEDBACK.handler, pilot_id=pilot_id, **FEEDBACK.asked)
    published = await view.answer(list_snapshots, pilot_id=pilot_id, page=_NEWEST)
    steps = await view.answer_if_allowed(list_pilot_transitions, pilot_id=pilot_id, page=_MOST)
    made = await view.answer_if_allowed(list_decisions, pilot_id=pilot_id, page=_MOST)
    owner = f"{API}/{pilot_id}"
    return view.page(
        "reports/report.html",
        "Evaluation report",
        trail=[Crumb(shared["pilot"]["name"], of_pilot(pilot_id))],
        **shared,
        card=card,
        ways=ways(view, pilot_id),
        spent=spent,
        said=said,
        summary=summary,
        verdict=CHANGED[card["headline"]["verdict"]],
        limits=limits(card, spent),
        pools=await _pools(view, pilot_id),
        of_pool=of_pool,
        snapshot=next(iter(published["items"]), None),
        steps=steps["items"] if steps else None,
        decisions=made["items"] if made else [],
        position=await view.answer_if_allowed(get_benefit_position, pilot_id=pilot_id),
        decision=decision_of(steps["items"] if steps else None),
        today=clock.today(view.principal.organisation.zone).isoformat(),
        may_be_pdf=is_offered(),
        workbook=f"{owner}/workbook",
        ratio=await drawn(charts.ratio(spent), owner),
        by_week=await drawn(charts.admin_share_by_week(spent), owner),
        use=await drawn(charts.use_by_week(used), owner),
        opinion=await drawn(charts.satisfaction_by_week(said), owner),
    )


async def _pools(view: View, pilot_id: UUID) -> list[tuple[dict[str, Any], dict[str, Any] | None]]:
    """The pilot's pools, each with what to renew of it; none where the reader may not know."""
    pools = await view.answer_if_allowed(list_licence_pools, page=_MOST, pilot_id=pilot_id)
    found = []
    for pool in pools["items"] if pools else []:
        try:
            advice = await view.answer_if_allowed(
                get_renewal_advice, pool_id=UUID(pool["pool_id"]), asked=Question()
            )
        except Conflict:  # there is no use to go by yet
            advice = None
        found.append((pool, advice))
    return found


@router.get("/report.pdf", dependencies=[authenticated()])
async def report_pdf(view: Looking, pilot_id: UUID) -> Response:
    """The same page as PDF, where that can be made."""
    if not is_offered():
        raise NotFound("There is nothing at this address.")
    page = await report_page(view, pilot_id)
    made = await pdf(bytes(page.body), view.request.app.state.settings.public_url)
    headers = {"Content-Disposition": f'inline; filename="report-{pilot_id}.pdf"'}
    return Response(made, media_type=PDF, headers=headers)
