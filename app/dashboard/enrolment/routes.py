"""`/dashboard/pilots/new` and a pilot's set-up: what it is, where it stands, and who takes part."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse

from app.access.routing import authenticated
from app.core.bulk.formats import NDJSON
from app.core.pagination import PageQuery
from app.dashboard import given, rows
from app.dashboard.navigation import HOME, of_pilot
from app.dashboard.pilots.routes import about_pilot
from app.dashboard.routing import Form, FormRoute, PageRoute, first, form_on
from app.dashboard.staff.lines import Fates, called, lines_of, told
from app.dashboard.staff.lookup import FIELD, lines_in
from app.dashboard.views import Crumb, Looking, View, wanted
from app.feedback.responses.routes import record_many_answers
from app.people.routes import get_person
from app.pilots.models import Arm, PilotKind, PilotStatus
from app.pilots.routes import (
    create_pilot,
    list_pilot_members,
    list_pilot_transitions,
    transition_pilot,
    upsert_pilot_members,
)
from app.pilots.schemas import PilotIn, TransitionIn
from app.time_use.samples.routes import record_time_samples

PILOT: Final = "/dashboard/pilots/{pilot_id:uuid}"
NEW: Final = f"{HOME}/pilots/new"

router = APIRouter(route_class=PageRoute)
form_router = APIRouter(route_class=FormRoute)

_PAGE: Final = 50
_MOST: Final = PageQuery(limit=200)
_FIELDS: Final = (
    *("code", "name", "kind", "tool", "product", "purpose", "lead_external_id"),
    *("starts_on", "ends_on", "baseline_starts_on", "baseline_ends_on"),
)

# What comes to a pilot from files beside its members.
_FILES: Final = (
    ("time-samples", "time samples", record_time_samples),
    ("feedback", "feedback", record_many_answers),
)

_FATES: Final[Fates] = {
    "accepted": ("Would be enrolled", "Enrolled"),
    "updated": ("Takes part, and would be changed", "Changed"),
    "duplicate": ("Takes part already", "Took part already"),
}

Cursor = Annotated[str | None, Query(max_length=64)]


@router.get(NEW, dependencies=[authenticated()])
async def new_pilot_page(view: Looking) -> HTMLResponse:
    """The form that sets a pilot up."""
    view.require(create_pilot)
    return view.page("enrolment/new.html", "Set up a pilot", here=NEW, kinds=list(PilotKind))


@form_router.post(NEW, dependencies=[authenticated()])
@form_on(new_pilot_page)
async def set_up(view: Looking, form: Form) -> Response:
    """A draft, and on to who takes part."""
    made = await view.answer(create_pilot, wanted=wanted(PilotIn, given.texts(form, _FIELDS)))
    return RedirectResponse(f"{of_pilot(made['pilot_id'])}/set-up", status.HTTP_303_SEE_OTHER)


@router.get(f"{PILOT}/set-up", dependencies=[authenticated()])
async def set_up_page(view: Looking, pilot_id: UUID, cursor: Cursor = None) -> HTMLResponse:
    """Where a pilot stands, its next step, and its members."""
    shared = await about_pilot(view, pilot_id)
    steps = await view.answer(list_pilot_transitions, pilot_id=pilot_id, page=_MOST)
    members = await view.answer_if_allowed(
        list_pilot_members, pilot_id=pilot_id, page=PageQuery(limit=_PAGE, cursor=cursor), arm=None
    )
    return view.page(
        "enrolment/set_up.html",
        "Set-up",
        trail=[Crumb(shared["pilot"]["name"], of_pilot(pilot_id))],
        **shared,
        here=f"{of_pilot(pilot_id)}/set-up",
        steps=steps["items"],
        statuses=[each for each in PilotStatus if each is not PilotStatus.DRAFT],
        may_step=view.may(transition_pilot),
        members=members,
        names=await _names(view, members["items"] if members else []),
        may_enrol=view.may(upsert_pilot_members),
        arms=list(Arm),
        files=[(kind, what) for kind, what, handler in _FILES if view.may(handler)],
    )


async def _names(view: View, members: list[dict[str, Any]]) -> dict[str, str]:
    found = {}
    for each in members:
        person = await view.answer(get_person, person_id=UUID(each["person_id"]))
        found[each["person_id"]] = called(person)
    return found


@form_router.post(f"{PILOT}/steps", dependencies=[authenticated()])
@form_on(set_up_page)
async def take_step(view: Looking, pilot_id: UUID, form: Form) -> Response:
    """One step on in a pilot's life."""
    step = wanted(TransitionIn, given.texts(form, ("to", "reason")))
    await view.answer(transition_pilot, pilot_id=pilot_id, wanted=step)
    return RedirectResponse(f"{of_pilot(pilot_id)}/set-up", status.HTTP_303_SEE_OTHER)


@form_router.post(f"{PILOT}/members", dependencies=[authenticated()])
@form_on(set_up_page)
async def enrol(view: Looking, pilot_id: UUID, form: Form) -> Response:
    """What would become of each line of a pasted list; or, with `carry_out`, what has."""
    carried_out = first(form, "carry_out") == "yes"
    pasted = form.get(FIELD, [""])[0]
    said = given.texts(form, ("arm", "joined_on", "left_on"))
    lines = await lines_in(view, pasted)
    members = ({"person_id": each.person["person_id"], **said} for each in lines if each.person)
    done = await view.answer(
        upsert_pilot_members,
        pilot_id=pilot_id,
        bulk=rows.bulk(rows.as_ndjson(members), NDJSON, dry_run=not carried_out, list_rows=True),
    )
    shared = await about_pilot(view, pilot_id)
    if carried_out:
        view.keep_instead("The list was carried out, once.", f"{of_pilot(pilot_id)}/set-up")
    return view.page(
        "enrolment/listed.html",
        "Enrolled" if carried_out else "Enrol these people?",
        trail=[
            Crumb(shared["pilot"]["name"], of_pilot(pilot_id)),
            Crumb("Set-up", f"{of_pilot(pilot_id)}/set-up"),
        ],
        **shared,
        done=done,
        carried_out=carried_out,
        told=list(told(lines, done, _FATES, carried_out=carried_out)),
        pasted="\n".join(lines_of(pasted)),
        said=said,
    )
