"""`/dashboard/pilots/{pilot_id}/output-audits`: what is audited of what the AI wrote, and marking it."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse

from app.access.routing import authenticated
from app.assurance.output_audits.models import FindingType, Reached, Severity
from app.assurance.output_audits.routes import (
    draw_outputs,
    get_output_audit_figures,
    get_output_audit_plan,
    list_output_audit_plans,
    list_output_draws,
    list_output_markings,
    list_sampled_outputs,
    mark_output,
)
from app.assurance.output_audits.schemas import MarkingIn, OutputDrawIn
from app.core.pagination import PageQuery
from app.dashboard import given
from app.dashboard.navigation import of_pilot
from app.dashboard.pilots.routes import about_pilot
from app.dashboard.routing import Form, FormRoute, PageRoute, form_on
from app.dashboard.views import Crumb, Looking, wanted
from app.dashboard.wording import month, words

PLANS: Final = "/dashboard/pilots/{pilot_id:uuid}/output-audits"
PLAN: Final = f"{PLANS}/{{plan_id:uuid}}"
SAMPLED: Final = f"{PLAN}/sample/{{sampled_id:uuid}}"

router = APIRouter(route_class=PageRoute)
form_router = APIRouter(route_class=FormRoute)

_PAGE: Final = 50
_MOST: Final = PageQuery(limit=200)
# More of an output than these is sent by the API.
_FINDINGS: Final = (0, 1, 2)
_FIELDS: Final = ("type", "severity", "reached")

Cursor = Annotated[str | None, Query(max_length=64)]


def _of_pilot(pilot_id: UUID) -> str:
    return f"{of_pilot(pilot_id)}/output-audits"


@router.get(PLANS, dependencies=[authenticated()])
async def output_audits_page(view: Looking, pilot_id: UUID) -> HTMLResponse:
    """The audit plans of a pilot, each with what it shows."""
    shared = await about_pilot(view, pilot_id)
    plans = await view.answer(list_output_audit_plans, pilot_id=pilot_id, page=_MOST)
    shown = [
        await view.answer(
            get_output_audit_figures, pilot_id=pilot_id, plan_id=UUID(plan["plan_id"])
        )
        for plan in plans["items"]
    ]
    return view.page(
        "output_audits/plans.html",
        "What the AI wrote",
        trail=[Crumb(shared["pilot"]["name"], of_pilot(pilot_id))],
        **shared,
        here=_of_pilot(pilot_id),
        plans=list(zip(plans["items"], shown, strict=True)),
    )


@router.get(PLAN, dependencies=[authenticated()])
async def output_audit_page(
    view: Looking, pilot_id: UUID, plan_id: UUID, cursor: Cursor = None
) -> HTMLResponse:
    """One plan: what it shows, its draws, and what was drawn."""
    shared = await about_pilot(view, pilot_id)
    asked: dict[str, Any] = {"pilot_id": pilot_id, "plan_id": plan_id}
    plan = await view.answer(get_output_audit_plan, **asked)
    found = await view.answer(get_output_audit_figures, **asked)
    return view.page(
        "output_audits/plan.html",
        plan["name"],
        trail=[*_up(shared, pilot_id)],
        **shared,
        here=f"{_of_pilot(pilot_id)}/{plan_id}",
        plan=plan,
        found=found,
        tables=_tables(found),
        draws=(await view.answer(list_output_draws, **asked, page=_MOST))["items"],
        sample=await view.answer(
            list_sampled_outputs, **asked, page=PageQuery(limit=_PAGE, cursor=cursor)
        ),
        may_draw=view.may(draw_outputs),
    )


@form_router.post(f"{PLAN}/draws", dependencies=[authenticated()])
@form_on(output_audit_page)
async def draw(view: Looking, pilot_id: UUID, plan_id: UUID, form: Form) -> Response:
    """Draw some more, by chance."""
    said = {
        **given.whole_numbers(form, ("outputs",)),
        **given.texts(form, ("starts_on", "ends_on")),
    }
    await view.answer(
        draw_outputs, pilot_id=pilot_id, plan_id=plan_id, wanted=wanted(OutputDrawIn, said)
    )
    return _on_to(f"{_of_pilot(pilot_id)}/{plan_id}")


@router.get(SAMPLED, dependencies=[authenticated()])
async def sampled_output_page(
    view: Looking, pilot_id: UUID, plan_id: UUID, sampled_id: UUID
) -> HTMLResponse:
    """An output that was drawn: its markings that the reader may see, and the form for the next."""
    shared = await about_pilot(view, pilot_id)
    asked: dict[str, Any] = {"pilot_id": pilot_id, "plan_id": plan_id}
    plan = await view.answer(get_output_audit_plan, **asked)
    marked = await view.answer(list_output_markings, **asked, sampled_id=sampled_id)
    base = f"{_of_pilot(pilot_id)}/{plan_id}"
    return view.page(
        "output_audits/sampled.html",
        marked["output"]["output_ref"],
        trail=[*_up(shared, pilot_id), Crumb(plan["name"], base)],
        **shared,
        here=f"{base}/sample/{sampled_id}",
        marked=marked,
        may_mark=view.may(mark_output),
        numbers=_FINDINGS,
        types=["", *FindingType],
        severities=["", *Severity],
        reached=["", *Reached],
    )


@form_router.post(SAMPLED, dependencies=[authenticated()])
@form_on(sampled_output_page)
async def mark(
    view: Looking, pilot_id: UUID, plan_id: UUID, sampled_id: UUID, form: Form
) -> Response:
    """What somebody found in it."""
    rows = [given.texts(form, [f"findings-{n}-{name}" for name in _FIELDS]) for n in _FINDINGS]
    findings = [{key.rsplit("-", 1)[1]: text for key, text in row.items()} for row in rows if row]
    counts = given.whole_numbers(form, ("statements_checked", "statements_wrong"))
    said = wanted(MarkingIn, {"findings": findings, **counts})
    await view.answer(
        mark_output, pilot_id=pilot_id, plan_id=plan_id, sampled_id=sampled_id, wanted=said
    )
    return _on_to(f"{_of_pilot(pilot_id)}/{plan_id}/sample/{sampled_id}")


def _tables(found: dict[str, Any]) -> list[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """The rates by what there is, each under its name."""
    by_type = [(words(kind), rate) for kind, rate in found["by_type"].items() if rate["errors"]]
    by_stratum = [
        (", ".join(part or "Not told" for part in each["stratum"].values()), each)
        for each in found["by_stratum"]
        if each["stratum"]
    ]
    by_month = [(month(each["month"]), each) for each in found["by_month"]]
    named = {
        "By what is wrong": by_type,
        "By stratum": by_stratum,
        "By month of production": by_month,
    }
    return [(caption, rows) for caption, rows in named.items() if rows]


def _up(shared: dict[str, Any], pilot_id: UUID) -> list[Crumb]:
    return [
        Crumb(shared["pilot"]["name"], of_pilot(pilot_id)),
        Crumb("What the AI wrote", _of_pilot(pilot_id)),
    ]


def _on_to(address: str) -> Response:
    return RedirectResponse(address, status.HTTP_303_SEE_OTHER)
