"""Where the protocol reads and writes its resources: our own services, in the request's transaction."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, cast
from uuid import UUID

from pydantic import ValidationError
from scim2_models import (
    Meta,
    NotFoundException,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    SearchRequest,
    TooManyException,
    UniquenessException,
)
from scim2_server.storage import AsyncScimStorage, SearchPage
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core.errors import Conflict
from app.core.etags import etag_of
from app.core.fields import Input, Label
from app.core.problems import invalid_input
from app.integrations.scim.filters import Columns, Condition, has_id, id_of, necessary
from app.integrations.scim.groups import service as groups
from app.integrations.scim.groups.members import Member
from app.integrations.scim.groups.models import DirectoryGroup
from app.integrations.scim.groups.service import Said
from app.integrations.scim.moves import Moves
from app.integrations.scim.resources import Account, Group, GroupMember, user_name_key
from app.integrations.scim.users import service as users
from app.integrations.scim.users.accounts import Known, account_of, stated
from app.integrations.scim.users.models import DirectoryUser

# So many a search looks at, one by one, where no index answers it.
MOST_EXAMINED = 5_000
# In parts, so that others are served meanwhile.
_AT_ONCE = 250

AnyResource = Resource[Any]
Parameters = ResponseParameters[Any]


class DirectoryStorage(AsyncScimStorage):
    """The users and groups of one organisation.

    Args:
        session: the transaction.
        principal: whose organisation's.
        holds: what is read is about to be written: it is held against other writers.
    """

    def __init__(self, session: AsyncSession, principal: Principal, *, holds: bool) -> None:
        where = Where(session, principal, holds=holds)
        self._groups = Groups(where)
        self._shelves: dict[str | None, Shelf] = {"User": Users(where), "Group": self._groups}

    def _shelf(self, resource_type: ResourceType) -> "Shelf":
        return self._shelves[resource_type.name]

    async def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: Parameters | None = None,
    ) -> AnyResource:
        return await self._shelf(resource_type).get(_identity(resource_id), response_parameters)

    async def without_members(self, group_id: str) -> Group:
        """A group, its members not told."""
        return await self._groups.without_members(_identity(group_id))

    async def move_members(self, group_id: str, moves: Moves) -> Group:
        """Have these people come to a group, or go from it; its members are not told."""
        return await self._groups.move(_identity(group_id), moves)

    async def search(
        self,
        resource_types: list[ResourceType],
        search_request: SearchRequest[Any],
        *,
        position: Any = None,  # noqa: ARG002 - of cursors, which are not offered
    ) -> SearchPage:
        wanted = search_request
        first, count = wanted.start_index_0 or 0, wanted.count
        shelves = [self._shelf(resource_type) for resource_type in resource_types]
        if len(shelves) == 1 and wanted.filter is None and wanted.sort_by is None:
            (shelf,) = shelves
            total = await shelf.count([])
            # A number past the last row may be more than a database takes.
            if first >= total or count == 0:
                return SearchPage(total, [])
            return SearchPage(total, await shelf.some([], wanted, limit=count, offset=first))
        found = [resource for shelf in shelves for resource in await _matching(shelf, wanted)]
        page = wanted.sort(found)[first : None if count is None else first + count]
        return SearchPage(len(found), page)

    async def create(self, resource_type: ResourceType, resource: AnyResource) -> AnyResource:
        with _uniqueness():
            return await self._shelf(resource_type).create(resource)

    async def update(
        self,
        resource_type: ResourceType,
        resource: AnyResource,
        *,
        expected_version: str | None = None,
    ) -> AnyResource:
        identity = _identity(resource.id or "")
        with _uniqueness():
            return await self._shelf(resource_type).update(identity, resource, expected_version)

    async def delete(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        expected_version: str | None = None,
    ) -> None:
        await self._shelf(resource_type).delete(_identity(resource_id), expected_version)


async def _matching(shelf: "Shelf", wanted: SearchRequest[Any]) -> list[AnyResource]:
    conditions = necessary(wanted.filter, shelf.columns)
    if await shelf.count(conditions) > MOST_EXAMINED:
        raise TooManyException
    matching: list[AnyResource] = []
    for place in range(0, MOST_EXAMINED, _AT_ONCE):
        part = await shelf.some(conditions, wanted, limit=_AT_ONCE, offset=place)
        matching += [each for each in part if wanted.filter is None or wanted.filter.match(each)]
        if len(part) < _AT_ONCE:
            break
    return matching


def _identity(resource_id: str) -> UUID:
    identity = id_of(resource_id)
    if identity is None:
        raise NotFoundException
    return identity


def _check_version(current: str, expected: str | None) -> None:
    if expected is not None and expected != current:
        raise PreconditionFailedException


@contextmanager
def _uniqueness() -> Iterator[None]:
    try:
        yield
    except Conflict as conflict:
        raise UniquenessException(told=conflict.detail) from None


@dataclass(frozen=True, slots=True)
class Where:
    """Whose resources are read and written, in which transaction."""

    session: AsyncSession
    principal: Principal
    holds: bool

    @property
    def ours(self) -> tuple[AsyncSession, Principal]:
        return self.session, self.principal


class Shelf(ABC):
    """The resources of one type."""

    # What an index answers of a filter.
    columns: ClassVar[Columns]

    def __init__(self, where: Where) -> None:
        self._where = where
        self._ours = where.ours

    @abstractmethod
    async def get(self, identity: UUID, parameters: Parameters | None) -> AnyResource: ...

    @abstractmethod
    async def count(self, conditions: Collection[Condition]) -> int: ...

    @abstractmethod
    async def some(
        self,
        conditions: Collection[Condition],
        wanted: SearchRequest[Any],
        *,
        limit: int | None,
        offset: int = 0,
    ) -> list[AnyResource]: ...

    @abstractmethod
    async def create(self, resource: AnyResource) -> AnyResource: ...

    @abstractmethod
    async def update(
        self, identity: UUID, resource: AnyResource, expected: str | None
    ) -> AnyResource: ...

    @abstractmethod
    async def delete(self, identity: UUID, expected: str | None) -> None: ...


class Users(Shelf):
    """People whom the directory keeps."""

    columns: ClassVar[Columns] = {
        "id": has_id(col(DirectoryUser.person_id)),
        "username": lambda name: col(DirectoryUser.user_name_key) == user_name_key(name),
        "externalid": lambda text: col(DirectoryUser.external_id) == text,
    }

    async def get(
        self,
        identity: UUID,
        parameters: Parameters | None,  # noqa: ARG002 - a user is one row, whatever is asked of it
    ) -> Account:
        return self._account(await self._known(identity))

    async def count(self, conditions: Collection[Condition]) -> int:
        return await users.count(*self._ours, conditions)

    async def some(
        self,
        conditions: Collection[Condition],
        wanted: SearchRequest[Any],  # noqa: ARG002 - likewise
        *,
        limit: int | None,
        offset: int = 0,
    ) -> list[AnyResource]:
        found = await users.some(*self._ours, conditions, limit=limit, offset=offset)
        return [self._account(known) for known in found]

    async def create(self, resource: AnyResource) -> Account:
        return self._account(await users.create(*self._ours, cast(Account, resource)))

    async def update(self, identity: UUID, resource: AnyResource, expected: str | None) -> Account:
        known = await self._known(identity)
        _check_version(known.version, expected)
        return self._account(await users.change(*self._ours, known, cast(Account, resource)))

    async def delete(self, identity: UUID, expected: str | None) -> None:
        known = await self._known(identity)
        _check_version(known.version, expected)
        await users.leave(*self._ours, known)

    async def _known(self, identity: UUID) -> Known:
        known = await users.find(*self._ours, identity, for_update=self._where.holds)
        if known is None:
            raise NotFoundException
        return known

    def _account(self, known: Known) -> Account:
        return account_of(known, users.today_of(self._where.principal))


class Groups(Shelf):
    """Groups, with their members where these are asked for."""

    columns: ClassVar[Columns] = {
        "id": has_id(col(DirectoryGroup.id)),
        "externalid": lambda text: col(DirectoryGroup.external_id) == text,
    }

    async def get(self, identity: UUID, parameters: Parameters | None) -> Group:
        group = await self._group(identity)
        (told,) = await self._told([group], with_members=_wants_members(parameters))
        return told

    async def count(self, conditions: Collection[Condition]) -> int:
        return await groups.count(*self._ours, conditions)

    async def some(
        self,
        conditions: Collection[Condition],
        wanted: SearchRequest[Any],
        *,
        limit: int | None,
        offset: int = 0,
    ) -> list[AnyResource]:
        found = await groups.some(*self._ours, conditions, limit=limit, offset=offset)
        filtered_by = "member" in f"{wanted.filter} {wanted.sort_by}".lower()
        told = await self._told(found, with_members=filtered_by or _wants_members(wanted))
        return list(told)

    async def create(self, resource: AnyResource) -> Group:
        group = await groups.create(*self._ours, _said(cast(Group, resource)))
        (told,) = await self._told([group])
        return told

    async def update(self, identity: UUID, resource: AnyResource, expected: str | None) -> Group:
        group = await self._group(identity)
        _check_version(etag_of(group.id, group.revision), expected)
        await groups.change(*self._ours, group, _said(cast(Group, resource)))
        (told,) = await self._told([group])
        return told

    async def delete(self, identity: UUID, expected: str | None) -> None:
        group = await self._group(identity)
        _check_version(etag_of(group.id, group.revision), expected)
        await groups.delete(*self._ours, group)

    async def without_members(self, identity: UUID) -> Group:
        return _group_of(await self._group(identity), ())

    async def move(self, identity: UUID, moves: Moves) -> Group:
        group = await self._group(identity)
        coming, strangers = _identities(name for name, comes in moves.items() if comes)
        going, _ = _identities(name for name, comes in moves.items() if not comes)
        await groups.move(*self._ours, group, coming, going, strangers=strangers)
        return _group_of(group, ())

    async def _group(self, identity: UUID) -> DirectoryGroup:
        group = await groups.find(*self._ours, identity, for_update=self._where.holds)
        if group is None:
            raise NotFoundException
        return group

    async def _told(
        self, found: Collection[DirectoryGroup], *, with_members: bool = True
    ) -> list[Group]:
        ids = [group.id for group in found] if with_members else []
        members = await groups.members(*self._ours, ids)
        return [_group_of(group, members.get(group.id, [])) for group in found]


class _GroupFields(Input):
    display_name: Label
    external_id: Label | None


def _said(group: Group) -> Said:
    """What is said of a group; a member that cannot be a user is a stranger."""
    try:
        fields = _GroupFields(
            display_name=group.display_name or "", external_id=stated(group.external_id)
        )
    except ValidationError as error:
        raise invalid_input([dict(each) for each in error.errors()]) from None
    ids, strangers = _identities(member.value or "" for member in group.members or ())
    return Said(fields.display_name, fields.external_id, ids, strangers)


def _identities(names: Iterable[str]) -> tuple[frozenset[UUID], int]:
    """The ids among what members are named by, and how many of the names are none."""
    found = [id_of(name) for name in names]
    return frozenset(each for each in found if each is not None), found.count(None)


def _group_of(group: DirectoryGroup, members: Collection[Member]) -> Group:
    told = Group(
        id=str(group.id),
        external_id=group.external_id,
        display_name=group.display_name,
        members=[
            GroupMember(
                value=str(member.person_id),
                ref=f"Users/{member.person_id}",
                type="User",
                display=member.display_name,
            )
            for member in members
        ]
        or None,
    )
    told.meta = Meta(
        resource_type="Group",
        created=group.created_at,
        last_modified=group.updated_at,
        version=etag_of(group.id, group.revision),
    )
    return told


def _wants_members(parameters: Parameters | None) -> bool:
    """Whether an answer shows members: Microsoft Entra leaves them out of most."""
    if parameters is None:
        return True
    if parameters.attributes:
        return any("members" in str(path).lower() for path in parameters.attributes)
    left_out = {
        str(path).lower().rpartition(":")[2] for path in parameters.excluded_attributes or ()
    }
    return "members" not in left_out
