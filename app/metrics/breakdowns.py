"""The breakdowns of one window by team, department and job family, withheld together. Pure.

Each is held against its total already; beside the others, a group may still follow from them: a department less
its other teams. Who is in which group is known to a reader from the inside, so what is shown is a
system of linear equations over the people who have all their groups in common.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.core.arrays import Ids
from app.metrics.figures import AnyFigure, Figure, Share
from app.metrics.suppression import Figures, Report, is_small, size_of, suppress

# Sums of ones and zeros are whole numbers: what is below is nothing, to the last places of a float.
_NOTHING: Final = 1e-7
_LAST_PLACES: Final = 1e-12
By = TypeVar("By", bound=str)
Name = tuple[str, str]
Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The exact figures of groups, and the ids of who is in which: nobody in two."""

    groups: Mapping[str, Figures]
    people: Mapping[str, Ids]


def suppress_together(
    total: Figures, breakdowns: Mapping[By, Breakdown], minimum: int
) -> dict[By, dict[str, Figures]]:
    """The groups of every breakdown as somebody may see them who may see all of them.

    Args:
        total: exact figures of everybody.
        breakdowns: of the same people, by what they are broken down by.
        minimum: the organisation's minimum group size.
    """
    exact: dict[Name, Figures] = {
        (by, n): f for by, each in breakdowns.items() for n, f in each.groups.items()
    }
    alone = {
        by: suppress(Report(total, groups=dict(each.groups)), minimum)
        for by, each in breakdowns.items()
    }
    shown: dict[Name, Figures] = {
        (by, n): dict(f) for by, each in alone.items() for n, f in each.groups.items()
    }
    totals = suppress(Report(total), minimum).figures
    system = _System(exact, _rows(breakdowns), minimum)
    while (found := system.follows(shown, totals)) is not None:
        slug, name = found
        window = exact[name][slug].window
        # Figures over one window share counts: the group goes with all of them.
        shown[name] = {s: f.withheld() if f.window == window else f for s, f in shown[name].items()}
    return {by: {n: shown[by, n] for n in each.groups} for by, each in breakdowns.items()}


def _rows(breakdowns: Mapping[By, Breakdown]) -> dict[Name, Vector]:
    """Each group as a vector: which of those who have all groups in common are in it."""
    everybody = np.unique(
        np.concatenate([p for b in breakdowns.values() for p in b.people.values()])
    )
    place = np.full((len(breakdowns), len(everybody)), -1)
    for of, each in zip(place, breakdowns.values(), strict=True):
        for n, name in enumerate(each.groups):
            of[np.searchsorted(everybody, each.people[name])] = n
    cells = np.unique(place, axis=1)
    return {
        (by, name): (of == n).astype(np.float64)
        for of, (by, each) in zip(cells, breakdowns.items(), strict=True)
        for n, name in enumerate(each.groups)
    }


@dataclass(frozen=True, slots=True)
class _System:
    """Exact figures by group, the group's vector, and what was found out already: many figures have the same gaps."""

    exact: Mapping[Name, Figures]
    rows: Mapping[Name, Vector]
    minimum: int
    found: dict[tuple[object, ...], list[Name]] = field(default_factory=dict)
    counted: dict[str, dict[Name, tuple[int, ...]]] = field(default_factory=dict)

    def follows(self, shown: Mapping[Name, Figures], totals: Figures) -> tuple[str, Name] | None:
        """A figure and the smallest group that has to go, for that a withheld one follows from it; or None."""
        slugs = next(iter(self.exact.values()), {})
        for slug in slugs:
            told = [name for name, figures in shown.items() if not figures[slug].suppressed]
            hidden = [name for name, figures in shown.items() if figures[slug].suppressed]
            if not told or not hidden:
                continue
            for counts, of_all in self._counts(slug, totals.get(slug)):
                found = self._solved(told, hidden, counts, of_all)
                if found:
                    return slug, min(found, key=lambda n: (size_of(self.exact[n]), n))
        return None

    def _counts(
        self, slug: str, total: AnyFigure | None
    ) -> Iterator[tuple[dict[Name, int], int | None]]:
        """Every number of people that the figure holds: by group, and of everybody where that is shown."""
        if slug not in self.counted:
            self.counted[slug] = {n: _numbers(figures[slug]) for n, figures in self.exact.items()}
        counted = self.counted[slug]
        of_all = _told(total) if total is not None else ()
        for place in range(max((len(each) for each in counted.values()), default=0)):
            by_group = {
                name: each[place] if place < len(each) else 0 for name, each in counted.items()
            }
            yield by_group, of_all[place] if place < len(of_all) else None

    def _solved(
        self, told: list[Name], hidden: list[Name], counts: Mapping[Name, int], of_all: int | None
    ) -> list[Name]:
        """The groups from which a withheld small count follows."""
        wanted = [name for name in hidden if is_small(counts[name], self.minimum)]
        if not wanted:
            return []
        free = np.ones(len(next(iter(self.rows.values()))), dtype=np.bool_)
        for name in told:
            if counts[name] == 0:
                free &= self.rows[name] == 0
        key = (tuple(told), tuple(wanted), free.tobytes(), of_all is not None)
        if key not in self.found:
            known = [self.rows[name][free] for name in told]
            if of_all is not None:
                known.append(np.ones(int(free.sum())))
            targets = np.array([self.rows[name][free] for name in wanted])
            self.found[key] = [told[n] for n in _used(np.array(known), targets) if n < len(told)]
        return self.found[key]


def _used(known: Matrix, targets: Matrix) -> list[int]:
    """The rows of `known` that add up to the first of the targets that some add up to; none without one.

    Shapes (k, cells) and (t, cells). By the products of the rows: a council has far more cells than groups.
    """
    values, vectors = np.linalg.eigh(known @ known.T)
    kept = values > _LAST_PLACES * values.max(initial=0.0)
    basis = vectors[:, kept]
    solution = (basis / values[kept]) @ (basis.T @ (known @ targets.T))
    missed = np.abs(known.T @ solution - targets.T).max(axis=0, initial=0.0)
    for place in np.flatnonzero(missed < _NOTHING):
        used = np.flatnonzero(np.abs(solution[:, place]) > _NOTHING)
        if used.size:
            return [int(n) for n in used]
    return []


def _numbers(figure: AnyFigure) -> tuple[int, ...]:
    """What a figure holds of numbers of people."""
    if isinstance(figure, Figure):
        shares: tuple[Share, ...] = figure.disclosive
        return tuple(n for s in shares for n in (s.part, s.whole - s.part, s.whole))
    return (*(count or 0 for count in figure.counts.values()), figure.people or 0)


def _told(total: AnyFigure) -> tuple[int | None, ...]:
    """The same of everybody, as far as it is shown."""
    if isinstance(total, Figure):
        return () if total.suppressed else _numbers(total)
    return (*total.counts.values(), total.people)
