"""The fixed groups that figures may be broken down by: filters of one's own would single people out."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from app.core.errors import Invalid

MAX_GROUPS = 200
NOT_RECORDED = "(not recorded)"

Someone = TypeVar("Someone")
Members = TypeVar("Members")


class GroupBy(StrEnum):
    """What people are put into groups by."""

    TEAM = "team"
    DEPARTMENT = "department"
    JOB_FAMILY = "job_family"


def grouped(
    people: Iterable[Someone], name_of: Callable[[Someone], str | None]
) -> dict[str, list[Someone]]:
    """People by the name of their group, as `named` orders and names the groups.

    Raises:
        Invalid: they are too many.
    """
    groups: dict[str | None, list[Someone]] = defaultdict(list)
    for who in people:
        groups[name_of(who)].append(who)
    return named(groups)


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
