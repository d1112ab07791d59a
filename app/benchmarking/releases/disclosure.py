"""Which cells of a comparison may be shown, so that nobody is read off them. Pure.

A cell is the answers of a group of organisations to a question. It is shown as quartiles, and only if all of
this holds (docs/decisions/0042-benchmark.md):

1. At least `MINIMUM` organisations are in it, and of an amount none holds more than half.
2. Held against every other cell that was ever shown of the question, it differs by no organisation or by
   at least `MINIMUM`: of groups within groups, of overlapping ones, and of earlier releases alike.
3. The same holds of the whole against what parts of it add up to, in every combination of versions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final
from uuid import UUID

import numpy as np

RULE_VERSION: Final = 1
MINIMUM: Final = 5
_LARGEST_PART: Final = 0.5


class Family(StrEnum):
    """By what organisations are put into groups; of one family each is in one group."""

    ALL = "all"
    KIND = "kind"
    SIZE = "size"


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """Organisations that are compared with one another."""

    family: Family
    code: str


EVERYBODY: Final = Group(Family.ALL, "all")


@dataclass(frozen=True, slots=True)
class Answered:
    """What an organisation's answer counts as, rounded as quartiles are; its interval where there is one."""

    value: float
    low: float | None = None
    high: float | None = None


Answers = Mapping[UUID, Answered]


@dataclass(frozen=True, slots=True)
class ShownCell:
    """A cell that was shown, and whose release it was made in."""

    release_id: UUID
    year: int
    group: Group
    answers: Answers


@dataclass(frozen=True, slots=True)
class Quartiles:
    """What is shown of a cell; the typical interval is the median of the lower and of the upper ends."""

    lower: float
    median: float
    upper: float
    low: float | None
    high: float | None


def rounded(value: float, step: float) -> float:
    """A value at the precision of its question."""
    return round(round(value / step) * step, 10)


def quartiles(answers: Answers, step: float) -> Quartiles:
    """The quartiles of a cell, between neighbours in proportion (Hyndman and Fan 1996, definition 7).

    Args:
        answers: of one organisation at least.
        step: what they are rounded to.
    """
    values = np.array([each.value for each in answers.values()])
    lower, median, upper = (rounded(float(q), step) for q in np.quantile(values, (0.25, 0.5, 0.75)))
    lows = [each.low for each in answers.values() if each.low is not None]
    highs = [each.high for each in answers.values() if each.high is not None]
    # Of some of them only, it would be a cell of its own.
    if len(lows) < len(answers) or len(highs) < len(answers):
        return Quartiles(lower, median, upper, None, None)
    typical = (rounded(float(np.median(ends)), step) for ends in (lows, highs))
    return Quartiles(lower, median, upper, *typical)


def stands_alone(answers: Answers, *, is_amount: bool) -> bool:
    """Whether a cell could be shown if it were the only one."""
    if len(answers) < MINIMUM:
        return False
    parts = [abs(each.value) for each in answers.values()]
    return not (is_amount and max(parts) > _LARGEST_PART * sum(parts))


def tells_apart(one: Answers, other: Answers, *, same_year: bool) -> bool:
    """Whether two cells differ, and by so few organisations that the difference is about them.

    Within a year answers that were amended count only where the same organisations are in both: small
    corrections of many must not cover one that came or went. From year to year all is counted anew.
    """
    moved = len(one.keys() ^ other.keys())
    changed = sum(one[each] != other[each] for each in one.keys() & other.keys())
    if not moved and not changed:
        return False
    return (moved + changed if not same_year else moved or changed) < MINIMUM


def chosen(
    groups: Mapping[Group, Answers],
    earlier: Sequence[ShownCell],
    now: ShownCell,
    *,
    is_amount: bool,
) -> dict[Group, ShownCell]:
    """The cells of a question that a release shows: new ones, and earlier ones where new may not be.

    Args:
        groups: every group's answers as they are now.
        earlier: the cells of the question that were shown before, oldest first.
        now: a cell of the release that is being made, of which release and year are taken.
        is_amount: whether one organisation's part can outweigh the others'.
    """
    public = list(earlier)
    found: dict[Group, ShownCell] = {}
    newest = {cell.group: cell for cell in earlier if cell.year == now.year}
    for group in sorted(groups.keys() | newest.keys(), key=lambda g: _rank(g, groups)):
        cell = ShownCell(now.release_id, now.year, group, groups.get(group, {}))
        before = newest.get(group)
        if before is not None and before.answers == cell.answers:
            found[group] = before
        elif stands_alone(cell.answers, is_amount=is_amount) and not _tells(cell, public):
            found[group] = cell
            public.append(cell)
        elif before is not None:
            found[group] = before
    return found


def _rank(group: Group, groups: Mapping[Group, Answers]) -> tuple[bool, int, Group]:
    """All of them first, then the larger groups: what most are compared by is shown first."""
    return (group != EVERYBODY, -len(groups.get(group, {})), group)


def _tells(cell: ShownCell, public: Sequence[ShownCell]) -> bool:
    if any(
        tells_apart(cell.answers, other.answers, same_year=cell.year == other.year)
        for other in public
    ):
        return True
    of_the_year = [*(other for other in public if other.year == cell.year), cell]
    wholes = [other.answers for other in of_the_year if other.group == EVERYBODY]
    return any(
        tells_apart(together, whole, same_year=True)
        for together in _added_up(cell, of_the_year)
        for whole in wholes
    )


def _added_up(cell: ShownCell, of_the_year: Sequence[ShownCell]) -> Iterator[Answers]:
    """What groups of a family add up to, each in one of the versions that were shown, or left out."""
    for family in (Family.KIND, Family.SIZE):
        if cell.group.family not in (family, Family.ALL):
            continue
        versions: dict[Group, list[Answers]] = {}
        for other in of_the_year:
            if other.group.family is family:
                versions.setdefault(other.group, [{}]).append(other.answers)
        if cell.group in versions:
            versions[cell.group] = [cell.answers]
        for parts in product(*versions.values()):
            together = {key: value for part in parts for key, value in part.items()}
            if together:
                yield together
