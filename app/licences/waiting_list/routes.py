"""`/licence-pools/{pool_id}/waiting-list`: who waits for a seat."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, status

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, Session, requires
from app.core.pagination import Page, PageRequest
from app.licences.allocations import service as allocations
from app.licences.pools import service as pools
from app.licences.pools.routes import POOL, AsOf
from app.licences.waiting_list import service
from app.licences.waiting_list.schemas import WaitingIn, WaitingOut, waiting_out
from app.licences.waiting_list.service import Placed

router = APIRouter(route_class=ApiRoute)

LIST = f"{POOL}/waiting-list"


@router.post(
    LIST, status_code=status.HTTP_201_CREATED, dependencies=[requires(Scope.LICENCES_WRITE)]
)
async def enter_waiting_list(
    pool_id: UUID, wanted: WaitingIn, session: Session, principal: Caller
) -> WaitingOut:
    """Put somebody on the waiting list. It is served when a seat is released or bought."""
    entry = await allocations.wait(session, principal, pool_id, wanted)
    return waiting_out(Placed(entry, await service.place_of(session, principal, entry)))


@router.get(LIST, dependencies=[requires(Scope.LICENCES_READ, Scope.PEOPLE_READ)])
async def list_waiting(
    pool_id: UUID,
    session: Session,
    principal: Caller,
    page: PageRequest,
    as_of: Annotated[
        AsOf, Query(description="Only who waited on this day; without it everybody who waits now.")
    ] = None,
) -> Page[WaitingOut]:
    """Who waits, in the order in which they are served."""
    await pools.get(session, principal, pool_id)
    rows, cursor = await service.page(session, principal, pool_id, page, as_of)
    return Page(items=[waiting_out(row) for row in rows], next_cursor=cursor)


@router.post(f"{LIST}/{{waiting_id:uuid}}/withdraw", dependencies=[requires(Scope.LICENCES_WRITE)])
async def withdraw_from_waiting_list(
    pool_id: UUID, waiting_id: UUID, session: Session, principal: Caller
) -> WaitingOut:
    """Take somebody off the waiting list."""
    entry = await allocations.withdraw(session, principal, pool_id, waiting_id)
    return waiting_out(Placed(entry, None))
