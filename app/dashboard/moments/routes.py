"""`/dashboard/pilots/{pilot_id}/now`: what somebody is doing at this moment, by one tap."""

from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse

from app.access.routing import authenticated
from app.core import clock
from app.core.errors import Forbidden, Invalid
from app.core.pagination import PageQuery
from app.dashboard import given
from app.dashboard.navigation import of_pilot
from app.dashboard.routing import KEY_FIELD, Form, GatheredForm, RecordedPage, first, form_on
from app.dashboard.views import Crumb, Looking, View, wanted
from app.pilots.routes import get_pilot
from app.time_use.samples.models import SampleMethod
from app.time_use.samples.routes import list_time_samples, record_time_sample
from app.time_use.samples.schemas import SampleIn
from app.time_use.taxonomies.routes import get_pilot_taxonomy

# Of the reader's own entries: a read of named samples, which is recorded.
router = APIRouter(prefix="/dashboard/pilots/{pilot_id:uuid}/now", route_class=RecordedPage)
form_router = APIRouter(prefix="/dashboard/pilots/{pilot_id:uuid}/now", route_class=GatheredForm)

SOURCE: Final = "dashboard"
_LAST: Final = 5
_MOST: Final = PageQuery(limit=200)

# Digits at random look like somebody's number now and then, and such names are refused.
_LETTERS: Final = str.maketrans("0123456789", "ghijklmnop")

Told = Annotated[str, Query(max_length=64)]


@router.get("", dependencies=[authenticated()])
async def now_page(
    view: Looking, pilot_id: UUID, said: Told = "", ref: Told = "", at: Told = ""
) -> HTMLResponse:
    """The categories of the pilot, each a button; what was said last, to be corrected."""
    view.require(record_time_sample)
    pilot = await view.answer(get_pilot, pilot_id=pilot_id)
    taxonomy = await view.answer(get_pilot_taxonomy, pilot_id=pilot_id)
    entries = await _own_entries(view, pilot_id)
    last = {"category": said, "source_ref": ref, "started_at": at} if said and ref and at else None
    return view.page(
        "moments/now.html",
        "What are you doing now?",
        trail=[Crumb(pilot["name"], of_pilot(pilot_id))],
        here=f"{of_pilot(pilot_id)}/now",
        categories=taxonomy["categories"],
        names={each["code"]: each["name"] for each in taxonomy["categories"]},
        entries=entries,
        last=last or (entries[0] if entries else None),
        told=last is not None,
        is_staff=view.principal.person_id is not None,
    )


async def _own_entries(view: View, pilot_id: UUID) -> list[dict[str, Any]]:
    """What the reader said today, the last first; nothing where samples are not shown to them."""
    person, today = view.principal.person_id, clock.today(view.principal.organisation.zone)
    if person is None or not view.may(list_time_samples):
        return []
    try:
        found = await view.answer(
            list_time_samples,
            pilot_id=pilot_id,
            page=_MOST,
            starts_on=today,
            person_id=person,
            source=SOURCE,
        )
    except Forbidden:
        return []
    kept = [each for each in found["items"] if not each["deleted"]]
    return sorted(kept, key=lambda each: str(each["started_at"]), reverse=True)[:_LAST]


def named_after(key: str | None) -> str:
    """What an entry is called by the key of its form: letters alone, the same for a second click."""
    return (key or uuid4().hex).translate(_LETTERS)


@form_router.post("", dependencies=[authenticated()])
@form_on(now_page)
async def take_moment(view: Looking, pilot_id: UUID, form: Form) -> Response:
    """One entry, at this moment; or, with `source_ref` and `started_at`, the one of before, corrected."""
    before = given.texts(form, ("source_ref", "started_at", "person_external_id"))
    category = first(form, "category")
    if category is None:
        raise Invalid.field("/category", "missing_field", "Choose what you are doing.")
    named: dict[str, Any] = {"person_id": view.principal.person_id}
    if "person_external_id" in before or named["person_id"] is None:
        named = {"person_external_id": before.get("person_external_id")}
        if named["person_external_id"] is None:
            detail = "Say whose time it is: your account is nobody's on the list of staff."
            raise Invalid.field("/person_external_id", "person_missing", detail)
    taken_back = first(form, "take_back") is not None
    sample = {
        "category": category,
        "started_at": before.get("started_at") or clock.now().isoformat(timespec="seconds"),
        "source": SOURCE,
        # A second click is the same entry.
        "source_ref": before.get("source_ref") or named_after(first(form, KEY_FIELD)),
        "method": SampleMethod.RANDOM_MOMENT,
        "deleted": taken_back,
        **named,
    }
    await view.answer(record_time_sample, pilot_id=pilot_id, wanted=wanted(SampleIn, sample))
    told = {"said": category, "ref": sample["source_ref"], "at": sample["started_at"]}
    query = "" if taken_back else "?" + urlencode(told)
    return RedirectResponse(f"{of_pilot(pilot_id)}/now{query}", status.HTTP_303_SEE_OTHER)
