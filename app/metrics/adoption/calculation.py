"""The adoption figures of a history over a window: pure, exact, the same on every database."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from app.core.periods import DAY, WEEK, Window
from app.metrics.adoption.history import History, Quality
from app.metrics.adoption.participants import Who
from app.metrics.adoption.segments import Ladder, segments
from app.metrics.figures import AnyFigure, Figure, Flag, Share, proportion_of_people, size_flags
from app.metrics.registry import (
    ACTIVATION_RATE,
    ACTIVE_DAYS_PER_ACTIVE_USER_WEEK,
    ADOPTION_RATE,
    FIRST_28_DAYS_ADOPTION,
    LAST_28_DAYS_ADOPTION,
    MEDIAN_DAYS_TO_FIRST_USE,
    RETENTION_RATE,
    RETURNING_SHARE,
    USAGE_SEGMENTS,
    USAGE_SEGMENTS_4_WEEKS,
    WEEKLY_ACTIVE_RATE,
    Metric,
)
from app.metrics.statistics.ratios import ratio_jackknife
from app.metrics.statistics.survival import kaplan_meier_median

NOBODY_HAD_ACCESS = "nobody_had_access"
NOBODY_WAS_ACTIVE = "nobody_was_active"
NOBODY_REMAINED = "nobody_active_last_week_still_has_access"
NOT_REACHED = "fewer_than_half_have_used_it"
NO_PREVIOUS_WEEK = "no_previous_week_in_the_window"

LADDERS = (Ladder(USAGE_SEGMENTS, 12, 9), Ladder(USAGE_SEGMENTS_4_WEEKS, 4, 4))
_FOUR_WEEKS = timedelta(days=28)
_STALE_AFTER = timedelta(days=4)


@dataclass(frozen=True, slots=True)
class Adoption:
    """A history, the window that is asked about, and the last day that is taken into account."""

    history: History
    window: Window
    as_of: date

    @property
    def days(self) -> Window:
        """The window as far as it lies before the end of `as_of`."""
        return self.window.until(self.as_of)

    @property
    def weeks(self) -> list[Window]:
        """Every ISO week that has one of the days, whole."""
        return list(self.days.iso_weeks())

    def quality(self) -> Quality:
        return self.history.quality(self.days)

    def figures(self) -> dict[str, AnyFigure]:
        """Every figure over the window; the weekly ones of its last whole ISO week."""
        days = self.days
        first = Window(days.starts_on, days.starts_on + _FOUR_WEEKS).clip(days)
        last = Window(days.ends_on - _FOUR_WEEKS, days.ends_on).clip(days)
        weeks = self.weeks
        whole = [week for week in weeks if week.clip(days) == week]
        found: list[AnyFigure] = [
            self._rate(ADOPTION_RATE, days),
            self._rate(FIRST_28_DAYS_ADOPTION, first),
            self._rate(LAST_28_DAYS_ADOPTION, last),
            *self._rates_of_week((whole or weeks or [Window(days.ends_on, days.ends_on)])[-1]),
            self._active_days(days),
            *self._first_use(days),
            *self._segments(days.ends_on),
        ]
        flags = self._flags_of_the_whole()
        return {figure.metric.slug: figure.flagged(*flags) for figure in found}

    def weekly(self) -> list[tuple[date, dict[str, AnyFigure]]]:
        """The figures of every ISO week that has a day in the window, by its Monday."""
        return [
            (
                week.starts_on,
                {
                    figure.metric.slug: figure
                    for figure in (
                        *self._rates_of_week(week),
                        self._active_days_of_week(week),
                        *self._segments(min(week.ends_on, self.days.ends_on)),
                    )
                },
            )
            for week in self.weeks
        ]

    def use_of_weeks(self, first: date, last: date) -> dict[str, AnyFigure]:
        """The days of use in the weeks from one Monday to another."""
        figure = self._active_days(Window(first, last + WEEK).clip(self.days))
        return {figure.metric.slug: figure}

    def _flags_of_the_whole(self) -> tuple[Flag, ...]:
        flags: list[Flag] = []
        latest = self.quality().latest_activity_on
        if latest is not None and latest + _STALE_AFTER < self.days.ends_on - DAY:
            flags.append(Flag.STALE_DATA)
        if self.days.ends_on < self.window.ends_on:
            flags.append(Flag.WINDOW_OPEN)
        return tuple(flags)

    def _rate(self, metric: Metric, days: Window) -> Figure:
        share = _share(self.history.active(days), self.history.with_access(days))
        figure = proportion_of_people(metric, days, self.as_of, share, nobody=NOBODY_HAD_ACCESS)
        is_empty = share.whole and not share.part
        return figure.flagged(Flag.NO_ACTIVITY_DATA) if is_empty else figure

    def _first_use(self, days: Window) -> list[Figure]:
        """Who has used it at all, and how long that took."""
        uses = self.history.first_uses(days)
        share = Share(int(np.count_nonzero(uses.used)), len(uses.used))
        median, interval = kaplan_meier_median(uses.days.astype(np.float64), uses.used)
        reason = NOBODY_HAD_ACCESS if not share.whole else NOT_REACHED
        return [
            proportion_of_people(
                ACTIVATION_RATE, days, self.as_of, share, nobody=NOBODY_HAD_ACCESS
            ),
            Figure(
                metric=MEDIAN_DAYS_TO_FIRST_USE,
                window=days,
                as_of=self.as_of,
                value=median,
                numerator=share.part,
                denominator=share.whole,
                people=share.whole,
                interval=interval,
                flags=size_flags(share.whole) if share.whole else (),
                reason=None if median is not None else reason,
                disclosive=(share,),
            ),
        ]

    def _rates_of_week(self, week: Window) -> list[Figure]:
        """The three rates of one ISO week, over the part of it that lies in the window."""
        days = week.clip(self.days)
        before = Window(week.starts_on - WEEK, week.starts_on).clip(self.days)
        access, active = self.history.with_access(days), self.history.active(days)
        previous = self.history.active(before)
        remaining = previous & access
        both = active & previous
        disclosive: tuple[Share, ...] = ()
        if before.days > 0:
            # The two hold one numerator: what it leaves of one denominator could be read off the other.
            disclosive = (
                _share(both, remaining),
                _share(both, active),
                _share(remaining, access),
                _share(remaining, previous),
                _share(active, access),
            )
            retention = _share(both, remaining), NOBODY_REMAINED
            returning = _share(both, active), NOBODY_WAS_ACTIVE
        else:
            retention = returning = Share(0, 0), NO_PREVIOUS_WEEK
        rates = [
            self._rate(WEEKLY_ACTIVE_RATE, days),
            proportion_of_people(
                RETENTION_RATE,
                days,
                self.as_of,
                retention[0],
                nobody=retention[1],
                also_disclosive=disclosive,
            ),
            proportion_of_people(
                RETURNING_SHARE,
                days,
                self.as_of,
                returning[0],
                nobody=returning[1],
                also_disclosive=disclosive,
            ),
        ]
        return [rate.flagged(Flag.PARTIAL_WEEK) if days != week else rate for rate in rates]

    def _active_days_of_week(self, week: Window) -> Figure:
        days = week.clip(self.days)
        figure = self._active_days(days)
        return figure.flagged(Flag.PARTIAL_WEEK) if days != week else figure

    def _active_days(self, days: Window) -> Figure:
        """Active person-days over active person-weeks; people are the independent units."""
        weeks = self.history.person_weeks(days)
        days_of = np.bincount(weeks.place, weeks.active_days)
        weeks_of = np.bincount(weeks.place).astype(np.float64)
        people = weeks_of > 0
        k, numerator, denominator = (
            len(np.flatnonzero(people)),
            int(days_of.sum()),
            len(weeks.place),
        )
        flags = size_flags(k) if k else ()
        if weeks.at_least.any():
            flags = (*flags, Flag.LOWER_BOUND)
        return Figure(
            metric=ACTIVE_DAYS_PER_ACTIVE_USER_WEEK,
            window=days,
            as_of=self.as_of,
            value=numerator / denominator if denominator else None,
            numerator=numerator,
            denominator=denominator,
            people=k,
            interval=ratio_jackknife(days_of[people].astype(np.float64), weeks_of[people]),
            flags=flags,
            reason=None if denominator else NOBODY_WAS_ACTIVE,
            disclosive=(Share(k, int(np.count_nonzero(self.history.with_access(days)))),),
        )

    def _segments(self, ends_on: date) -> list[AnyFigure]:
        return [
            segments(self.history, ladder, self.days, ends_on, self.as_of) for ladder in LADDERS
        ]


def _share(part: Who, whole: Who) -> Share:
    """How many people are in either of two sets, of which the first is a part of the second."""
    return Share(int(np.count_nonzero(part)), int(np.count_nonzero(whole)))
