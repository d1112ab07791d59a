"""`/dashboard/licences`: pools of seats, who uses them, what to renew, and which seats to ask for."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import TypeAdapter, ValidationError

from app.access.routing import authenticated
from app.core.errors import Conflict, Invalid
from app.core.fields import CalendarDate
from app.core.pagination import PageQuery
from app.dashboard.charts import contents
from app.dashboard.charts.catalogue import SEATS
from app.dashboard.charts.showing import SCRIPTED, drawn
from app.dashboard.navigation import LICENCES, of_pilot, of_pool
from app.dashboard.routing import Form, FormRoute, PageRoute, RecordedPage, first, form_on
from app.dashboard.views import Crumb, Looking, Refused, View, wanted
from app.licences.allocations.routes import allocate_seats
from app.licences.pools.routes import get_licence_pool, list_licence_pools
from app.licences.reclaim.models import Decision
from app.licences.reclaim.routes import (
    decide_on_candidates,
    list_reclaim_candidates,
    list_reclaim_decisions,
)
from app.licences.reclaim.schemas import MAX_DECISIONS, DecisionsIn
from app.licences.waiting_list.routes import list_waiting
from app.metrics.utilisation.routes import get_renewal_advice, list_licence_utilisation
from app.metrics.utilisation.service import Question
from app.people.routes import get_person

router = APIRouter(prefix=LICENCES, route_class=PageRoute)
recorded_router = APIRouter(prefix=LICENCES, route_class=RecordedPage)
form_router = APIRouter(prefix=LICENCES, route_class=FormRoute)

API: Final = "/api/v1/licence-pools"
_POOL: Final = "/{pool_id:uuid}"
_MOST: Final = PageQuery(limit=200)
# Each is looked up by name.
_PEOPLE: Final = 50
_DAY: Final[TypeAdapter[date]] = TypeAdapter(CalendarDate)

AsOf = Annotated[str, Query(max_length=30)]
Cursor = Annotated[str | None, Query(max_length=64)]
Done = Annotated[int | None, Query(ge=0, le=MAX_DECISIONS)]


@router.get("", dependencies=[authenticated()])
async def licences_page(view: Looking) -> HTMLResponse:
    """Every pool, and how its seats are used."""
    standings = await view.answer(list_licence_pools, page=_MOST)
    used = await view.answer(list_licence_utilisation, page=_MOST, asked=Question())
    return view.page(
        "licences/pools.html",
        "Licences",
        pools=list(_beside(standings["items"], used["items"])),
        more=standings["next_cursor"] is not None,
        of_pool=of_pool,
    )


def _beside(
    standings: list[dict[str, Any]], used: list[dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    by_pool = {each["pool_id"]: each for each in used}
    for pool in standings:
        yield pool, by_pool[pool["pool_id"]]


@router.get(_POOL, dependencies=[authenticated()])
async def pool_page(view: Looking, pool_id: UUID, as_of: AsOf = "") -> HTMLResponse:
    """A pool as of a day: bought, held, in use and idle, waited for, and what to renew."""
    day, refused = _day_of(as_of)
    try:
        used = await view.answer(SEATS.handler, pool_id=pool_id, asked=Question(as_of=day))
    except Invalid as problem:
        day, refused = None, Refused(problem, {"as_of": [as_of]})
        used = await view.answer(SEATS.handler, pool_id=pool_id, **SEATS.asked)
    # By default the last day that the figures speak of: after the term there are no seats.
    standing = day or date.fromisoformat(used["as_of"])
    pool = await view.answer(get_licence_pool, pool_id=pool_id, as_of=standing)
    waiting = await view.answer_if_allowed(
        list_waiting, pool_id=pool_id, page=PageQuery(limit=_PEOPLE), as_of=standing
    )
    shown = replace(view, refused=refused)
    return shown.page(
        "licences/pool.html",
        pool["name"],
        trail=[Crumb("Licences", LICENCES)],
        status=refused.problem.status if refused else 200,
        pool=pool,
        as_of=as_of or standing.isoformat(),
        used=used,
        seats=await drawn(contents.seats_by_day(used), f"{API}/{pool_id}", is_of_today=day is None),
        **SCRIPTED,
        advice=await _advice(view, pool_id, day),
        waiting=waiting,
        names=await _names(view, waiting["items"] if waiting else []),
        may_give=view.may(allocate_seats),
        may_reclaim=view.may(list_reclaim_candidates),
        about=of_pool(pool_id),
        of_pilot=of_pilot,
    )


async def _names(view: View, rows: list[dict[str, Any]]) -> dict[str, str]:
    """What people are called, by their ids, of rows that hold those."""
    found = {}
    for number in dict.fromkeys(row["person_id"] for row in rows):
        person = await view.answer(get_person, person_id=UUID(number))
        name, external_id = person["display_name"], person["external_id"]
        found[number] = f"{name} ({external_id})" if name else external_id
    return found


def _day_of(text: str) -> tuple[date | None, Refused | None]:
    """The day that stands in the form, or what is wrong with it; neither where it is left blank."""
    if not text.strip():
        return None, None
    try:
        return _DAY.validate_python(text.strip()), None
    except ValidationError as error:
        detail = f"The day {error.errors()[0]['msg']}"
        return None, Refused(Invalid.field("/as_of", "date_format", detail), {"as_of": [text]})


async def _advice(view: View, pool_id: UUID, as_of: date | None) -> dict[str, Any] | None:
    """What to renew; None where there is no use to go by yet, or the reader may not know."""
    try:
        advice: dict[str, Any] | None = await view.answer_if_allowed(
            get_renewal_advice, pool_id=pool_id, asked=Question(as_of=as_of)
        )
    except Conflict:
        return None
    return advice


@recorded_router.get(f"{_POOL}/reclaim", dependencies=[authenticated()])
async def reclaim_page(
    view: Looking, pool_id: UUID, cursor: Cursor = None, done: Done = None, refused: Done = None
) -> HTMLResponse:
    """Seats that might go to somebody else, in no order of use. Reading is recorded."""
    pool = await view.answer(get_licence_pool, pool_id=pool_id)
    page = PageQuery(limit=_PEOPLE, cursor=cursor)
    found = await view.answer(list_reclaim_candidates, pool_id=pool_id, page=page)
    return view.page(
        "licences/reclaim.html",
        "Seats to ask for",
        trail=[Crumb("Licences", LICENCES), Crumb(pool["name"], of_pool(pool_id))],
        pool=pool,
        found=found,
        names=await _names(view, found["items"]),
        here=f"{of_pool(pool_id)}/reclaim",
        decided=await view.answer(list_reclaim_decisions, pool_id=pool_id, page=_MOST),
        may_decide=view.may(decide_on_candidates),
        decisions=list(Decision),
        done=done,
        not_taken=refused,
    )


@form_router.post(f"{_POOL}/reclaim", dependencies=[authenticated()])
@form_on(reclaim_page)
async def decide(view: Looking, pool_id: UUID, form: Form) -> Response:
    """The same decision about each of the seats that are marked."""
    marked = form.get("allocation_id", [])
    if not marked:
        raise Invalid.field("/allocation_id", "missing_field", "Mark the seats that you decide on.")
    alike = {name: first(form, name) for name in ("decision", "reason", "keep_until")}
    said = {name: value for name, value in alike.items() if value is not None}
    items = [{"allocation_id": each, **said} for each in marked]
    answer = await view.answer(
        decide_on_candidates, pool_id=pool_id, wanted=wanted(DecisionsIn, {"items": items})
    )
    told = urlencode({"done": len(answer["decided"]), "refused": len(answer["refused"])})
    return RedirectResponse(f"{of_pool(pool_id)}/reclaim?{told}", status.HTTP_303_SEE_OTHER)
