"""`/api-keys`: made by administrators, shown once, revoked for good."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response, status

from app.access import service
from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, Session, requires
from app.access.schemas import ApiKeyCreated, ApiKeyIn, ApiKeyOut
from app.core.pagination import Page, PageRequest

router = APIRouter(route_class=ApiRoute)


@router.post("", status_code=status.HTTP_201_CREATED, dependencies=[requires(Scope.ADMIN)])
async def create_api_key(
    wanted: ApiKeyIn, request: Request, response: Response, session: Session, principal: Caller
) -> ApiKeyCreated:
    """Make a key. The answer holds the key itself, this once: a replay answers `"key": null`."""
    row, key = await service.create_key(session, principal, wanted)
    created = ApiKeyCreated.model_validate(row)
    request.state.replay_body = created.model_dump_json().encode()
    response.headers["Location"] = f"/api/v1/api-keys/{row.id}"
    return created.model_copy(update={"key": key})


@router.get("", dependencies=[requires(Scope.ADMIN)])
async def list_api_keys(session: Session, principal: Caller, page: PageRequest) -> Page[ApiKeyOut]:
    """The organisation's keys, without their secrets."""
    rows, cursor = await service.list_keys(session, principal, page)
    return Page(items=[ApiKeyOut.model_validate(row) for row in rows], next_cursor=cursor)


@router.delete(
    "/{key_id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=[requires(Scope.ADMIN)]
)
async def revoke_api_key(
    key_id: Annotated[UUID, Path()], session: Session, principal: Caller
) -> None:
    """Revoke a key for good."""
    await service.revoke_key(session, principal, key_id)
