"""`/dashboard/licences`: pools of seats, who uses them, what to renew, and which seats to ask for."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from pydantic import TypeAdapter, ValidationError

from app.access.routing import authenticated
from app.core.errors import Conflict, Invalid
from app.core.fields import CalendarDate
from app.core.pagination import PageQuery
from app.dashboard.charts import contents
from app.dashboard.charts.catalogue import SEATS
from app.dashboard.charts.showing import drawn
from app.dashboard.navigation import LICENCES, of_pilot, of_pool
from app.dashboard.routing import PageRoute, RecordedPage
from app.dashboard.views import Crumb, Looking, Refused, View
from app.licences.pools.routes import get_licence_pool, list_licence_pools
from app.licences.reclaim.routes import list_reclaim_candidates, list_reclaim_decisions
from app.licences.waiting_list.routes import list_waiting
from app.metrics.utilisation.routes import get_renewal_advice, list_licence_utilisation
from app.metrics.utilisation.service import Question

router = APIRouter(prefix=LICENCES, route_class=PageRoute)
recorded_router = APIRouter(prefix=LICENCES, route_class=RecordedPage)

API: Final = "/api/v1/licence-pools"
_POOL: Final = "/{pool_id:uuid}"
_MOST: Final = PageQuery(limit=200)
_DAY: Final[TypeAdapter[date]] = TypeAdapter(CalendarDate)

AsOf = Annotated[str, Query(max_length=30)]


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
    pool = await view.answer(get_licence_pool, pool_id=pool_id, as_of=day)
    shown = replace(view, refused=refused)
    return shown.page(
        "licences/pool.html",
        pool["name"],
        trail=[Crumb("Licences", LICENCES)],
        status=refused.problem.status if refused else 200,
        pool=pool,
        as_of=as_of or used["as_of"],
        used=used,
        seats=await drawn(contents.seats_by_day(used), f"{API}/{pool_id}"),
        advice=await _advice(view, pool_id, day),
        waiting=await view.answer_if_allowed(list_waiting, pool_id=pool_id, page=_MOST, as_of=day),
        may_reclaim=view.may(list_reclaim_candidates),
        about=of_pool(pool_id),
        of_pilot=of_pilot,
    )


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
async def reclaim_page(view: Looking, pool_id: UUID) -> HTMLResponse:
    """Seats that might go to somebody else, in no order of use. Reading is recorded."""
    pool = await view.answer(get_licence_pool, pool_id=pool_id)
    return view.page(
        "licences/reclaim.html",
        "Seats to ask for",
        trail=[Crumb("Licences", LICENCES), Crumb(pool["name"], of_pool(pool_id))],
        pool=pool,
        found=await view.answer(list_reclaim_candidates, pool_id=pool_id, page=_MOST),
        decided=await view.answer(list_reclaim_decisions, pool_id=pool_id, page=_MOST),
    )
