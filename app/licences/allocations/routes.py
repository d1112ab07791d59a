"""`/licence-pools/{pool_id}/allocations`: who holds a seat from when to when."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, status
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.gathering import Asked, Gathering, Outcome, success
from app.access.permissions import Scope
from app.access.routing import (
    ApiRoute,
    BulkRoute,
    Caller,
    GatheredRoute,
    IfMatch,
    Session,
    requires,
)
from app.core.bulk.descriptions import schema_of
from app.core.bulk.requests import Bulk
from app.core.etags import etag_of
from app.core.pagination import Page, PageRequest, page_of
from app.licences.allocations import bulk as many
from app.licences.allocations import service
from app.licences.allocations.models import SeatAllocation
from app.licences.allocations.schemas import (
    AllocatedOut,
    AllocationBulkResult,
    AllocationChange,
    AllocationFilter,
    AllocationIn,
    AllocationOut,
    AllocationRow,
    ReleasedOut,
    ReleaseIn,
    SeatEventOut,
)
from app.licences.pools import service as pools
from app.licences.pools.routes import POOL, AsOf, KnownAt
from app.licences.waiting_list.schemas import WaitingOut, waiting_out
from app.licences.waiting_list.service import Placed

router = APIRouter(route_class=ApiRoute)
bulk_router = APIRouter(route_class=BulkRoute)
gathered_router = APIRouter(route_class=GatheredRoute)

SEATS = f"{POOL}/allocations"
SEAT = SEATS + "/{allocation_id:uuid}"
Queue = Annotated[
    bool, Query(description="Where no seat is free, put the person on the waiting list.")
]


def _seat(seat: SeatAllocation, response: Response) -> AllocationOut:
    response.headers["ETag"] = etag_of(seat.id, seat.revision)
    return AllocationOut.model_validate(seat)


def _released(done: service.Released, response: Response) -> ReleasedOut:
    return ReleasedOut.model_construct(
        **_seat(done.seat, response).model_dump(),
        handed_on=[AllocationOut.model_validate(seat) for seat in done.handed_on],
    )


@bulk_router.post(
    f"{SEATS}/bulk",
    dependencies=[requires(Scope.LICENCES_WRITE)],
    openapi_extra=schema_of(AllocationRow),
)
async def allocate_seats(
    pool_id: UUID, bulk: Bulk, session: Session, principal: Caller, queue: Queue = False
) -> AllocationBulkResult:
    """Give many people a seat, in the order of the rows, with a result for each."""
    return await many.allocate_many(
        session, principal, pool_id, bulk.rows(AllocationRow), bulk.options, queue=queue
    )


async def _allocate(
    session: AsyncSession, pool_id: UUID, requests: Sequence[Asked[service.Request]]
) -> list[Outcome]:
    """The answers to several requests for seats of one pool."""
    answers: list[Outcome] = []
    for done in await service.allocate(session, pool_id, requests):
        if isinstance(done, service.Allocated):
            seat = done.seat
            out = AllocatedOut.model_construct(
                **AllocationOut.model_validate(seat).model_dump(), deficit=done.deficit
            )
            headers = {
                "ETag": etag_of(seat.id, seat.revision),
                "Location": f"/api/v1/licence-pools/{pool_id}/allocations/{seat.id}",
            }
            answers.append(success(out, status.HTTP_201_CREATED, **headers))
        elif isinstance(done, Placed):
            answers.append(success(waiting_out(done), status.HTTP_202_ACCEPTED))
        else:
            answers.append(done)
    return answers


_SEATS: Gathering[UUID, service.Request] = Gathering(_allocate)


@gathered_router.post(
    SEATS,
    status_code=status.HTTP_201_CREATED,
    response_model=AllocatedOut,
    dependencies=[requires(Scope.LICENCES_WRITE)],
    responses={202: {"model": WaitingOut, "description": "On the waiting list."}},
)
async def allocate_seat(
    pool_id: UUID,
    wanted: AllocationIn,
    request: Request,
    principal: Caller,
    queue: Queue = False,
) -> Response:
    """Give somebody a seat; 409 `pool_exhausted` where none is free, or 202 with `queue=true`."""
    return await _SEATS.answer(request, pool_id, principal, service.Request(wanted, queue))


@router.get(SEATS, dependencies=[requires(Scope.LICENCES_READ, Scope.PEOPLE_READ)])
async def list_allocations(
    pool_id: UUID,
    session: Session,
    principal: Caller,
    page: PageRequest,
    as_of: Annotated[
        AsOf, Query(description="Only seats held on this day; without it the whole ledger.")
    ] = None,
    known_at: KnownAt = None,
    person_id: UUID | None = None,
) -> Page[AllocationOut]:
    """The ledger: who holds, held or will hold a seat."""
    pool = await pools.get(session, principal, pool_id)
    wanted = AllocationFilter(as_of, known_at, person_id)
    rows, cursor = await service.page(session, principal, pool, page, wanted)
    return Page(items=[AllocationOut.model_validate(row) for row in rows], next_cursor=cursor)


@router.get(SEAT, dependencies=[requires(Scope.LICENCES_READ, Scope.PEOPLE_READ)])
async def get_allocation(
    pool_id: UUID, allocation_id: UUID, response: Response, session: Session, principal: Caller
) -> AllocationOut:
    """One seat."""
    return _seat(await service.get(session, principal, pool_id, allocation_id), response)


@router.patch(SEAT, dependencies=[requires(Scope.LICENCES_WRITE)])
async def correct_allocation(
    pool_id: UUID,
    allocation_id: UUID,
    changes: AllocationChange,
    response: Response,
    session: Session,
    principal: Caller,
    if_match: IfMatch = None,
) -> ReleasedOut:
    """Correct the dates of a seat, with the reason; its events keep what was recorded before."""
    done = await service.correct(session, principal, pool_id, allocation_id, changes, if_match)
    return _released(done, response)


@router.post(f"{SEAT}/release", dependencies=[requires(Scope.LICENCES_WRITE)])
async def release_allocation(
    pool_id: UUID,
    allocation_id: UUID,
    wanted: ReleaseIn,
    response: Response,
    session: Session,
    principal: Caller,
) -> ReleasedOut:
    """End a seat; it goes to the head of the waiting list where the pool says so."""
    done = await service.release(session, principal, pool_id, allocation_id, wanted)
    return _released(done, response)


@router.get(f"{SEAT}/events", dependencies=[requires(Scope.LICENCES_READ, Scope.PEOPLE_READ)])
async def list_seat_events(
    pool_id: UUID, allocation_id: UUID, session: Session, principal: Caller, page: PageRequest
) -> Page[SeatEventOut]:
    """What happened to a seat: every change with the state after it, who made it, and when."""
    every = await service.events(session, principal, pool_id, allocation_id)
    rows, cursor = page_of(every, page)
    return Page(items=[SeatEventOut.model_validate(row) for row in rows], next_cursor=cursor)
