"""Which categories a reader may not see who may not see the people: decision 44. Pure.

A category that few people recorded is withheld. The figures of time use tell what some categories add up to (admin,
recording, direct and indirect work, all working time): so of categories that are known by their sum as many
are withheld as hide each other, or all of them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from app.metrics.suppression import is_small
from app.metrics.time_categories.calculation import Line
from app.metrics.time_use import parts
from app.metrics.time_use.measured import Sums
from app.time_use.taxonomies.models import WorkClass


class Part(StrEnum):
    """What the figures of time use tell categories apart by."""

    RECORDING = "recording"
    OTHER_ADMIN = "other_admin"
    DIRECT = "direct"
    INDIRECT = "indirect"
    BESIDE = "beside"
    UNMAPPED = "unmapped"
    EXCLUDED = "excluded"


_PARTS = {
    WorkClass.DIRECT: Part.DIRECT,
    WorkClass.INDIRECT: Part.INDIRECT,
    WorkClass.SUPPORT: Part.BESIDE,
    WorkClass.TRAVEL: Part.BESIDE,
    WorkClass.EXCLUDED: Part.EXCLUDED,
}


def part_of(line: Line) -> Part:
    if line is None:
        return Part.UNMAPPED
    if line.work_class is WorkClass.ADMIN:
        return Part.RECORDING if line.is_recording else Part.OTHER_ADMIN
    return _PARTS[line.work_class]


@dataclass(frozen=True, slots=True)
class Told:
    """What else is told of an arm in a window: the strict and the broad variant, and unmapped time."""

    strict: bool
    broad: bool
    unmapped: bool

    @classmethod
    def of(cls, sums: Sums, minimum: int, *, unmapped: bool) -> "Told":
        return cls(
            parts.are_told(parts.of_strict(sums), minimum),
            parts.are_told(parts.of_broad(sums), minimum),
            unmapped,
        )

    def sets(self) -> list[set[Part]]:
        """The parts of which together the minutes are known, each set by itself."""
        admin, outside = [{Part.RECORDING}, {Part.OTHER_ADMIN}], [{Part.INDIRECT}, {Part.BESIDE}]
        if not self.unmapped:
            outside[1].add(Part.UNMAPPED)
        return [
            *(admin if self.strict else [set.union(*admin)]),
            *(outside if self.broad else [set.union(*outside)]),
            {Part.DIRECT},
            {Part.EXCLUDED},
        ]


def withheld(lines: Sequence[Line], did: NDArray[np.bool_], told: Told, minimum: int) -> set[int]:
    """The places of the lines that are withheld of an arm in a window.

    Args:
        lines: all of them.
        did: shape (lines, people): who recorded time in which.
        told: what else is told.
        minimum: the organisation's minimum group size.
    """
    found: set[int] = set()
    for together in told.sets():
        places = [n for n, line in enumerate(lines) if part_of(line) in together]
        never = {n for n in places if lines[n] is None}
        found |= _hidden(places, never, did, minimum)
    return found


def _hidden(
    places: Sequence[int], never: Collection[int], did: NDArray[np.bool_], minimum: int
) -> set[int]:
    """Of lines that are known by their sum those that are withheld; `never`: that must not be told anyhow."""
    people = did.sum(axis=1)
    hidden = {n for n in places if is_small(people[n], minimum) or (people[n] and n in never)}
    others = sorted((n for n in places if people[n] and n not in hidden), key=lambda n: people[n])

    def hide_each_other() -> bool:
        return len(hidden) > 1 and int(did[list(hidden)].any(axis=0).sum()) >= minimum

    while hidden and others and not hide_each_other():
        hidden.add(others.pop(0))
    # Of a sum that a few recorded, or one line alone, the lines without time tell which it was.
    return set(places) if hidden and not hide_each_other() else hidden
