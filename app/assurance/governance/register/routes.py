"""`/pilots/{pilot_id}/register`: what is assessed, agreed and noted about a pilot."""

from uuid import UUID

from fastapi import APIRouter, Response, status

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, IfMatch, Session, requires
from app.assurance.governance.register import service
from app.assurance.governance.register.models import ItemKind, RegisterItem
from app.assurance.governance.register.schemas import (
    RegisterItemChange,
    RegisterItemIn,
    RegisterItemOut,
)
from app.core.etags import etag_of
from app.core.pagination import Page, PageRequest

router = APIRouter(route_class=ApiRoute)

REGISTER = "/{pilot_id}/register"
ITEM = f"{REGISTER}/{{item_id}}"


def _answer(item: RegisterItem, response: Response) -> RegisterItemOut:
    response.headers["ETag"] = etag_of(item.id, item.revision)
    return RegisterItemOut.model_validate(item)


@router.post(
    REGISTER, status_code=status.HTTP_201_CREATED, dependencies=[requires(Scope.GOVERNANCE_WRITE)]
)
async def create_register_item(
    pilot_id: UUID,
    wanted: RegisterItemIn,
    response: Response,
    session: Session,
    principal: Caller,
) -> RegisterItemOut:
    """Put an item into the register: an assessment, a rule, a plan, a risk, an incident."""
    item = await service.create(session, principal, pilot_id, wanted)
    response.headers["Location"] = f"/api/v1/pilots/{pilot_id}/register/{item.id}"
    return _answer(item, response)


@router.get(REGISTER, dependencies=[requires(Scope.GOVERNANCE_READ)])
async def list_register_items(
    pilot_id: UUID,
    session: Session,
    principal: Caller,
    page: PageRequest,
    kind: ItemKind | None = None,
) -> Page[RegisterItemOut]:
    """What stands in a pilot's register."""
    rows, cursor = await service.page(session, principal, pilot_id, page, kind)
    return Page(items=[RegisterItemOut.model_validate(row) for row in rows], next_cursor=cursor)


@router.get(ITEM, dependencies=[requires(Scope.GOVERNANCE_READ)])
async def get_register_item(
    pilot_id: UUID, item_id: UUID, response: Response, session: Session, principal: Caller
) -> RegisterItemOut:
    """One item."""
    return _answer(await service.get(session, principal, pilot_id, item_id), response)


@router.patch(ITEM, dependencies=[requires(Scope.GOVERNANCE_WRITE)])
async def change_register_item(
    pilot_id: UUID,
    item_id: UUID,
    changes: RegisterItemChange,
    response: Response,
    session: Session,
    principal: Caller,
    if_match: IfMatch = None,
) -> RegisterItemOut:
    """Change an item, or decide about it. Send `If-Match`."""
    item = await service.change(session, principal, pilot_id, item_id, changes, if_match)
    return _answer(item, response)
