"""`/directory-groups`: what the directory's groups are taken for, and what they are evidence of."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, IfMatch, Session, requires
from app.core.etags import etag_of
from app.core.fields import CalendarDate
from app.core.pagination import Page, PageRequest
from app.integrations.scim.groups import service
from app.integrations.scim.groups.models import DirectoryGroup, GroupUse
from app.integrations.scim.groups.schemas import (
    DirectoryGroupChange,
    DirectoryGroupOut,
    EvidencePage,
)

router = APIRouter(route_class=ApiRoute)
pools_router = APIRouter(route_class=ApiRoute)

GROUP = "/{group_id:uuid}"


def _out(group: DirectoryGroup, members: int) -> DirectoryGroupOut:
    return DirectoryGroupOut(
        **group.model_dump(exclude={"id", "organisation_id", "revision", "deleted_at"}),
        group_id=group.id,
        members=members,
    )


async def _answer(
    session: Session, principal: Caller, group: DirectoryGroup, response: Response
) -> DirectoryGroupOut:
    response.headers["ETag"] = etag_of(group.id, group.revision)
    sizes = await service.sizes(session, principal, [group])
    return _out(group, sizes.get(group.id, 0))


@router.get("", dependencies=[requires(Scope.PEOPLE_READ)])
async def list_directory_groups(
    session: Session, principal: Caller, page: PageRequest, use: GroupUse | None = None
) -> Page[DirectoryGroupOut]:
    """Groups that the directory sends, in the order in which they came."""
    groups, cursor = await service.page(session, principal, page, use)
    sizes = await service.sizes(session, principal, groups)
    return Page(items=[_out(group, sizes.get(group.id, 0)) for group in groups], next_cursor=cursor)


@router.get(GROUP, dependencies=[requires(Scope.PEOPLE_READ)])
async def get_directory_group(
    group_id: UUID, response: Response, session: Session, principal: Caller
) -> DirectoryGroupOut:
    """One group."""
    return await _answer(
        session, principal, await service.get(session, principal, group_id), response
    )


@router.patch(GROUP, dependencies=[requires(Scope.ADMIN)])
async def change_directory_group(
    group_id: UUID,
    changes: DirectoryGroupChange,
    response: Response,
    session: Session,
    principal: Caller,
    if_match: IfMatch = None,
) -> DirectoryGroupOut:
    """Say what a group is taken for: a team, or evidence of a pool's seats. Its members stay the directory's."""
    group = await service.take_for(session, principal, group_id, changes, if_match)
    return await _answer(session, principal, group, response)


@pools_router.get(
    "/{pool_id:uuid}/assignment-evidence",
    dependencies=[requires(Scope.LICENCES_READ, Scope.PEOPLE_READ)],
)
async def list_assignment_evidence(
    pool_id: UUID,
    session: Session,
    principal: Caller,
    page: PageRequest,
    as_of: CalendarDate | None = None,
) -> EvidencePage:
    """Where the directory's groups and the seat ledger differ at the end of a day; nothing is changed."""
    return await service.evidence(session, principal, pool_id, page, as_of)
