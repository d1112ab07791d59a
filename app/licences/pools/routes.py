"""`/licence-pools`: what was bought, and how it stands on any day."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status

from app.access.permissions import Scope
from app.access.principals import Principal
from app.access.routing import ApiRoute, Caller, IfMatch, Session, requires
from app.core.etags import etag_of
from app.core.fields import CalendarDate, FilterText, Instant
from app.core.pagination import Page, PageRequest
from app.licences.pools import service
from app.licences.pools.models import LicencePool
from app.licences.pools.schemas import (
    CapacityChanged,
    CapacityChangeIn,
    CapacityChangeOut,
    PoolChange,
    PoolFilter,
    PoolIn,
    PoolOut,
)
from app.licences.pools.service import Standing

router = APIRouter(route_class=ApiRoute)

POOL = "/{pool_id:uuid}"
AsOf = Annotated[
    CalendarDate | None, Query(description="The day that is asked about; today by default.")
]
KnownAt = Annotated[
    Instant | None,
    Query(
        description="Answer as it would have been answered at this instant: without later records."
    ),
]


def _out(standing: Standing, principal: Principal) -> PoolOut:
    pool = standing.pool
    # How many people hold a seat or wait, day by day, is for those who may see who they are.
    sees_people = principal.may(Scope.LICENCES_READ, Scope.PEOPLE_READ)
    return PoolOut(
        **pool.model_dump(exclude={"id", "organisation_id", "revision", "ledger_length"}),
        pool_id=pool.id,
        as_of=standing.as_of,
        known_at=standing.known_at,
        purchased=standing.purchased,
        allocated=standing.allocated if sees_people else None,
        available=standing.available if sees_people else None,
        deficit=standing.deficit if sees_people else None,
        waiting=standing.waiting if sees_people else None,
    )


async def _answer(
    session: Session,
    principal: Principal,
    pool: LicencePool,
    response: Response,
    as_of: CalendarDate | None = None,
    known_at: datetime | None = None,
) -> PoolOut:
    response.headers["ETag"] = etag_of(pool.id, pool.revision)
    (standing,) = await service.standings(session, principal, [pool], as_of, known_at)
    return _out(standing, principal)


@router.post("", status_code=status.HTTP_201_CREATED, dependencies=[requires(Scope.LICENCES_WRITE)])
async def create_licence_pool(
    wanted: PoolIn, response: Response, session: Session, principal: Caller
) -> PoolOut:
    """Set a pool up: seats of a product over a term."""
    pool = await service.create(session, principal, wanted)
    response.headers["Location"] = f"/api/v1/licence-pools/{pool.id}"
    return await _answer(session, principal, pool, response)


@router.get("", dependencies=[requires(Scope.LICENCES_READ)])
async def list_licence_pools(
    session: Session,
    principal: Caller,
    page: PageRequest,
    product: FilterText | None = None,
    pilot_id: UUID | None = None,
    name: FilterText | None = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> Page[PoolOut]:
    """Pools of the organisation, each as it stands on a day."""
    wanted = PoolFilter(product, pilot_id, name)
    pools, cursor = await service.page(session, principal, page, wanted)
    found = await service.standings(session, principal, pools, as_of, known_at)
    return Page(items=[_out(standing, principal) for standing in found], next_cursor=cursor)


@router.get(POOL, dependencies=[requires(Scope.LICENCES_READ)])
async def get_licence_pool(
    pool_id: UUID,
    response: Response,
    session: Session,
    principal: Caller,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> PoolOut:
    """One pool, as it stands on a day."""
    pool = await service.get(session, principal, pool_id)
    return await _answer(session, principal, pool, response, as_of, known_at)


@router.patch(POOL, dependencies=[requires(Scope.LICENCES_WRITE)])
async def change_licence_pool(
    pool_id: UUID,
    changes: PoolChange,
    response: Response,
    session: Session,
    principal: Caller,
    if_match: IfMatch = None,
) -> PoolOut:
    """Change a pool; what is left out stays. Needs `If-Match`. Seats change by capacity changes."""
    pool = await service.change(session, principal, pool_id, changes, if_match)
    return await _answer(session, principal, pool, response)


@router.post(
    f"{POOL}/capacity-changes",
    status_code=status.HTTP_201_CREATED,
    dependencies=[requires(Scope.LICENCES_WRITE)],
)
async def change_capacity(
    pool_id: UUID, wanted: CapacityChangeIn, session: Session, principal: Caller
) -> CapacityChanged:
    """Buy seats, or give some up, from a day on. Of two changes for one day the later recorded holds."""
    made = await service.change_capacity(session, principal, pool_id, wanted)
    recorded = CapacityChangeOut.model_validate(made.change)
    return CapacityChanged.model_construct(
        **recorded.model_dump(),
        deficit=made.shortage.seats if made.shortage else 0,
        deficit_from=made.shortage.first_day if made.shortage else None,
        handed_on=made.handed_on,
    )


@router.get(f"{POOL}/capacity-changes", dependencies=[requires(Scope.LICENCES_READ)])
async def list_capacity_changes(
    pool_id: UUID, session: Session, principal: Caller, page: PageRequest
) -> Page[CapacityChangeOut]:
    """How a pool's capacity changed, as it was recorded."""
    rows, cursor = await service.capacity_changes(session, principal, pool_id, page)
    return Page(items=[CapacityChangeOut.model_validate(row) for row in rows], next_cursor=cursor)
