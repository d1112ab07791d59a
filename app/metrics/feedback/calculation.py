"""The figures of feedback, from who was expected and what was answered. Pure."""

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from math import inf

import numpy as np
from numpy.typing import NDArray

from app.core.periods import DAY, WEEK, Window
from app.feedback.responses.models import themes_in
from app.metrics.feedback.answers import MINUTES, NOBODY, Answers, Given
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

NOBODY_EXPECTED = "nobody_expected"
NOBODY_ANSWERED = "nobody_answered"
MORE_THAN_EXPECTED = "more_answers_than_people_expected"
NO_BASELINE = "nobody_answered_in_both_windows"

MINIMUM_RESPONSE = 0.5
AGREES = 4
LOWEST, HIGHEST = 1, 5


_MEANS = ((SATISFACTION_MEAN, "satisfaction"), (MORALE_MEAN, "morale"))
_RATES = (
    (WOULD_KEEP_RATE, "would_keep", 1),
    (MENTAL_LOAD_REDUCED_RATE, "mental_load_reduced", AGREES),
    (QUALITY_IMPROVED_RATE, "quality_improved", AGREES),
)


def weeks_of(days: Window) -> list[Window]:
    """Every ISO week that counts in some days, whole."""
    return [week for week in days.iso_weeks() if days.counts_week(week.starts_on)]


@dataclass(frozen=True)
class Feedback:
    """Who is expected to answer, what they and nobody known answered, the window, its last day so far.

    Attributes:
        at_work: shape (people, weeks), who takes part and is at work in which of `weeks`.
        answers: of participants and anonymous ones; `naming` those that name themes.
        before: those of the baseline.
    """

    at_work: NDArray[np.bool_]
    answers: Answers
    naming: Answers
    before: Answers
    window: Window
    as_of: date

    def of(self, who: NDArray[np.bool_]) -> "Feedback":
        """The same of some people, `who` of shape (people,); anonymous answers are of none of them."""
        return replace(
            self,
            at_work=self.at_work & who[:, None],
            answers=self.answers.of_people(who),
            naming=self.naming.of_people(who),
            before=self.before.of_people(who),
        )

    @property
    def days(self) -> Window:
        """The window as far as it lies before the end of `as_of`."""
        return self.window.until(self.as_of)

    @property
    def weeks(self) -> list[Window]:
        """Every ISO week that counts in these days, whole."""
        return weeks_of(self.days)

    def figures(self) -> dict[str, AnyFigure]:
        """Every figure over the window."""
        counted = self.answers.of_weeks(self._mondays)
        found = [
            self._response(self._expected, counted, self.days),
            *self._of_answers(counted, self.days),
            self._change_of_morale(counted),
        ]
        flags = (Flag.WINDOW_OPEN,) if self.days.ends_on < self.window.ends_on else ()
        return {figure.metric.slug: figure.flagged(*flags) for figure in found}

    def weekly(self) -> list[tuple[date, dict[str, AnyFigure]]]:
        """The figures of every ISO week that has a day in the window, by its Monday."""
        return [(monday, self.of_weeks(monday, monday)) for monday in self._mondays]

    def of_weeks(self, first: date, last: date) -> dict[str, AnyFigure]:
        """The same figures of the weeks from one Monday to another."""
        chosen = [first <= monday <= last for monday in self._mondays]
        counted = self.answers.of_weeks([m for m in self._mondays if first <= m <= last])
        span = Window(first, last + WEEK)
        found = [
            self._response(self._expected[:, chosen], counted, span),
            *self._of_answers(counted, span),
        ]
        return {figure.metric.slug: figure for figure in found}

    def missing_weeks(self) -> list[date]:
        """Mondays of weeks that are over, and about which somebody was expected to answer and nobody did."""
        answered = set(self.answers.week.tolist())
        return [
            week.starts_on
            for n, week in enumerate(self.weeks)
            if week.ends_on <= self.as_of + DAY
            and week.starts_on.toordinal() not in answered
            and self._expected[:, n].any()
        ]

    def themes(self) -> Counter[str]:
        """How many people name each theme at least, in lower case."""
        counted = self.naming.of_weeks(self._mondays)
        saying: dict[str, list[int]] = defaultdict(list)
        for n, text in enumerate(counted.themes if counted.themes is not None else ()):
            saying[text].append(n)
        naming: dict[str, list[int]] = defaultdict(list)
        for text, places in saying.items():
            for theme in {each.casefold() for each in themes_in(text)}:
                naming[theme] += places
        week, person = counted.week, counted.person
        return Counter(
            {
                theme: Given(week[places], person[places], np.ones(len(places))).people
                for theme, places in naming.items()
            }
        )

    def minutes_saved(self) -> Given:
        """What staff say they save a working day, answer by answer over the window."""
        return self.answers.of_weeks(self._mondays).given(MINUTES)

    @property
    def _mondays(self) -> list[date]:
        return [week.starts_on for week in self.weeks]

    @cached_property
    def _expected(self) -> NDArray[np.bool_]:
        """Shape (people, weeks): who took part and was at work for a day of the week, or answered anyway."""
        found = self.at_work.copy()
        named = self.answers.where(self.answers.person != NOBODY)
        for n, week in enumerate(self.weeks):
            found[named.of_weeks([week.starts_on]).person, n] = True
        return found

    def _response(self, of_weeks: NDArray[np.bool_], counted: Answers, window: Window) -> Figure:
        """Answers of those expected; a person's weeks are not independent, so people are left out whole.

        `of_weeks` has shape (people, weeks).
        """
        wanted_of = of_weeks.sum(axis=1)
        anyway = wanted_of > 0
        named = counted.person[counted.person != NOBODY]
        answered = np.bincount(named, minlength=len(wanted_of))
        given, wanted, people = len(counted.week), int(wanted_of.sum()), int(anyway.sum())
        interval, flags = _interval_of_share(
            answered[anyway].astype(np.float64),
            wanted_of[anyway].astype(np.float64),
            is_one_each=of_weeks.shape[1] == 1,
            anonymous=given - len(named),
        )
        figure = Figure(
            metric=RESPONSE_RATE,
            window=window,
            as_of=self.as_of,
            value=given / wanted if wanted else None,
            numerator=given,
            denominator=wanted,
            people=people,
            interval=interval,
            flags=(*(size_flags(people) if people else ()), *flags),
            reason=None if wanted else NOBODY_EXPECTED,
            disclosive=(Share(given, wanted), Share(people, people)),
        )
        if given > wanted > 0:
            return replace(figure, value=None, interval=None, reason=MORE_THAN_EXPECTED)
        if wanted and given / wanted < MINIMUM_RESPONSE:
            return figure.flagged(Flag.LOW_RESPONSE)
        return figure

    def _of_answers(self, counted: Answers, window: Window) -> list[Figure]:
        """What the answers say; each figure over those that give it."""
        minutes = counted.given(MINUTES)
        return [
            *(self._mean(metric, window, counted.given(name)) for metric, name in _MEANS),
            *(
                self._rate(metric, window, counted.given(name), least)
                for metric, name, least in _RATES
            ),
            self._mean(MINUTES_SAVED_SELF_REPORTED_MEAN, window, minutes),
            self._median(MINUTES_SAVED_SELF_REPORTED, window, minutes),
        ]

    def _figure(
        self,
        metric: Metric,
        window: Window,
        given: Given,
        *,
        value: float | None,
        numerator: float | None,
        interval: Interval | None,
        flags: tuple[Flag, ...] = (),
        disclosive: tuple[Share, ...] = (),
    ) -> Figure:
        people = given.people
        return Figure(
            metric=metric,
            window=window,
            as_of=self.as_of,
            value=value,
            numerator=numerator,
            denominator=len(given),
            people=people,
            interval=interval,
            flags=(*(size_flags(people) if people else ()), *flags),
            reason=None if len(given) else NOBODY_ANSWERED,
            disclosive=(Share(people, people), *disclosive),
        )

    def _mean(self, metric: Metric, window: Window, given: Given) -> Figure:
        sums, counts, flags = _by_person(given)
        total = float(given.value.sum())
        least = -inf if metric is MINUTES_SAVED_SELF_REPORTED_MEAN else LOWEST
        interval = None if flags else ratio_jackknife(sums, counts, least=least)
        return self._figure(
            metric,
            window,
            given,
            value=total / len(given) if len(given) else None,
            numerator=total,
            interval=_within_scale(interval, metric),
            flags=flags,
        )

    def _rate(self, metric: Metric, window: Window, given: Given, least: float) -> Figure:
        agrees = given.value >= least
        agreeing = int(agrees.sum())
        sums, counts, unknown = _by_person(replace(given, value=agrees.astype(np.float64)))
        interval, flags = _interval_of_share(
            sums, counts, is_one_each=given.is_one_week, anonymous=len(unknown)
        )
        return self._figure(
            metric,
            window,
            given,
            value=agreeing / len(given) if len(given) else None,
            numerator=agreeing,
            interval=interval,
            flags=flags,
            disclosive=(Share(agreeing, len(given)),),
        )

    def _median(self, metric: Metric, window: Window, given: Given) -> Figure:
        flags = _flags(given)
        interval = None if flags else median_woodruff(given.value, given.whose())
        return self._figure(
            metric,
            window,
            given,
            value=float(np.median(given.value)) if len(given) else None,
            numerator=None,
            interval=interval,
            flags=flags,
        )

    def _change_of_morale(self, counted: Answers) -> Figure:
        """Of the people who gave it in the baseline and in the window, each counting once."""
        k = len(self.at_work)
        sums, counts = zip(*(_morale(each, k) for each in (self.before, counted)), strict=True)
        both = (counts[0] > 0) & (counts[1] > 0)
        changes = sums[1][both] / counts[1][both] - sums[0][both] / counts[0][both]
        people = len(changes)
        return Figure(
            metric=MORALE_CHANGE,
            window=self.days,
            as_of=self.as_of,
            value=float(changes.mean()) if people else None,
            numerator=float(changes.sum()),
            denominator=people,
            people=people,
            interval=mean_t(changes),
            flags=size_flags(people) if people else (),
            reason=None if people else NO_BASELINE,
            disclosive=(Share(people, people),),
        )


def _morale(answers: Answers, people: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Shapes (people,): each person's sum and number of answers that give it."""
    given = answers.given("morale")
    named = given.person != NOBODY
    person, value = given.person[named], given.value[named]
    sums = np.bincount(person, weights=value, minlength=people)
    return sums.astype(np.float64), np.bincount(person, minlength=people)


def _flags(given: Given) -> tuple[Flag, ...]:
    return (Flag.ANONYMOUS_ANSWERS,) if given.is_of_unknown_people else ()


def _by_person(
    given: Given,
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[Flag, ...]]:
    """Shapes (k,): each person's sum and number of answers; flagged where persons are not known."""
    whose = given.whose()
    counts = np.bincount(whose).astype(np.float64)
    sums = np.bincount(whose, weights=given.value).astype(np.float64)
    return sums, counts, _flags(given)


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
