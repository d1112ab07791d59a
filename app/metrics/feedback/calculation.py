"""The figures of feedback, from who was expected and what was answered. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from math import inf
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.core.periods import DAY, WEEK, Window
from app.core.working_days import working_days
from app.feedback.responses.models import themes_in
from app.metrics.feedback.repository import Answer
from app.metrics.figures import NOT_ESTIMABLE, AnyFigure, Figure, Flag, Share, size_flags
from app.metrics.registry import (
    MENTAL_LOAD_REDUCED_RATE,
    MINUTES_SAVED_SELF_REPORTED,
    MINUTES_SAVED_SELF_REPORTED_MEAN,
    MORALE_CHANGE,
    MORALE_MEAN,
    QUALITY_IMPROVED_RATE,
    RESPONSE_RATE,
    SATISFACTION_MEAN,
    WOULD_KEEP_RATE,
    Metric,
)
from app.metrics.statistics.averages import mean_t, median_woodruff
from app.metrics.statistics.intervals import Interval
from app.metrics.statistics.proportions import wilson
from app.metrics.statistics.ratios import ratio_jackknife, share_jackknife_logit
from app.pilots.models import Member

NOBODY_EXPECTED = "nobody_expected"
NOBODY_ANSWERED = "nobody_answered"
MORE_THAN_EXPECTED = "more_answers_than_people_expected"
NO_BASELINE = "nobody_answered_in_both_windows"

MINIMUM_RESPONSE = 0.5
AGREES = 4
LOWEST, HIGHEST = 1, 5


@dataclass(frozen=True, slots=True)
class Given:
    """What a figure counts of an answer; nobody known where `person_id` is None."""

    week_starts_on: date
    person_id: UUID | None
    value: float


_MEANS = ((SATISFACTION_MEAN, "satisfaction"), (MORALE_MEAN, "morale"))
_RATES = (
    (WOULD_KEEP_RATE, "would_keep", 1),
    (MENTAL_LOAD_REDUCED_RATE, "mental_load_reduced", AGREES),
    (QUALITY_IMPROVED_RATE, "quality_improved", AGREES),
)


@dataclass(frozen=True)
class Feedback:
    """Who takes part, what they and nobody known answered, the window asked about, its last day so far.

    `answers` are of participants and anonymous ones, by their Mondays; `before` are those of the baseline.
    """

    participants: Sequence[Member]
    answers: Mapping[date, Sequence[Answer]]
    before: Sequence[Answer]
    window: Window
    as_of: date

    @property
    def days(self) -> Window:
        """The window as far as it lies before the end of `as_of`."""
        ends_on = min(self.window.ends_on, self.as_of + DAY)
        return Window(min(self.window.starts_on, ends_on), ends_on)

    @property
    def weeks(self) -> list[Window]:
        """Every ISO week that counts in these days, whole."""
        return [week for week in self.days.iso_weeks() if self.days.counts_week(week.starts_on)]

    def figures(self) -> dict[str, AnyFigure]:
        """Every figure over the window."""
        weeks = self.weeks
        counted = self._of(weeks)
        found = [
            self._response(weeks, self.days),
            *self._of_answers(counted, self.days),
            self._change_of_morale(counted),
        ]
        flags = (Flag.WINDOW_OPEN,) if self.days.ends_on < self.window.ends_on else ()
        return {figure.metric.slug: figure.flagged(*flags) for figure in found}

    def weekly(self) -> list[tuple[date, dict[str, AnyFigure]]]:
        """The figures of every ISO week that has a day in the window, by its Monday."""
        found: list[tuple[date, dict[str, AnyFigure]]] = []
        for week in self.weeks:
            figures = [self._response([week], week), *self._of_answers(self._of([week]), week)]
            found.append((week.starts_on, {f.metric.slug: f for f in figures}))
        return found

    def of_weeks(self, first: date, last: date) -> dict[str, AnyFigure]:
        """The same figures of the weeks from one Monday to another."""
        weeks = [week for week in self.weeks if first <= week.starts_on <= last]
        span = Window(first, last + WEEK)
        figures = [self._response(weeks, span), *self._of_answers(self._of(weeks), span)]
        return {figure.metric.slug: figure for figure in figures}

    def missing_weeks(self) -> list[date]:
        """Mondays of weeks that are over, and about which somebody was expected to answer and nobody did."""
        return [
            week.starts_on
            for week in self.weeks
            if week.ends_on <= self.as_of + DAY
            and not self._of([week])
            and self._expected[week.starts_on]
        ]

    def themes(self) -> Counter[str]:
        """How many people name each theme at least, in lower case."""
        naming: dict[str, list[Given]] = defaultdict(list)
        for answer in self._of(self.weeks):
            for theme in {each.casefold() for each in themes_in(answer.themes)}:
                naming[theme].append(Given(answer.week_starts_on, answer.person_id, 1))
        return Counter({theme: people_in(given) for theme, given in naming.items()})

    def minutes_saved(self) -> list[Given]:
        """What staff say they save a working day, answer by answer over the window."""
        return _given(self._of(self.weeks), "minutes_saved_per_day")

    def _of(self, weeks: Iterable[Window]) -> list[Answer]:
        return [answer for week in weeks for answer in self.answers.get(week.starts_on, ())]

    @cached_property
    def _expected(self) -> dict[date, set[UUID]]:
        """By Monday, who took part and was at work for a day of the week, or answered anyway."""
        found: dict[date, set[UUID]] = {}
        for week in self.weeks:
            at_work = working_days(week)
            days = [week.starts_on + n * DAY for n in range(week.days) if at_work[n]]
            found[week.starts_on] = {
                who.person_id
                for who in self.participants
                if any(
                    day in who.days and not any(day in away for away in who.away) for day in days
                )
            } | {answer.person_id for answer in self._of([week]) if answer.person_id is not None}
        return found

    def _response(self, weeks: Sequence[Window], window: Window) -> Figure:
        """Answers of those expected; a person's weeks are not independent, so people are left out whole."""
        expected: Counter[UUID] = Counter()
        for week in weeks:
            expected.update(self._expected[week.starts_on])
        counted = self._of(weeks)
        answered = Counter(a.person_id for a in counted if a.person_id is not None)
        given, wanted = len(counted), expected.total()
        parts = np.array([answered[who] for who in expected], dtype=np.float64)
        wholes = np.array(list(expected.values()), dtype=np.float64)
        interval, flags = _interval_of_share(
            parts, wholes, is_one_each=len(weeks) == 1, anonymous=given - answered.total()
        )
        figure = Figure(
            metric=RESPONSE_RATE,
            window=window,
            as_of=self.as_of,
            value=given / wanted if wanted else None,
            numerator=given,
            denominator=wanted,
            people=len(expected),
            interval=interval,
            flags=(*(size_flags(len(expected)) if expected else ()), *flags),
            reason=None if wanted else NOBODY_EXPECTED,
            disclosive=(Share(given, wanted), Share(len(expected), len(expected))),
        )
        if given > wanted > 0:
            return replace(figure, value=None, interval=None, reason=MORE_THAN_EXPECTED)
        if wanted and given / wanted < MINIMUM_RESPONSE:
            return figure.flagged(Flag.LOW_RESPONSE)
        return figure

    def _of_answers(self, counted: Sequence[Answer], window: Window) -> list[Figure]:
        """What the answers say; each figure over those that give it."""

        def given(name: str, value: Callable[[float], float] = float) -> list[Given]:
            return _given(counted, name, value)

        minutes = given("minutes_saved_per_day")
        return [
            *(self._mean(metric, window, given(name)) for metric, name in _MEANS),
            *(
                self._rate(metric, window, given(name, lambda told, least=least: told >= least))  # type: ignore[misc]  # a default is not seen as bound
                for metric, name, least in _RATES
            ),
            self._mean(MINUTES_SAVED_SELF_REPORTED_MEAN, window, minutes),
            self._median(MINUTES_SAVED_SELF_REPORTED, window, minutes),
        ]

    def _figure(
        self,
        metric: Metric,
        window: Window,
        given: Sequence[Given],
        *,
        value: float | None,
        numerator: float | None,
        interval: Interval | None,
        flags: tuple[Flag, ...] = (),
        disclosive: tuple[Share, ...] = (),
    ) -> Figure:
        people = people_in(given)
        return Figure(
            metric=metric,
            window=window,
            as_of=self.as_of,
            value=value,
            numerator=numerator,
            denominator=len(given),
            people=people,
            interval=interval,
            flags=(*(size_flags(people) if given else ()), *flags),
            reason=None if given else NOBODY_ANSWERED,
            disclosive=(Share(people, people), *disclosive),
        )

    def _mean(self, metric: Metric, window: Window, given: Sequence[Given]) -> Figure:
        sums, counts, flags = _by_person(given)
        total = sum(each.value for each in given)
        least = -inf if metric is MINUTES_SAVED_SELF_REPORTED_MEAN else LOWEST
        interval = None if flags else ratio_jackknife(sums, counts, least=least)
        return self._figure(
            metric,
            window,
            given,
            value=total / len(given) if given else None,
            numerator=total,
            interval=_within_scale(interval, metric),
            flags=flags,
        )

    def _rate(self, metric: Metric, window: Window, given: Sequence[Given]) -> Figure:
        agreeing = sum(each.value > 0 for each in given)
        sums, counts, unknown = _by_person(given)
        interval, flags = _interval_of_share(
            sums, counts, is_one_each=_is_one_week(given), anonymous=len(unknown)
        )
        return self._figure(
            metric,
            window,
            given,
            value=agreeing / len(given) if given else None,
            numerator=agreeing,
            interval=interval,
            flags=flags,
            disclosive=(Share(agreeing, len(given)),),
        )

    def _median(self, metric: Metric, window: Window, given: Sequence[Given]) -> Figure:
        values = np.array([each.value for each in given], dtype=np.float64)
        whose, flags = _whose(given)
        interval = None if flags else median_woodruff(values, whose)
        return self._figure(
            metric,
            window,
            given,
            value=float(np.median(values)) if given else None,
            numerator=None,
            interval=interval,
            flags=flags,
        )

    def _change_of_morale(self, counted: Sequence[Answer]) -> Figure:
        """Of the people who gave it in the baseline and in the window, each counting once."""
        before, after = _morale(self.before), _morale(counted)
        both = sorted(before.keys() & after.keys())
        changes = np.array([np.mean(after[w]) - np.mean(before[w]) for w in both], dtype=np.float64)
        return Figure(
            metric=MORALE_CHANGE,
            window=self.days,
            as_of=self.as_of,
            value=float(changes.mean()) if both else None,
            numerator=float(changes.sum()),
            denominator=len(both),
            people=len(both),
            interval=mean_t(changes),
            flags=size_flags(len(both)) if both else (),
            reason=None if both else NO_BASELINE,
            disclosive=(Share(len(both), len(both)),),
        )


def _given(
    counted: Iterable[Answer], name: str, value: Callable[[float], float] = float
) -> list[Given]:
    return [
        Given(answer.week_starts_on, answer.person_id, value(told))
        for answer in counted
        if (told := getattr(answer, name)) is not None
    ]


def _morale(answers: Iterable[Answer]) -> dict[UUID, list[int]]:
    found: dict[UUID, list[int]] = defaultdict(list)
    for answer in answers:
        if answer.person_id is not None and answer.morale is not None:
            found[answer.person_id].append(answer.morale)
    return found


def people_in(given: Iterable[Given]) -> int:
    """How many people answered at least: anonymous answers of two weeks may be of the same ones."""
    named = {each.person_id for each in given if each.person_id is not None}
    by_week = Counter(each.week_starts_on for each in given)
    return max(len(named), *by_week.values(), 0)


def _is_one_week(given: Iterable[Given]) -> bool:
    return len({each.week_starts_on for each in given}) <= 1


def _whose(given: Sequence[Given]) -> tuple[NDArray[np.intp], tuple[Flag, ...]]:
    """Shape (n,), a number for each one's person; flagged where that is not known.

    Within a week each answer is a person's own, anonymous or not.
    """
    numbers: dict[UUID | int, int] = {}
    whose = [
        numbers.setdefault(place if each.person_id is None else each.person_id, len(numbers))
        for place, each in enumerate(given)
    ]
    unknown = any(each.person_id is None for each in given) and not _is_one_week(given)
    flags = (Flag.ANONYMOUS_ANSWERS,) if unknown else ()
    return np.array(whose, dtype=np.intp), flags


def _by_person(
    given: Sequence[Given],
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[Flag, ...]]:
    """Shapes (k,): each person's sum and number of answers; flagged where persons are not known."""
    whose, flags = _whose(given)
    values = np.array([each.value for each in given], dtype=np.float64)
    counts = np.bincount(whose).astype(np.float64)
    return np.bincount(whose, weights=values).astype(np.float64), counts, flags


def _interval_of_share(
    parts: NDArray[np.float64],
    wholes: NDArray[np.float64],
    *,
    is_one_each: bool,
    anonymous: int,
) -> tuple[Interval | None, tuple[Flag, ...]]:
    """By people where each counts once (Wilson), else leaving out one at a time; none where not known who."""
    if anonymous and not is_one_each:
        return None, (Flag.ANONYMOUS_ANSWERS,)
    if is_one_each:
        given, wanted = int(parts.sum()) + anonymous, int(wholes.sum())
        return (wilson(given, wanted) if given <= wanted else None), ()
    found = share_jackknife_logit(parts, wholes)
    if found is None and len(parts) >= NOT_ESTIMABLE:
        return None, (Flag.DEGENERATE,)
    return found, ()


def _within_scale(interval: Interval | None, metric: Metric) -> Interval | None:
    """A mean of scores lies within their scale, and so does what it may be."""
    if interval is None or interval.high is None or metric is MINUTES_SAVED_SELF_REPORTED_MEAN:
        return interval
    return replace(interval, high=min(HIGHEST, interval.high))
