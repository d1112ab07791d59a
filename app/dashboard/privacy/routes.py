"""`/dashboard/privacy`: how long what is kept, what is held, who was erased; and what is held of one person."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse

from app.access.routing import authenticated
from app.core.errors import Invalid
from app.core.etags import etag_of
from app.core.pagination import PageQuery
from app.dashboard import given
from app.dashboard.navigation import PEOPLE, PRIVACY, of_pilot
from app.dashboard.routing import Form, FormRoute, PageRoute, RecordedPage, first, form_on
from app.dashboard.staff.lines import called
from app.dashboard.staff.lookup import person_in
from app.dashboard.views import Crumb, Looking, View, wanted
from app.people.routes import get_person
from app.pilots.routes import list_pilots
from app.privacy.accesses.routes import list_accesses
from app.privacy.erasure.routes import (
    erase_person,
    lift_erasure,
    list_erasures,
    preview_erasure,
)
from app.privacy.erasure.schemas import ErasureIn
from app.privacy.legal_holds.models import HoldOn
from app.privacy.legal_holds.routes import (
    list_legal_holds,
    place_legal_hold,
    release_legal_hold,
)
from app.privacy.legal_holds.schemas import LegalHoldIn
from app.privacy.retention.periods import Kept
from app.privacy.retention.routes import (
    get_retention_schedule,
    preview_retention,
    set_retention_schedule,
)
from app.privacy.retention.schemas import RetentionIn
from app.privacy.subject_access.routes import get_subject_access

router = APIRouter(route_class=PageRoute)
recorded_router = APIRouter(route_class=RecordedPage)
form_router = APIRouter(route_class=FormRoute)

HOLDS: Final = f"{PRIVACY}/holds"
_MOST: Final = PageQuery(limit=200)
_UP: Final = [Crumb("Privacy", PRIVACY)]
_PERSON: Final = PEOPLE + "/{person_id:uuid}"


@router.get(PRIVACY, dependencies=[authenticated()])
async def retention_page(view: Looking) -> HTMLResponse:
    """How long each kind of data is kept, and what would go tonight."""
    schedule = await view.answer(get_retention_schedule)
    return view.page(
        "privacy/retention.html",
        "Privacy",
        here=PRIVACY,
        holds=HOLDS,
        schedule=schedule,
        etag=etag_of(view.principal.organisation_id, schedule["revision"]),
        preview=await view.answer(preview_retention),
        may_set=view.may(set_retention_schedule),
    )


@form_router.post(PRIVACY, dependencies=[authenticated()])
@form_on(retention_page)
async def set_schedule(view: Looking, form: Form) -> Response:
    """The periods as the form says; blank keeps for good."""
    days = given.whole_numbers(form, Kept)
    periods = wanted(RetentionIn, {kept: days.get(kept) for kept in Kept})
    await view.answer(set_retention_schedule, wanted=periods, if_match=first(form, "etag"))
    return RedirectResponse(PRIVACY, status.HTTP_303_SEE_OTHER)


@router.get(HOLDS, dependencies=[authenticated()])
async def holds_page(view: Looking) -> HTMLResponse:
    """What must not go, and who was erased."""
    held = await view.answer(list_legal_holds, page=_MOST)
    pilots = await view.answer_if_allowed(list_pilots, page=_MOST)
    names = {each["pilot_id"]: each["name"] for each in (pilots["items"] if pilots else [])}
    return view.page(
        "privacy/holds.html",
        "Legal holds and erasures",
        trail=_UP,
        here=HOLDS,
        people=PEOPLE,
        of_pilot=of_pilot,
        held=held,
        held_people=await _held_people(view, held["items"]),
        pilots=names,
        erasures=await view.answer(list_erasures, page=_MOST),
        kinds=list(HoldOn),
        may_hold=view.may(place_legal_hold),
    )


async def _held_people(view: View, holds: list[dict[str, Any]]) -> dict[str, str]:
    """What those are called on whom a hold is in force: nobody among them is erased."""
    held = {each["person_id"] for each in holds if each["person_id"] and not each["released_at"]}
    if not view.may(get_person):
        return {}
    return {each: called(await view.answer(get_person, person_id=UUID(each))) for each in held}


@form_router.post(HOLDS, dependencies=[authenticated()])
@form_on(holds_page)
async def place_hold(view: Looking, form: Form) -> Response:
    """A hold on a person, a pilot or everything."""
    said = given.texts(form, ("hold_on", "reason"))
    on, person = said.get("hold_on"), first(form, "person")
    if on == HoldOn.PERSON or person:
        said["person_id"] = await person_in(view, person, "person")
    if on == HoldOn.PILOT or first(form, "pilot_id"):
        said["pilot_id"] = str(_id_in(form, "pilot_id", "Choose the pilot."))
    await view.answer(place_legal_hold, wanted=wanted(LegalHoldIn, said))
    return RedirectResponse(HOLDS, status.HTTP_303_SEE_OTHER)


def _id_in(form: Form, name: str, wrong: str = "There is none of this id.") -> UUID:
    try:
        return UUID(first(form, name) or "")
    except ValueError:
        raise Invalid.field(f"/{name}", "uuid_parsing", wrong) from None


@form_router.post(f"{HOLDS}/release", dependencies=[authenticated()])
@form_on(holds_page)
async def release_hold(view: Looking, form: Form) -> Response:
    """End a hold for good."""
    await view.answer(release_legal_hold, hold_id=_id_in(form, "hold_id"))
    return RedirectResponse(HOLDS, status.HTTP_303_SEE_OTHER)


@form_router.post(f"{HOLDS}/lift", dependencies=[authenticated()])
@form_on(holds_page)
async def lift(view: Looking, form: Form) -> Response:
    """Let somebody who was erased be recorded again."""
    await view.answer(lift_erasure, erasure_id=_id_in(form, "erasure_id"))
    return RedirectResponse(HOLDS, status.HTTP_303_SEE_OTHER)


async def _about(view: View, person_id: UUID) -> dict[str, Any]:
    person = await view.answer(get_person, person_id=person_id)
    address = f"{PEOPLE}/{person_id}"
    return {
        "trail": [Crumb("People", PEOPLE), Crumb(called(person), address)],
        "person": person,
        "about": address,
    }


@recorded_router.get(f"{_PERSON}/data", dependencies=[authenticated()])
async def data_page(view: Looking, person_id: UUID) -> HTMLResponse:
    """Everything that is held of a person."""
    return view.page(
        "privacy/data.html",
        "What is held",
        **await _about(view, person_id),
        told=await view.answer(get_subject_access, person_id=person_id),
    )


@recorded_router.get(f"{_PERSON}/accesses", dependencies=[authenticated()])
async def accesses_page(view: Looking, person_id: UUID) -> HTMLResponse:
    """Who has read a person's data."""
    return view.page(
        "privacy/accesses.html",
        "Who has read it",
        **await _about(view, person_id),
        found=await view.answer(list_accesses, person_id=person_id, page=_MOST),
    )


@recorded_router.get(f"{_PERSON}/erasure", dependencies=[authenticated()])
async def erasure_page(view: Looking, person_id: UUID) -> HTMLResponse:
    """What an erasure would do, and the button that does it."""
    shared = await _about(view, person_id)
    return view.page(
        "privacy/erasure.html",
        f"Erase {called(shared['person'])}",
        **shared,
        plan=await view.answer(preview_erasure, person_id=person_id),
        holds=HOLDS,
        may_erase=view.may(erase_person),
    )


@form_router.post(f"{_PERSON}/erasure", dependencies=[authenticated()])
@form_on(erasure_page)
async def erase(view: Looking, person_id: UUID, form: Form) -> Response:
    """Erase the person, where it is said twice that this is meant."""
    if first(form, "certain") != "yes":
        raise Invalid.field("/certain", "not_certain", "Tick the box: it cannot be taken back.")
    await view.answer(erase_person, wanted=ErasureIn(person_id=person_id))
    return RedirectResponse(HOLDS, status.HTTP_303_SEE_OTHER)
