"""The fixed groups that figures may be broken down by: filters of one's own would single people out."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core.arrays import Ids, array_of
from app.core.errors import Invalid
from app.pilots import membership
from app.pilots.models import Arm, Pilot

MAX_GROUPS = 200
NOT_RECORDED = "(not recorded)"

Members = TypeVar("Members")


class GroupBy(StrEnum):
    """What people are put into groups by."""

    TEAM = "team"
    DEPARTMENT = "department"
    JOB_FAMILY = "job_family"


async def of_pilot(
    session: AsyncSession,
    principal: Principal,
    pilot: Pilot,
    asked: GroupBy | None,
    *,
    alone: bool,
) -> dict[GroupBy, dict[str, Ids]]:
    """Ids of the members of arm `pilot` by group, of the breakdown that is asked for; none where none is.

    Args:
        session: the transaction.
        principal: who asks.
        pilot: within reach.
        asked: what is asked for.
        alone: without the other breakdowns that can be had.

    Raises:
        Invalid: it has too many groups.
    """
    if asked is None:
        return {}
    found = {}
    for by in (asked,) if alone else GroupBy:
        groups = await membership.groups(session, principal, pilot, Arm.PILOT, by.value)
        found[by] = {name: array_of(ids) for name, ids in groups.items()}
    return offered(found, asked)


def offered(
    every: Mapping[GroupBy, Mapping[str | None, Members]], asked: GroupBy
) -> dict[GroupBy, dict[str, Members]]:
    """Every breakdown that can be had, its groups named; another that has too many is offered to nobody.

    Raises:
        Invalid: the one that is asked for has too many.
    """
    return {
        by: named(groups)
        for by, groups in every.items()
        if by is asked or len(groups) <= MAX_GROUPS
    }


def named(groups: Mapping[str | None, Members]) -> dict[str, Members]:
    """Groups by name, in order; those without one under a name of their own.

    Raises:
        Invalid: they are too many.
    """
    if len(groups) > MAX_GROUPS:
        raise Invalid.field(
            "/group_by",
            "too_many_groups",
            f"There are more than {MAX_GROUPS} groups. Group by a coarser attribute.",
        )
    nameless = NOT_RECORDED
    while nameless in groups:  # a group may be called so
        nameless = f"({nameless})"
    return {name or nameless: groups[name] for name in sorted(groups, key=lambda n: n or nameless)}
