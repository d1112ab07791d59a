"""`/dashboard/pilots/{pilot_id}/output-audits`: what is audited of what the AI wrote, and marking it."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse

from app.access.routing import authenticated
from app.assurance.output_audits.models import FindingType, OutputKind, Reached, Severity
from app.assurance.output_audits.routes import (
    create_output_audit_plan,
    draw_outputs,
    get_output_audit_figures,
    get_output_audit_plan,
    list_listed_outputs,
    list_many_outputs,
    list_output_audit_plans,
    list_output_draws,
    list_output_markings,
    list_sampled_outputs,
    mark_output,
)
from app.assurance.output_audits.schemas import AuditPlanIn, MarkingIn, OutputDrawIn
from app.core.bulk.formats import CSV
from app.core.errors import Invalid
from app.core.pagination import PageQuery
from app.dashboard import given, pointers, rows
from app.dashboard.multipart import NAME_OF, bytes_of
from app.dashboard.navigation import of_pilot
from app.dashboard.output_audits.lists import COLUMNS, as_csv
from app.dashboard.pilots.routes import about_pilot
from app.dashboard.routing import FileForm, Form, FormRoute, PageRoute, first, form_on
from app.dashboard.views import Crumb, Looking, View, wanted
from app.dashboard.wording import month, words

PLANS: Final = "/dashboard/pilots/{pilot_id:uuid}/output-audits"
PLAN: Final = f"{PLANS}/{{plan_id:uuid}}"
LISTED: Final = f"{PLAN}/outputs"
SAMPLED: Final = f"{PLAN}/sample/{{sampled_id:uuid}}"

router = APIRouter(route_class=PageRoute)
form_router = APIRouter(route_class=FormRoute)
file_router = APIRouter(route_class=FileForm)

_PAGE: Final = 50
_MOST: Final = PageQuery(limit=200)
# More of an output than these is sent by the API.
_FINDINGS: Final = range(3)
_FIELDS: Final = ("type", "severity", "reached")
_OF_PLAN: Final = ("name", "kind", "starts_on", "ends_on")
_LEVELS: Final = ("error_limit", "error_warning", "critical_below", "second_share")
# What a draw can be in proportion by.
_STRATA: Final = (
    ("tool_version", "Version of the tool"),
    ("output_type", "Type of output"),
    ("team", "Team"),
)
_SHOWN: Final = 200
_FILE: Final = "file"
_PASTED: Final = "The pasted list"

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
        may_plan=view.may(create_output_audit_plan),
    )


@router.get(f"{PLANS}/new", dependencies=[authenticated()])
async def new_plan_page(view: Looking, pilot_id: UUID) -> HTMLResponse:
    """The form that sets an audit up."""
    view.require(create_output_audit_plan)
    shared = await about_pilot(view, pilot_id)
    return view.page(
        "output_audits/new.html",
        "Plan an audit",
        trail=_up(shared, pilot_id),
        **shared,
        here=f"{_of_pilot(pilot_id)}/new",
        kinds=list(OutputKind),
        strata=_STRATA,
    )


@form_router.post(f"{PLANS}/new", dependencies=[authenticated()])
@form_on(new_plan_page)
async def make_plan(view: Looking, pilot_id: UUID, form: Form) -> Response:
    """A plan, and on to the list that it draws from."""
    fields: dict[str, Any] = {
        **given.texts(form, _OF_PLAN),
        **given.numbers(form, _LEVELS),
        "strata": given.several(form, "strata"),
    }
    with pointers.leading(pointers.to_field("strata")):
        made = await view.answer(
            create_output_audit_plan, pilot_id=pilot_id, wanted=wanted(AuditPlanIn, fields)
        )
    return _on_to(f"{_of_pilot(pilot_id)}/{made['plan_id']}/outputs")


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
        **given.whole_numbers(form, ("outputs", "seed")),
        **given.texts(form, ("starts_on", "ends_on")),
    }
    await view.answer(
        draw_outputs, pilot_id=pilot_id, plan_id=plan_id, wanted=wanted(OutputDrawIn, said)
    )
    return _on_to(f"{_of_pilot(pilot_id)}/{plan_id}")


@router.get(LISTED, dependencies=[authenticated()])
async def outputs_page(
    view: Looking, pilot_id: UUID, plan_id: UUID, cursor: Cursor = None
) -> HTMLResponse:
    """The list that a plan draws from, and the form that adds to it."""
    asked: dict[str, Any] = {"pilot_id": pilot_id, "plan_id": plan_id}
    return view.page(
        "output_audits/outputs.html",
        "Outputs to draw from",
        **await _about_list(view, pilot_id, plan_id),
        listed=await view.answer(
            list_listed_outputs, **asked, page=PageQuery(limit=_PAGE, cursor=cursor)
        ),
        may_list=view.may(list_many_outputs),
        columns=COLUMNS,
    )


async def _about_list(view: View, pilot_id: UUID, plan_id: UUID) -> dict[str, Any]:
    shared = await about_pilot(view, pilot_id)
    plan = await view.answer(get_output_audit_plan, pilot_id=pilot_id, plan_id=plan_id)
    base = f"{_of_pilot(pilot_id)}/{plan_id}"
    return {
        **shared,
        "trail": [*_up(shared, pilot_id), Crumb(plan["name"], base)],
        "plan": plan,
        "plan_at": base,
        "here": f"{base}/outputs",
    }


@file_router.post(LISTED, dependencies=[authenticated()])
@form_on(outputs_page)
async def list_outputs(view: Looking, pilot_id: UUID, plan_id: UUID, form: Form) -> Response:
    """What would become of each row of a list; with `step` carry_out, what has: the list only grows."""
    text, name = _list_in(form)
    carried_out = first(form, "step") == "carry_out"
    done = await view.answer(
        list_many_outputs,
        pilot_id=pilot_id,
        plan_id=plan_id,
        bulk=rows.mended(bytes_of(text), rows.media_type_of(name), dry_run=not carried_out),
    )
    shared = await _about_list(view, pilot_id, plan_id)
    if carried_out:
        view.keep_instead("The outputs were put on the list, once.", shared["here"])
    return view.page(
        "output_audits/listed.html",
        "On the list" if carried_out else "Put these on the list?",
        **shared,
        done=done,
        carried_out=carried_out,
        errors=done["errors"][:_SHOWN],
        name=name,
        # Rows as people count them: in a file, its header is the first.
        first_row=2 if name != _PASTED and rows.media_type_of(name) == CSV else 1,
        carried=text if rows.can_be_carried(text) else None,
        sent={},
    )


def _list_in(form: Form) -> tuple[str, str]:
    """The list that was pasted or sent as a file, and what it is called.

    Raises:
        Invalid: there is none.
    """
    name = first(form, _FILE + NAME_OF)
    text = form.get(_FILE, [""])[0]
    if text and name is not None:
        return text, name
    pasted = first(form, "pasted")
    if pasted is None:
        raise Invalid.field("/pasted", "missing_field", "Paste a list, or choose a file.")
    text = as_csv(pasted)
    if not rows.can_be_carried(text):
        raise Invalid.field("/pasted", "too_many_rows", "So long a list is sent as a file.")
    return text, _PASTED


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
    found = given.rows(form, "findings", _FIELDS, _FINDINGS)
    counts = given.whole_numbers(form, ("statements_checked", "statements_wrong"))
    with pointers.leading(pointers.to_rows("findings", list(found))):
        said = wanted(MarkingIn, {"findings": list(found.values()), **counts})
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
