"""Rules about groups of a directory: who is in them, and what follows from that.

A team follows from membership; a seat never does.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core import clock
from app.core.errors import NotFound, existing
from app.core.etags import check_if_match, etag_of
from app.core.local_days import begins, day_of
from app.core.pagination import PageQuery, page_of
from app.core.periods import DAY
from app.integrations.scim.groups import errors, repository
from app.integrations.scim.groups.members import Member
from app.integrations.scim.groups.models import DirectoryGroup, GroupUse
from app.integrations.scim.groups.schemas import (
    Difference,
    DirectoryGroupChange,
    EvidenceOut,
    EvidencePage,
)
from app.licences.allocations import service as allocations
from app.licences.pools import service as pools
from app.people import service as people


@dataclass(frozen=True, slots=True)
class Said:
    """What a directory says of a group; a member that is no user here is not taken, but counted."""

    display_name: str
    external_id: str | None
    member_ids: frozenset[UUID]
    strangers: int = 0


@dataclass(slots=True)
class _Done:
    """What was changed, as the event tells it."""

    fields: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, **counts: int) -> None:
        for name, number in counts.items():
            if number:
                self.counts[name] = self.counts.get(name, 0) + number

    @property
    def is_nothing(self) -> bool:
        return not self.fields and not self.counts

    def details(self) -> dict[str, Any]:
        return {"fields": sorted(self.fields), **self.counts}


async def find(
    session: AsyncSession, principal: Principal, group_id: UUID, *, for_update: bool = False
) -> DirectoryGroup | None:
    """A live group, held against other writers with `for_update`."""
    return await repository.find(session, principal, group_id, for_update=for_update)


async def get(
    session: AsyncSession, principal: Principal, group_id: UUID, *, for_update: bool = False
) -> DirectoryGroup:
    """One group.

    Raises:
        NotFound: there is none within reach.
    """
    return existing(
        await repository.find(session, principal, group_id, for_update=for_update), "group"
    )


async def some(
    session: AsyncSession,
    principal: Principal,
    conditions: Collection[ColumnElement[bool]] = (),
    *,
    limit: int | None,
    offset: int = 0,
) -> list[DirectoryGroup]:
    """Live groups in the order in which they were recorded."""
    return await repository.some(session, principal, conditions, limit=limit, offset=offset)


async def count(
    session: AsyncSession, principal: Principal, conditions: Collection[ColumnElement[bool]] = ()
) -> int:
    """How many live groups there are."""
    return await repository.count(session, principal, conditions)


async def members(
    session: AsyncSession, principal: Principal, group_ids: Collection[UUID]
) -> dict[UUID, list[Member]]:
    """Who is in each of these groups now."""
    return await repository.members(session, principal, group_ids)


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery, use: GroupUse | None
) -> tuple[list[DirectoryGroup], str | None]:
    """Live groups of the organisation."""
    return await repository.page(session, principal, query, use)


async def sizes(
    session: AsyncSession, principal: Principal, groups: Iterable[DirectoryGroup]
) -> dict[UUID, int]:
    """How many are in each of these groups; those that nobody is in are left out."""
    return await repository.sizes(session, principal, [group.id for group in groups])


async def create(session: AsyncSession, principal: Principal, said: Said) -> DirectoryGroup:
    """Take a group in. One that was deleted comes back with what the organisation takes it for."""
    group = await repository.gone(session, principal, said.display_name, said.external_id)
    if group is None:
        now = clock.now()
        group = DirectoryGroup(
            organisation_id=principal.organisation_id,
            display_name=said.display_name,
            external_id=said.external_id,
            created_at=now,
            updated_at=now,
        )
        session.add(group)
    else:
        group.deleted_at, group.display_name = None, said.display_name
        group.touch()
    await session.flush()
    done = _Done()
    await _set_members(session, principal, group, said, done)
    await _record(session, principal, "directory_group.created", group, done)
    return group


async def change(
    session: AsyncSession, principal: Principal, group: DirectoryGroup, said: Said
) -> None:
    """What a group is to be from now on; the caller holds it. What changes nothing leaves no event."""
    done = _Done()
    for name in ("display_name", "external_id"):
        if getattr(group, name) != getattr(said, name):
            setattr(group, name, getattr(said, name))
            done.fields.add(name)
    await session.flush()
    await _set_members(session, principal, group, said, done)
    if "display_name" in done.fields and group.use is GroupUse.TEAM:
        done.count(teams=await _assign_everybody(session, principal, group))
    await _finish(session, principal, group, done)


async def delete(session: AsyncSession, principal: Principal, group: DirectoryGroup) -> None:
    """Delete a group: nobody is in it any more; who was, and when, is kept."""
    group.deleted_at = clock.now()
    group.touch()
    await session.flush()
    done = _Done()
    nobody = Said(group.display_name, group.external_id, frozenset())
    await _set_members(session, principal, group, nobody, done)
    await _record(session, principal, "directory_group.deleted", group, done)


async def _record(
    session: AsyncSession, principal: Principal, action: str, group: DirectoryGroup, done: _Done
) -> None:
    await audit_log.record(session, principal, action, group.id, details=done.details())
    await session.flush()


async def move(
    session: AsyncSession,
    principal: Principal,
    group: DirectoryGroup,
    coming: frozenset[UUID],
    going: frozenset[UUID],
    *,
    strangers: int,
) -> None:
    """Have these people come to a group that the caller holds, and those go from it."""
    there = await repository.those_in(session, principal, group.id, coming | going)
    done = _Done()
    await _apply(session, principal, group, coming - there, going & there, done)
    done.count(not_known=strangers)
    await _finish(session, principal, group, done)


async def _set_members(
    session: AsyncSession, principal: Principal, group: DirectoryGroup, said: Said, done: _Done
) -> None:
    found = await repository.members(session, principal, [group.id])
    before = {member.person_id for member in found.get(group.id, ())}
    coming, going = said.member_ids - before, before - said.member_ids
    await _apply(session, principal, group, coming, going, done)
    done.count(not_known=said.strangers)


async def _apply(
    session: AsyncSession,
    principal: Principal,
    group: DirectoryGroup,
    coming: Collection[UUID],
    going: Collection[UUID],
    done: _Done,
) -> None:
    """Add people who are not in a group, as far as they are users, and remove people who are."""
    now = clock.now()
    users = await repository.live_users(session, principal, coming)
    # In the order of their ids: the order in which they are told afterwards.
    await repository.add(session, principal, group.id, sorted(users), now)
    if going:
        await repository.remove(session, principal, now, group_id=group.id, person_ids=going)
    done.count(added=len(users), removed=len(going), not_known=len(coming) - len(users))
    if group.use is GroupUse.TEAM:
        done.count(teams=await _assign_teams(session, principal, users | set(going)))


async def _finish(
    session: AsyncSession, principal: Principal, group: DirectoryGroup, done: _Done
) -> None:
    """Leave the event of a change; what changes nothing leaves none."""
    if done.is_nothing:
        return
    group.touch()
    await _record(session, principal, "directory_group.changed", group, done)


async def _assign_teams(
    session: AsyncSession, principal: Principal, person_ids: Collection[UUID]
) -> int:
    teams = await repository.teams_of(session, principal, person_ids)
    wanted = {person_id: teams.get(person_id) for person_id in person_ids}
    return await people.assign_teams(session, principal, wanted)


async def _assign_everybody(
    session: AsyncSession, principal: Principal, group: DirectoryGroup
) -> int:
    found = await repository.members(session, principal, [group.id])
    ids = [member.person_id for member in found.get(group.id, ())]
    return await _assign_teams(session, principal, ids)


async def forget(session: AsyncSession, principal: Principal, person_id: UUID) -> None:
    """End every membership of somebody who has gone; the event is that of their going."""
    await repository.remove(session, principal, clock.now(), person_ids=[person_id])


async def take_for(
    session: AsyncSession,
    principal: Principal,
    group_id: UUID,
    changes: DirectoryGroupChange,
    if_match: str | None,
) -> DirectoryGroup:
    """Say what a group is taken for; teams follow at once.

    Raises:
        NotFound: there is no such group.
        Invalid: a pool without the use `licences`, that use without a pool, or no such pool.
    """
    group = await get(session, principal, group_id, for_update=True)
    check_if_match(if_match, etag_of(group.id, group.revision))
    was_team = group.use is GroupUse.TEAM
    values = changes.model_dump(exclude_unset=True)
    use, pool_id = values.get("use", group.use), values.get("pool_id", group.pool_id)
    if (pool_id is not None) != (use is GroupUse.LICENCES):
        raise errors.pool_of_licences()
    if pool_id is not None and pool_id != group.pool_id:
        await _check_pool(session, principal, pool_id)
    for name, value in values.items():
        setattr(group, name, value)
    group.touch()
    await session.flush()
    done = _Done(fields=set(values))
    if was_team or group.use is GroupUse.TEAM:
        done.count(teams=await _assign_everybody(session, principal, group))
    await _record(session, principal, "directory_group.mapped", group, done)
    return group


async def _check_pool(session: AsyncSession, principal: Principal, pool_id: UUID) -> None:
    try:
        await pools.get(session, principal, pool_id)
    except NotFound:
        raise errors.unknown_pool() from None


async def evidence(
    session: AsyncSession, principal: Principal, pool_id: UUID, query: PageQuery, as_of: date | None
) -> EvidencePage:
    """Where membership of a pool's groups and its seats differ at the end of a day.

    Raises:
        NotFound: there is no such pool.
    """
    zone = ZoneInfo(principal.organisation.zone)
    day = as_of or clock.today(zone.key)
    await pools.get(session, principal, pool_id)
    groups = await repository.of_pool(session, principal, pool_id)
    added = await repository.members_at(
        session, principal, [group.id for group in groups], begins(day + DAY, zone)
    )
    members = {person_id: day_of(instant, zone) for person_id, instant in added.items()}
    seats = await allocations.seats_on(session, principal, pool_id, day)
    differences = [
        EvidenceOut(person_id=person_id, difference=kind, since=since[person_id])
        for kind, since, other in (
            (Difference.MEMBER_WITHOUT_SEAT, members, seats),
            (Difference.SEAT_WITHOUT_MEMBERSHIP, seats, members),
        )
        for person_id in sorted(since.keys() - other.keys())
    ]
    items, cursor = page_of(differences, query)
    return EvidencePage(
        items=items,
        next_cursor=cursor,
        as_of=day,
        groups=len([group for group in groups if group.deleted_at is None]),
        members=len(members),
        seats=len(seats),
        agreeing=len(members.keys() & seats.keys()),
    )
