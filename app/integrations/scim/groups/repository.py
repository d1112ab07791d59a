"""All SQL about groups of a directory and their members."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, insert, or_, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns, within
from app.core.models import in_parts, metadata, new_id
from app.core.pagination import PageQuery, paginate
from app.integrations.scim.groups.members import Member
from app.integrations.scim.groups.models import DirectoryGroup, DirectoryMembership, GroupUse
from app.integrations.scim.users.models import DirectoryUser
from app.people.models import Person

LIVE: ColumnElement[bool] = col(DirectoryGroup.deleted_at).is_(None)
_CURRENT: ColumnElement[bool] = col(DirectoryMembership.removed_at).is_(None)
_GROUP_OF_MEMBERSHIP = and_(
    col(DirectoryGroup.organisation_id) == col(DirectoryMembership.organisation_id),
    col(DirectoryGroup.id) == col(DirectoryMembership.group_id),
)


async def find(
    session: AsyncSession, principal: Principal, group_id: UUID, *, for_update: bool = False
) -> DirectoryGroup | None:
    """A live group; held against other writers of its members with `for_update`."""
    statement = scoped(principal, DirectoryGroup).where(col(DirectoryGroup.id) == group_id, LIVE)
    if for_update:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(statement)).one_or_none()


async def gone(
    session: AsyncSession, principal: Principal, display_name: str, external_id: str | None
) -> DirectoryGroup | None:
    """The group deleted last with this id of the directory; by its name where that gives no ids."""
    by_name = and_(
        col(DirectoryGroup.external_id).is_(None), col(DirectoryGroup.display_name) == display_name
    )
    statement = (
        scoped(principal, DirectoryGroup)
        .where(col(DirectoryGroup.deleted_at).is_not(None))
        .where(by_name if external_id is None else col(DirectoryGroup.external_id) == external_id)
        .order_by(col(DirectoryGroup.deleted_at).desc(), col(DirectoryGroup.id))
        .limit(1)
        .with_for_update()
    )
    return (await session.exec(statement)).one_or_none()


async def count(
    session: AsyncSession, principal: Principal, conditions: Collection[ColumnElement[bool]]
) -> int:
    statement = scoped_columns(principal, DirectoryGroup, func.count()).where(LIVE, *conditions)
    return int((await session.exec(statement)).one()[0])


async def some(
    session: AsyncSession,
    principal: Principal,
    conditions: Collection[ColumnElement[bool]],
    *,
    limit: int | None,
    offset: int = 0,
) -> list[DirectoryGroup]:
    """Live groups in the order in which they were recorded."""
    statement = scoped(principal, DirectoryGroup).where(LIVE, *conditions)
    statement = statement.order_by(col(DirectoryGroup.id)).limit(limit).offset(offset)
    return list((await session.exec(statement)).all())


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery, use: GroupUse | None
) -> tuple[list[DirectoryGroup], str | None]:
    statement = scoped(principal, DirectoryGroup).where(LIVE)
    if use is not None:
        statement = statement.where(col(DirectoryGroup.use) == use)
    return await paginate(session, statement, col(DirectoryGroup.id), query)


async def sizes(
    session: AsyncSession, principal: Principal, group_ids: Collection[UUID]
) -> dict[UUID, int]:
    """How many are in each of these groups; those that nobody is in are left out."""
    m = DirectoryMembership
    statement = (
        scoped_columns(principal, m, col(m.group_id), func.count())
        .where(col(m.group_id).in_(group_ids), _CURRENT)
        .group_by(col(m.group_id))
    )
    return {group_id: int(members) for group_id, members in await session.exec(statement)}


async def members(
    session: AsyncSession, principal: Principal, group_ids: Collection[UUID]
) -> dict[UUID, list[Member]]:
    """Who is in each of these groups now, in the order in which they came."""
    m = DirectoryMembership
    statement = (
        scoped_columns(principal, m, col(m.group_id), col(m.person_id), col(Person.display_name))
        .join(
            Person,
            and_(
                col(Person.organisation_id) == col(m.organisation_id),
                col(Person.id) == col(m.person_id),
            ),
        )
        .where(_CURRENT)
        .order_by(col(m.id))
    )
    found: dict[UUID, list[Member]] = defaultdict(list)
    for part in in_parts(group_ids):
        for group_id, *member in await session.exec(statement.where(col(m.group_id).in_(part))):
            found[group_id].append(Member(*member))
    return found


async def those_in(
    session: AsyncSession, principal: Principal, group_id: UUID, person_ids: Collection[UUID]
) -> set[UUID]:
    """Those of these people who are in a group now."""
    m = DirectoryMembership
    statement = scoped_columns(principal, m, col(m.person_id)).where(
        col(m.group_id) == group_id, _CURRENT
    )
    found: set[UUID] = set()
    for part in in_parts(person_ids):
        found |= {row[0] for row in await session.exec(statement.where(col(m.person_id).in_(part)))}
    return found


async def live_users(
    session: AsyncSession, principal: Principal, person_ids: Collection[UUID]
) -> set[UUID]:
    """Those of these ids that are users of the directory."""
    u = DirectoryUser
    statement = scoped_columns(principal, u, col(u.person_id)).where(col(u.deleted_at).is_(None))
    found: set[UUID] = set()
    for part in in_parts(person_ids):
        found |= {row[0] for row in await session.exec(statement.where(col(u.person_id).in_(part)))}
    return found


async def add(
    session: AsyncSession,
    principal: Principal,
    group_id: UUID,
    person_ids: Iterable[UUID],
    now: datetime,
) -> None:
    rows: list[dict[str, Any]] = [
        {
            "organisation_id": principal.organisation_id,
            "id": new_id(),
            "group_id": group_id,
            "person_id": person_id,
            "added_at": now,
        }
        for person_id in person_ids
    ]
    if rows:
        connection = await session.connection()
        await connection.execute(insert(metadata.tables["directory_membership"]), rows)


async def remove(
    session: AsyncSession,
    principal: Principal,
    now: datetime,
    *,
    group_id: UUID | None = None,
    person_ids: Collection[UUID] | None = None,
) -> int:
    """End memberships: of a group, of these people, or of these people in a group."""
    m = DirectoryMembership
    statement = update(m).where(*within(principal, m), _CURRENT).values(removed_at=now)
    if group_id is not None:
        statement = statement.where(col(m.group_id) == group_id)
    statement = statement.execution_options(synchronize_session=False)
    ended = 0
    for part in in_parts(person_ids) if person_ids is not None else [None]:
        narrowed = statement if part is None else statement.where(col(m.person_id).in_(part))
        ended += (await session.exec(narrowed)).rowcount
    return ended


async def teams_of(
    session: AsyncSession, principal: Principal, person_ids: Collection[UUID]
) -> dict[UUID, str]:
    """The team of each, by the team group that they came to last; those in none are left out."""
    m, g = DirectoryMembership, DirectoryGroup
    name = func.coalesce(g.team, g.display_name)
    statement = (
        scoped_columns(principal, m, col(m.person_id), name)
        .join(g, _GROUP_OF_MEMBERSHIP)
        .where(_CURRENT, LIVE, col(g.use) == GroupUse.TEAM)
        .order_by(col(m.added_at), col(m.id))
    )
    found: dict[UUID, str] = {}
    for part in in_parts(person_ids):
        rows = await session.exec(statement.where(col(m.person_id).in_(part)))
        found |= dict(rows.all())
    return found


async def of_pool(
    session: AsyncSession, principal: Principal, pool_id: UUID
) -> Sequence[DirectoryGroup]:
    """Groups that are evidence of a pool's seats, deleted ones as well: they were so once."""
    statement = scoped(principal, DirectoryGroup).where(col(DirectoryGroup.pool_id) == pool_id)
    return (await session.exec(statement.order_by(col(DirectoryGroup.id)))).all()


async def members_at(
    session: AsyncSession, principal: Principal, group_ids: Collection[UUID], instant: datetime
) -> dict[UUID, datetime]:
    """Who was in any of these groups just before an instant: the person, and since when."""
    m = DirectoryMembership
    statement = (
        scoped_columns(principal, m, col(m.person_id), col(m.added_at))
        .where(col(m.group_id).in_(group_ids), col(m.added_at) < instant)
        .where(or_(_CURRENT, col(m.removed_at) >= instant))
        .order_by(col(m.added_at).desc())
    )
    return dict((await session.exec(statement)).all())
