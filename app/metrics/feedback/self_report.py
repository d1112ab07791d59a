"""What staff say they save, held against how the admin that they record changed. Pure.

The two are shown side by side and never merged: one is a claim, the other a measurement.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.metrics.feedback.answers import NOBODY, Given
from app.metrics.feedback.calculation import NOBODY_ANSWERED
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
    """The admin of the people with samples in both windows: places, minutes and weeks, shape (k,) each."""

    people: NDArray[np.intp]
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
    def terms(self) -> list[tuple[float, Vector, Vector]]:
        """What it is the sum of: a factor, and each person's part of a numerator and of a denominator."""
        return [(1 / WORKING_DAYS_A_WEEK, *self.before), (-1 / WORKING_DAYS_A_WEEK, *self.after)]

    @property
    def is_implausible(self) -> bool:
        return self.value * WORKING_DAYS_A_WEEK > LARGEST_PLAUSIBLE_FALL * MINUTES_AN_HOUR


@dataclass(frozen=True, slots=True)
class SelfReport:
    """What was said of minutes saved, and what the same pilot's people recorded before and after.

    `place` has shape (people,): where each of those who recorded is among those who may say something.
    """

    said: Given
    spent: Changed
    place: NDArray[np.intp]

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
            (each.amounts[ADMIN, both], each.weeks[both].astype(np.float64))
            for each in (before, after)
        ]
        return _Recorded(self.place[both], sides[0], sides[1])

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
            interval=combined_ratios_jackknife(recorded.terms),
            flags=(*size_flags(k), *self._flags(recorded)),
            disclosive=(Share(k, k),),
        )

    def _gap(self, recorded: _Recorded | str) -> Figure:
        """Of the people, those of the side that has fewer: it says how sure the gap can be."""
        metric, after = SELF_REPORT_GAP, self.spent.after
        if isinstance(recorded, str):
            return nothing(metric, after.window, after.as_of, recorded)
        if not len(self.said):
            return nothing(metric, after.window, after.as_of, NOBODY_ANSWERED)
        mean = float(self.said.value.mean())
        answering, k = self.said.people, len(recorded.people)
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
        everybody = np.union1d(self.said.person, recorded.people)

        def over(people: NDArray[np.intp], values: Vector) -> Vector:
            """Shape (everybody,): what people's values add up to."""
            found = np.bincount(np.searchsorted(everybody, people), values, len(everybody))
            return found.astype(np.float64, copy=False)

        said = self.said
        claim = (1.0, over(said.person, said.value), over(said.person, np.ones(len(said))))
        fall = [
            (-factor, over(recorded.people, minutes), over(recorded.people, weeks))
            for factor, minutes, weeks in recorded.terms
        ]
        return combined_ratios_jackknife([claim, *fall])

    def _flags(self, recorded: _Recorded) -> tuple[Flag, ...]:
        return (Flag.IMPLAUSIBLE_CHANGE,) if recorded.is_implausible else ()

    def _flags_of_both(self, recorded: _Recorded) -> tuple[Flag, ...]:
        if (self.said.person == NOBODY).any():
            # Whose time it was that they saved is not known, so neither is how the two vary together.
            return (Flag.ANONYMOUS_ANSWERS,)
        answering = np.unique(self.said.person)
        both = np.intersect1d(answering, recorded.people, assume_unique=True)
        overlap = len(both) / max(len(answering), len(recorded.people))
        return (Flag.DIFFERENT_PEOPLE,) if overlap < _HALF else ()
