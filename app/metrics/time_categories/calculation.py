"""The share of each category in what people recorded. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.metrics.figures import Figure, Flag, Share, size_flags
from app.metrics.registry import (
    CATEGORY_SHARE,
    CATEGORY_SHARE_CHANGE,
    EXCLUDED_CATEGORY_SHARE,
    Metric,
)
from app.metrics.statistics.changes import paired_share_change
from app.metrics.time_use.calculation import NO_BASELINE, NOBODY_IN_BOTH, Period, nothing
from app.time_use.daily.models import Code
from app.time_use.taxonomies.codebook import Codebook
from app.time_use.taxonomies.models import WorkClass
from app.time_use.taxonomies.schemas import Category

# A line of the answer; None: codes that mean nothing in the taxonomy.
Line = Category | None


def lines_of(categories: Sequence[Category]) -> list[Line]:
    """Every category in the order of the taxonomy, and what is mapped to none."""
    return [*categories, None]


def line_of_each(
    codes: Sequence[Code], codebook: Codebook, lines: Sequence[Line]
) -> NDArray[np.int64]:
    """Shape (codes,): the place of the line that each code counts in."""
    place = {line.code if line is not None else None: n for n, line in enumerate(lines)}
    found = [codebook.category_of(code.source, code.category) for code in codes]
    return np.array([place[c.code if c is not None else None] for c in found], dtype=np.int64)


def is_excluded(line: Line) -> bool:
    return line is not None and line.work_class is WorkClass.EXCLUDED


@dataclass(frozen=True)
class Divided:
    """What an arm recorded in a window, by line.

    `amounts` has shape (lines, people), in minutes or prompts; None where there is no such window.
    """

    period: Period
    lines: Sequence[Line]
    amounts: NDArray[np.float64] | None

    def wholes(self, line: Line) -> NDArray[np.float64]:
        """Shape (people,): what a line is a share of; all working time, or for time outside that all time."""
        if self.amounts is None:
            return np.zeros(0)
        if is_excluded(line):
            everything: NDArray[np.float64] = self.amounts.sum(axis=0)
            return everything
        working = np.array([not is_excluded(each) for each in self.lines])
        found: NDArray[np.float64] = self.amounts[working].sum(axis=0)
        return found

    def figures(self) -> list[Figure]:
        """The share of each line, in their order."""
        return [self._share(place, line) for place, line in enumerate(self.lines)]

    def _share(self, place: int, line: Line) -> Figure:
        metric = _metric(line)
        if self.amounts is None:
            return nothing(metric, self.period.window, self.period.as_of, NO_BASELINE)
        return self.period.of_shares(metric, self.amounts[place], self.wholes(line))


def _metric(line: Line) -> Metric:
    return EXCLUDED_CATEGORY_SHARE if is_excluded(line) else CATEGORY_SHARE


def changes(before: Divided, after: Divided) -> list[Figure]:
    """How the share of each line changed, on the people with time behind the share in both windows."""
    return [_change(before, after, place) for place in range(len(after.lines))]


def _change(before: Divided, after: Divided, place: int) -> Figure:
    window, as_of = after.period.window, after.period.as_of
    if before.amounts is None or after.amounts is None:
        return nothing(CATEGORY_SHARE_CHANGE, window, as_of, NO_BASELINE)
    line = after.lines[place]
    wholes = before.wholes(line), after.wholes(line)
    both = (wholes[0] > 0) & (wholes[1] > 0)
    k = int(both.sum())
    if not k:
        return nothing(CATEGORY_SHARE_CHANGE, window, as_of, NOBODY_IN_BOTH)
    parts = before.amounts[place, both], after.amounts[place, both]
    change = paired_share_change((parts[0], wholes[0][both]), (parts[1], wholes[1][both]))
    # Of what nobody recorded no change can be told surely, and none surely denied.
    is_empty = not any(each.any() for each in parts)
    did = (int(np.count_nonzero(each)) for each in parts)
    return Figure(
        metric=CATEGORY_SHARE_CHANGE,
        window=window,
        as_of=as_of,
        value=change.value,
        numerator=None,
        denominator=None,
        people=k,
        interval=None if is_empty else change.interval,
        flags=(*size_flags(k), *((Flag.DEGENERATE,) if is_empty else ())),
        disclosive=(Share(k, k), *(Share(n, n) for n in did)),
    )
