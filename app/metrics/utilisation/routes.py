"""Licence utilisation: of a pool, of a pilot's pools, of all pools; and what to renew."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, Session, requires
from app.core.bulk.formats import JSON
from app.core.fields import CalendarDate
from app.core.pagination import Page, PageRequest
from app.licences.pools.routes import POOL
from app.metrics.groups import GroupBy
from app.metrics.utilisation import renewal, service
from app.metrics.utilisation.facts import Basis
from app.metrics.utilisation.renewal import RenewalOut, renewal_out
from app.metrics.utilisation.schemas import (
    PoolUtilisation,
    UtilisationOut,
    pool_utilisation_out,
    utilisation_out,
)
from app.metrics.utilisation.service import Question

pools_router = APIRouter(route_class=ApiRoute)
pilots_router = APIRouter(route_class=ApiRoute)
every_router = APIRouter(route_class=ApiRoute)


async def _asked(
    starts_on: CalendarDate | None = None,
    ends_on: CalendarDate | None = None,
    as_of: Annotated[
        CalendarDate | None, Query(description="The last day that is taken into account.")
    ] = None,
    basis: Annotated[
        Basis,
        Query(
            description="Which days count in seat-days: all, or Monday to Friday less the bank holidays "
            "of England and Wales. Costs always go by the calendar."
        ),
    ] = Basis.CALENDAR_DAYS,
) -> Question:
    return Question(starts_on, ends_on, as_of, basis=basis)


Asked = Annotated[Question, Depends(_asked)]


async def _grouped(asked: Asked, group_by: GroupBy | None = None) -> Question:
    return replace(asked, group_by=group_by)


AskedByGroup = Annotated[Question, Depends(_grouped)]


@pools_router.get(
    f"{POOL}/utilisation",
    response_model=UtilisationOut,
    dependencies=[requires(Scope.LICENCES_READ)],
)
async def get_pool_utilisation(
    pool_id: UUID, session: Session, principal: Caller, asked: AskedByGroup
) -> Response:
    """How a pool's seats were used over `[starts_on, ends_on)`: by default its term up to today.

    Small counts are withheld from readers who may not see the named people behind them.
    """
    answer = await service.of_pool(session, principal, pool_id, asked)
    return Response(utilisation_out(answer), media_type=JSON)


@pools_router.get(
    f"{POOL}/renewal-advice",
    dependencies=[requires(Scope.LICENCES_READ, Scope.PEOPLE_READ)],
)
async def get_renewal_advice(
    pool_id: UUID, session: Session, principal: Caller, asked: Asked
) -> RenewalOut:
    """How many seats to renew, what that saves and from when, and what would have to be true."""
    return renewal_out(await renewal.advise(session, principal, pool_id, asked))


@pilots_router.get(
    "/{pilot_id}/metrics/licence-utilisation",
    response_model=UtilisationOut,
    dependencies=[requires(Scope.METRICS_READ)],
)
async def get_pilot_licence_utilisation(
    pilot_id: UUID, session: Session, principal: Caller, asked: AskedByGroup
) -> Response:
    """How the seats of a pilot's pools were used, taken together, over the pilot's window."""
    answer = await service.of_pilot(session, principal, pilot_id, asked)
    return Response(utilisation_out(answer), media_type=JSON)


@every_router.get("", dependencies=[requires(Scope.LICENCES_READ)])
async def list_licence_utilisation(
    session: Session, principal: Caller, page: PageRequest, asked: Asked
) -> Page[PoolUtilisation]:
    """Every pool of the organisation on one page, each over the window or its own term."""
    answers, cursor = await service.of_every_pool(session, principal, page, asked)
    return Page(items=[pool_utilisation_out(answer) for answer in answers], next_cursor=cursor)
