"""`/pilots`: set up, changed, moved through their life; who takes part."""

from uuid import UUID

from fastapi import APIRouter, Response, status

from app.access.permissions import Scope
from app.access.routing import ApiRoute, BulkRoute, Caller, IfMatch, Session, requires
from app.core.bulk.descriptions import schema_of
from app.core.bulk.requests import Bulk
from app.core.bulk.results import BulkResult
from app.core.etags import etag_of
from app.core.fields import FilterText
from app.core.pagination import Page, PageRequest
from app.pilots import membership, service
from app.pilots.models import Arm, Pilot, PilotKind, PilotStatus
from app.pilots.schemas import (
    MemberOut,
    MemberRow,
    PilotChange,
    PilotFilter,
    PilotIn,
    PilotOut,
    TransitionIn,
    TransitionOut,
)

router = APIRouter(route_class=ApiRoute)
bulk_router = APIRouter(route_class=BulkRoute)

PILOT = "/{pilot_id}"


def _answer(pilot: Pilot, response: Response) -> PilotOut:
    response.headers["ETag"] = etag_of(pilot.id, pilot.revision)
    return PilotOut.model_validate(pilot)


@router.post("", status_code=status.HTTP_201_CREATED, dependencies=[requires(Scope.PILOTS_WRITE)])
async def create_pilot(
    wanted: PilotIn, response: Response, session: Session, principal: Caller
) -> PilotOut:
    """Set a pilot up. It starts as a draft; see its transitions."""
    pilot = await service.create(session, principal, wanted)
    response.headers["Location"] = f"/api/v1/pilots/{pilot.id}"
    return _answer(pilot, response)


@router.get("", dependencies=[requires(Scope.PILOTS_READ)])
async def list_pilots(
    session: Session,
    principal: Caller,
    page: PageRequest,
    code: FilterText | None = None,
    kind: PilotKind | None = None,
    status: PilotStatus | None = None,
) -> Page[PilotOut]:
    """Pilots within reach: a pilot lead sees its own."""
    wanted = PilotFilter(code, kind, status)
    rows, cursor = await service.page(session, principal, page, wanted)
    return Page(items=[PilotOut.model_validate(row) for row in rows], next_cursor=cursor)


@router.get(PILOT, dependencies=[requires(Scope.PILOTS_READ)])
async def get_pilot(
    pilot_id: UUID, response: Response, session: Session, principal: Caller
) -> PilotOut:
    """One pilot."""
    return _answer(await service.get(session, principal, pilot_id), response)


@router.patch(PILOT, dependencies=[requires(Scope.PILOTS_WRITE)])
async def change_pilot(
    pilot_id: UUID,
    changes: PilotChange,
    response: Response,
    session: Session,
    principal: Caller,
    if_match: IfMatch = None,
) -> PilotOut:
    """Change a pilot; what is left out stays. Needs `If-Match`."""
    return _answer(await service.change(session, principal, pilot_id, changes, if_match), response)


@router.post(
    f"{PILOT}/transitions",
    status_code=status.HTTP_201_CREATED,
    dependencies=[requires(Scope.PILOTS_WRITE)],
)
async def transition_pilot(
    pilot_id: UUID, wanted: TransitionIn, session: Session, principal: Caller
) -> TransitionOut:
    """Take a pilot one step on: planned, running, completed, decided or cancelled."""
    step = await service.transition(session, principal, pilot_id, wanted)
    return TransitionOut.model_validate(step)


@router.get(f"{PILOT}/transitions", dependencies=[requires(Scope.PILOTS_READ)])
async def list_pilot_transitions(
    pilot_id: UUID, session: Session, principal: Caller, page: PageRequest
) -> Page[TransitionOut]:
    """The steps that a pilot has taken."""
    rows, cursor = await service.transitions(session, principal, pilot_id, page)
    return Page(items=[TransitionOut.model_validate(row) for row in rows], next_cursor=cursor)


@router.get(f"{PILOT}/members", dependencies=[requires(Scope.PEOPLE_READ)])
async def list_pilot_members(
    pilot_id: UUID, session: Session, principal: Caller, page: PageRequest, arm: Arm | None = None
) -> Page[MemberOut]:
    """Who takes part in a pilot, when, and on which side."""
    rows, cursor = await membership.page(session, principal, pilot_id, page, arm)
    return Page(items=[MemberOut.model_validate(row) for row in rows], next_cursor=cursor)


@bulk_router.post(
    f"{PILOT}/members/bulk",
    dependencies=[requires(Scope.PILOTS_WRITE)],
    openapi_extra=schema_of(MemberRow),
)
async def upsert_pilot_members(
    pilot_id: UUID, bulk: Bulk, session: Session, principal: Caller
) -> BulkResult:
    """Enrol people or change how they take part; arm `pilot` unless a row says otherwise."""
    return await membership.upsert_many(
        session, principal, pilot_id, bulk.rows(MemberRow), bulk.options
    )
