"""What staff say they save, held against how the admin that they record changed. Pure.

The two are shown side by side and never merged: one is a claim, the other a measurement.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.metrics.feedback.calculation import NOBODY_ANSWERED, Given, people_in
from app.metrics.figures import Figure, Flag, Share, size_flags
from app.metrics.registry import ADMIN_MINUTES_SAVED_MEASURED, SELF_REPORT_GAP
from app.metrics.statistics.intervals import Interval
from app.metrics.statistics.ratios import combined_ratios_jackknife
from app.metrics.time_use.calculation import (
    LARGEST_PLAUSIBLE_FALL,
    MINUTES_AN_HOUR,
    NO_BASELINE,
    NOBODY_IN_BOTH,
    PROMPTS_HAVE_NO_HOURS,
    Changed,
    nothing,
)
from app.metrics.time_use.measured import ADMIN

WORKING_DAYS_A_WEEK: Final = 5
_HALF: Final = 0.5

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Recorded:
    """The admin of the people with samples in both windows: shape (k,) each, minutes and weeks."""

    people: list[UUID]
    before: tuple[Vector, Vector]
    after: tuple[Vector, Vector]

    @property
    def value(self) -> float:
        """Minutes of admin a working day fewer than before."""
        weekly = [
            float(minutes.sum() / weeks.sum()) for minutes, weeks in (self.before, self.after)
        ]
        return (weekly[0] - weekly[1]) / WORKING_DAYS_A_WEEK

    @property
    def is_implausible(self) -> bool:
        return self.value * WORKING_DAYS_A_WEEK > LARGEST_PLAUSIBLE_FALL * MINUTES_AN_HOUR


@dataclass(frozen=True, slots=True)
class SelfReport:
    """What was said of minutes saved, and what the same pilot's people recorded before and after."""

    said: Sequence[Given]
    spent: Changed

    def figures(self) -> dict[str, Figure]:
        """The measured side, and by how much what is said exceeds it."""
        recorded = self._recorded()
        found = [self._measured(recorded), self._gap(recorded)]
        return {figure.metric.slug: figure for figure in found}

    def _recorded(self) -> _Recorded | str:
        """The measured side, or why there is none."""
        before, after = self.spent.before.sums, self.spent.after.sums
        if before is None or after is None:
            return NO_BASELINE
        both = before.sampled & after.sampled
        if not both.any():
            return NOBODY_IN_BOTH
        if self.spent.after.is_prompts:
            return PROMPTS_HAVE_NO_HOURS
        sides = [
            (each.amounts[both, ADMIN], each.weeks[both].astype(np.float64))
            for each in (before, after)
        ]
        people = [before.people[n] for n in np.flatnonzero(both)]
        return _Recorded(people, sides[0], sides[1])

    def _measured(self, recorded: _Recorded | str) -> Figure:
        metric, after = ADMIN_MINUTES_SAVED_MEASURED, self.spent.after
        if isinstance(recorded, str):
            return nothing(metric, after.window, after.as_of, recorded)
        k = len(recorded.people)
        return Figure(
            metric=metric,
            window=after.window,
            as_of=after.as_of,
            value=recorded.value,
            numerator=None,
            denominator=None,
            people=k,
            interval=combined_ratios_jackknife(_fall(recorded, recorded.people, 1)),
            flags=(*size_flags(k), *self._flags(recorded)),
            disclosive=(Share(k, k),),
        )

    def _gap(self, recorded: _Recorded | str) -> Figure:
        """Of the people, those of the side that has fewer: it says how sure the gap can be."""
        metric, after = SELF_REPORT_GAP, self.spent.after
        if isinstance(recorded, str):
            return nothing(metric, after.window, after.as_of, recorded)
        if not self.said:
            return nothing(metric, after.window, after.as_of, NOBODY_ANSWERED)
        mean = sum(each.value for each in self.said) / len(self.said)
        answering, k = people_in(self.said), len(recorded.people)
        fewer = min(answering, k)
        flags = (*size_flags(fewer), *self._flags(recorded), *self._flags_of_both(recorded))
        return Figure(
            metric=metric,
            window=after.window,
            as_of=after.as_of,
            value=mean - recorded.value,
            numerator=None,
            denominator=None,
            people=fewer,
            interval=None if Flag.ANONYMOUS_ANSWERS in flags else self._interval(recorded),
            flags=flags,
            # Withheld by whichever side is stricter.
            disclosive=(Share(k, k), Share(answering, answering)),
        )

    def _interval(self, recorded: _Recorded) -> Interval | None:
        """People are left out of what they said and of what they recorded at once."""
        sums: dict[UUID, float] = defaultdict(float)
        counts: dict[UUID, float] = defaultdict(float)
        for each in self.said:
            if each.person_id is not None:
                sums[each.person_id] += each.value
                counts[each.person_id] += 1
        everybody = sorted({*recorded.people, *counts})
        claim = (
            1.0,
            np.array([sums.get(who, 0.0) for who in everybody]),
            np.array([counts.get(who, 0.0) for who in everybody]),
        )
        return combined_ratios_jackknife([claim, *_fall(recorded, everybody, -1)])

    def _flags(self, recorded: _Recorded) -> tuple[Flag, ...]:
        return (Flag.IMPLAUSIBLE_CHANGE,) if recorded.is_implausible else ()

    def _flags_of_both(self, recorded: _Recorded) -> tuple[Flag, ...]:
        if any(each.person_id is None for each in self.said):
            # Whose time it was that they saved is not known, so neither is how the two vary together.
            return (Flag.ANONYMOUS_ANSWERS,)
        answering = {each.person_id for each in self.said}
        both = answering.intersection(recorded.people)
        overlap = len(both) / max(len(answering), len(recorded.people))
        return (Flag.DIFFERENT_PEOPLE,) if overlap < _HALF else ()


def _fall(
    recorded: _Recorded, people: Sequence[UUID], sign: int
) -> list[tuple[float, Vector, Vector]]:
    """The two terms of the fall of admin minutes a working day, over these people in their order."""
    place = {who: n for n, who in enumerate(recorded.people)}
    at = np.array([place.get(who, -1) for who in people], dtype=np.intp)
    known = at >= 0
    terms = []
    for factor, side in ((sign, recorded.before), (-sign, recorded.after)):
        minutes, weeks = (np.where(known, values[at], 0.0) for values in side)
        terms.append((factor / WORKING_DAYS_A_WEEK, minutes, weeks))
    return terms
