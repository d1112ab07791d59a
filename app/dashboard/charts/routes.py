"""`/pilots/{pilot_id}/charts` and `/licence-pools/{pool_id}/charts`: charts as Vega-Lite and CSV.

For reports that draw themselves (Power BI with Deneb) and for spreadsheets. A chart demands what the figures
that it shows demand.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.principals import Principal
from app.access.routing import ApiRoute, Caller, Session, requires, route_of
from app.benefits.routes import get_sensitivity
from app.core.bulk.sheets import CsvResponse, sheet
from app.dashboard.charts import drawing, tornado
from app.dashboard.charts.catalogue import OF_PILOTS, OF_POOLS, Made
from app.dashboard.charts.contents import COLUMNS, Chart
from app.dashboard.views import as_sent
from app.licences.pools.routes import POOL

pilots_router = APIRouter(route_class=ApiRoute)
pools_router = APIRouter(route_class=ApiRoute)


async def _read(made: Made, session: Session, principal: Principal, **owner: UUID) -> Chart:
    source = made.source
    found = await source.handler(session=session, principal=principal, **owner, **source.asked)
    return made.read(as_sent(found))


def _of_pilot(made: Made, sent: Callable[[Chart], Any]) -> Callable[..., Awaitable[Any]]:
    async def chart(pilot_id: UUID, session: Session, principal: Caller) -> Any:
        return sent(await _read(made, session, principal, pilot_id=pilot_id))

    return chart


def _of_pool(made: Made, sent: Callable[[Chart], Any]) -> Callable[..., Awaitable[Any]]:
    async def chart(pool_id: UUID, session: Session, principal: Caller) -> Any:
        return sent(await _read(made, session, principal, pool_id=pool_id))

    return chart


def _csv(chart: Chart) -> Response:
    return sheet(chart.slug, COLUMNS, chart.rows())


def _add(
    router: APIRouter,
    owner: str,
    made: Made,
    of: Callable[[Made, Callable[[Chart], Any]], Callable[..., Awaitable[Any]]],
) -> None:
    access = [requires(*route_of(made.source.handler).access.scopes)]
    name = made.slug.replace("-", "_")
    what = (made.read.__doc__ or "").strip()
    path = f"{owner}/charts/{made.slug}"
    router.add_api_route(
        path,
        of(made, drawing.specification),
        name=f"get_{name}_chart",
        description=f"{what} As Vega-Lite, with its figures.",
        response_model=dict[str, Any],
        dependencies=access,
    )
    router.add_api_route(
        f"{path}/rows",
        of(made, _csv),
        name=f"get_{name}_rows",
        description=f"{what} As CSV, a figure a row.",
        response_class=CsvResponse,
        dependencies=access,
    )


_TORNADO = "/{pilot_id}/benefits/{claim_id}/charts/sensitivity"
_OF_CLAIMS = [requires(*route_of(get_sensitivity).access.scopes)]


@pilots_router.get(_TORNADO, dependencies=_OF_CLAIMS)
async def get_sensitivity_chart(
    pilot_id: UUID, claim_id: UUID, session: Session, principal: Caller
) -> dict[str, Any]:
    """What becomes of a claim where one assumption is off, the widest first. As Vega-Lite, with its figures."""
    found = await get_sensitivity(pilot_id, claim_id, session, principal)
    return tornado.specification(as_sent(found))


@pilots_router.get(f"{_TORNADO}/rows", response_class=CsvResponse, dependencies=_OF_CLAIMS)
async def get_sensitivity_rows(
    pilot_id: UUID, claim_id: UUID, session: Session, principal: Caller
) -> Response:
    """The same as CSV, an assumption a row."""
    found = await get_sensitivity(pilot_id, claim_id, session, principal)
    return sheet("sensitivity", tornado.COLUMNS, tornado.rows(as_sent(found)))


for _made in OF_PILOTS:
    _add(pilots_router, "/{pilot_id}", _made, _of_pilot)
for _made in OF_POOLS:
    _add(pools_router, POOL, _made, _of_pool)
