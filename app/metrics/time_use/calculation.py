"""The figures of time use, from what people's time went to. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.core.periods import Window
from app.metrics.figures import Figure, Flag, Share, size_flags
from app.metrics.registry import (
    ADMIN_HOURS_PER_WORKER_WEEK,
    ADMIN_SHARE,
    ADMIN_SHARE_BROAD,
    ADMIN_SHARE_CHANGE,
    ADMIN_SHARE_EFFECT,
    ADMIN_SHARE_STRICT,
    DIRECT_HOURS_PER_WORKER_WEEK,
    EXCLUDED_SHARE,
    Metric,
)
from app.metrics.statistics.changes import Change, difference_of_changes, paired_share_change
from app.metrics.statistics.intervals import Interval
from app.metrics.statistics.ratios import ratios_jackknife, shares_jackknife_logit
from app.metrics.time_use.measured import (
    ADMIN,
    DIRECT,
    INDIRECT,
    RECORDING,
    SUPPORT,
    TRAVEL,
    UNMAPPED,
    Sums,
)

NO_BASELINE = "no_baseline"
NO_SAMPLES = "no_time_recorded"
NOBODY_IN_BOTH = "nobody_with_time_in_both_windows"
PROMPTS_HAVE_NO_HOURS = "random_moments_hold_no_hours"

MINUTES_AN_HOUR = 60
# Twice the largest fall that a vendor has published, in hours of admin a worker and week.
LARGEST_PLAUSIBLE_FALL = 13.6
FEWEST_FOR_A_VERDICT = 5
WIDEST_FOR_A_VERDICT = 0.4
_HALF = 0.5


class Verdict(StrEnum):
    """What became of the share of admin work, in words."""

    FELL = "fell"
    ROSE = "rose"
    NO_CLEAR_CHANGE = "no_clear_change"
    NOT_ENOUGH_DATA = "not_enough_data"


@dataclass(frozen=True, slots=True)
class Definition:
    """What of people's time is held against what other part of it: against their direct work."""

    metric: Metric
    columns: tuple[int, ...]
    against: tuple[int, ...] = (DIRECT,)

    def parts(self, sums: Sums) -> NDArray[np.float64]:
        return _added(sums, self.columns)

    def wholes(self, sums: Sums) -> NDArray[np.float64]:
        return _added(sums, (*self.columns, *self.against))

    def share(self, sums: Sums) -> float | None:
        """Of everybody's time in a window."""
        part = sum(sums.totals[column] for column in self.columns)
        whole = part + sum(sums.totals[column] for column in self.against)
        return part / whole if whole else None


def _added(sums: Sums, columns: Sequence[int]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = sums.amounts[columns[0]]
    for column in columns[1:]:
        found = found + sums.amounts[column]
    return found


STANDARD = Definition(ADMIN_SHARE, (ADMIN,))
STRICT = Definition(ADMIN_SHARE_STRICT, (RECORDING,))
BROAD = Definition(ADMIN_SHARE_BROAD, (ADMIN, INDIRECT))
DEFINITIONS = (STANDARD, STRICT, BROAD)
# What is outside the ratio, of all that was recorded but what is excluded.
OUTSIDE = Definition(EXCLUDED_SHARE, (INDIRECT, SUPPORT, TRAVEL, UNMAPPED), (ADMIN, DIRECT))
_HOURS = {ADMIN_HOURS_PER_WORKER_WEEK: ADMIN, DIRECT_HOURS_PER_WORKER_WEEK: DIRECT}


@dataclass(frozen=True)
class Periods:
    """Several windows of the same people: the same few steps for all of them, not for each.

    Attributes:
        windows: in the order of `sums`.
        as_of: the last day that is taken into account.
        sums: what was recorded in these windows, together.
        is_prompts: amounts are prompts.
    """

    windows: Sequence[Window]
    as_of: date
    sums: Sums
    is_prompts: bool = False

    def figures(self) -> list[dict[str, Figure]]:
        """Of each window the share of admin work, the time outside the ratio, and hours a worker and week."""
        shares = [self.shares(definition) for definition in (STANDARD, OUTSIDE)]
        hours = [self._hours(metric, column) for metric, column in _HOURS.items()]
        return [
            {figure.metric.slug: figure for figure in of_window}
            for of_window in zip(*shares, *hours, strict=True)
        ]

    def shares(self, definition: Definition) -> list[Figure]:
        """Of each window the share after a definition."""
        parts, wholes = definition.parts(self.sums), definition.wholes(self.sums)
        return self.of_shares(definition.metric, parts, wholes)

    def of_shares(
        self, metric: Metric, parts: NDArray[np.float64], wholes: NDArray[np.float64]
    ) -> list[Figure]:
        """Of each window the share of each person's parts in their wholes, shape (windows, people) each."""
        return self._ratios(metric, parts, wholes, shares_jackknife_logit(parts, wholes))

    def _hours(self, metric: Metric, column: int) -> list[Figure]:
        if self.is_prompts:
            reason = PROMPTS_HAVE_NO_HOURS
            return [nothing(metric, window, self.as_of, reason) for window in self.windows]
        hours = self.sums.amounts[column] / MINUTES_AN_HOUR
        weeks = self.sums.weeks.astype(np.float64)
        return self._ratios(metric, hours, weeks, ratios_jackknife(hours, weeks))

    def _ratios(
        self,
        metric: Metric,
        numerators: NDArray[np.float64],
        denominators: NDArray[np.float64],
        intervals: list[Interval | None],
    ) -> list[Figure]:
        counts = (denominators > 0).sum(axis=1).tolist()
        totals = numerators.sum(axis=1).tolist(), denominators.sum(axis=1).tolist()
        of_windows = zip(self.windows, *totals, counts, intervals, self._disclosed, strict=True)
        return [
            Figure(
                metric=metric,
                window=window,
                as_of=self.as_of,
                value=part / whole if k else None,
                numerator=part,
                denominator=whole,
                people=k,
                interval=interval,
                flags=_flags(k, interval),
                reason=None if k else NO_SAMPLES,
                disclosive=disclosive,
            )
            for window, part, whole, k, interval, disclosive in of_windows
        ]

    @cached_property
    def _disclosed(self) -> list[tuple[Share, ...]]:
        return disclosed_weekly(self.sums)


def _flags(people: int, interval: Interval | None) -> tuple[Flag, ...]:
    if not people:
        return ()
    degenerate = (Flag.DEGENERATE,) if interval is None and people > 1 else ()
    return (*size_flags(people), *degenerate)


@dataclass(frozen=True)
class Period:
    """A window, what was recorded in it, and the last day that is taken into account.

    `sums` is None where there is no such window: a pilot without a baseline.
    """

    window: Window
    as_of: date
    sums: Sums | None
    is_prompts: bool = False

    def of(self, who: NDArray[np.bool_]) -> "Period":
        """The same of some of the people; `who` has shape (people,)."""
        sums = self.sums.of(who) if self.sums is not None else None
        return Period(self.window, self.as_of, sums, self.is_prompts)

    @property
    def admin_hours(self) -> float | None:
        """Hours of admin a worker and week; None where there are none."""
        weeks = 0 if self.sums is None or self.is_prompts else int(self.sums.weeks.sum())
        if self.sums is None or not weeks:
            return None
        return self.sums.totals[ADMIN] / MINUTES_AN_HOUR / weeks

    def of_shares(
        self, metric: Metric, parts: NDArray[np.float64], wholes: NDArray[np.float64]
    ) -> Figure:
        """The share of each person's parts in their wholes, shape (people,) each."""
        if self.sums is None:
            return self.nothing(metric)
        alone = Periods((self.window,), self.as_of, self.sums.alone(), self.is_prompts)
        return alone.of_shares(metric, parts[None], wholes[None])[0]

    def nothing(self, metric: Metric) -> Figure:
        """What there is of a metric where there is no such window."""
        return nothing(metric, self.window, self.as_of, NO_BASELINE)


def disclosed(sums: Sums) -> tuple[Share, ...]:
    """The people behind every figure of a period: one's numerator is another's, so they go together."""
    return disclosed_weekly(sums.alone())[0]


def disclosed_weekly(sums: Sums) -> list[tuple[Share, ...]]:
    """The same of several windows together: who has any sample, is behind each share, or has admin or direct time."""
    wholes = [definition.wholes(sums) for definition in (*DEFINITIONS, OUTSIDE)]
    behind = (sums.days, *wholes, sums.amounts[ADMIN], sums.amounts[DIRECT])
    counts = [(each > 0).sum(axis=1).tolist() for each in behind]
    return [tuple(Share(k, k) for k in of_window) for of_window in zip(*counts, strict=True)]


def nothing(metric: Metric, window: Window, as_of: date, reason: str) -> Figure:
    """A figure that is not there, and why."""
    return Figure(
        metric=metric,
        window=window,
        as_of=as_of,
        value=None,
        numerator=None,
        denominator=None,
        people=None,
        interval=None,
        flags=(Flag.NO_BASELINE,) if reason == NO_BASELINE else (),
        reason=reason,
        disclosive=(Share(0, 0),),
    )


@dataclass(frozen=True)
class Changed:
    """How the share of admin work of an arm changed from the baseline to a window."""

    before: Period
    after: Period
    _changes: dict[Definition, tuple[Change | None, int]] = field(
        default_factory=dict, init=False, repr=False
    )

    def of(self, who: NDArray[np.bool_]) -> "Changed":
        """The same of some of the people; `who` has shape (people,)."""
        return Changed(self.before.of(who), self.after.of(who))

    def figures(self) -> list[dict[str, Figure]]:
        """The figures of both windows by slug."""
        found = self._together.figures()
        if self.before.sums is None:
            found.insert(0, {slug: self.before.nothing(f.metric) for slug, f in found[0].items()})
        return found

    def shares(self, definition: Definition) -> list[Figure]:
        """The share of admin work in both windows after a definition."""
        found = self._together.shares(definition)
        if self.before.sums is None:
            found.insert(0, self.before.nothing(definition.metric))
        return found

    @cached_property
    def _together(self) -> Periods:
        """The windows that there are."""
        periods = (self.before, self.after)
        known = [(each.window, each.sums) for each in periods if each.sums is not None]
        windows, sums = zip(*known, strict=True)
        return Periods(windows, self.after.as_of, Sums.together(sums), self.after.is_prompts)

    def figure(self, definition: Definition = STANDARD) -> Figure:
        change, k = self.change(definition)
        metric, window, as_of = ADMIN_SHARE_CHANGE, self.after.window, self.after.as_of
        if change is None:
            reason = NO_BASELINE if self.before.sums is None else NOBODY_IN_BOTH
            return nothing(metric, window, as_of, reason)
        return Figure(
            metric=metric,
            window=window,
            as_of=as_of,
            value=change.value,
            numerator=None,
            denominator=None,
            people=k,
            interval=change.interval,
            flags=(*size_flags(k), *self._flags),
            disclosive=(Share(k, k),),
        )

    def change(self, definition: Definition = STANDARD) -> tuple[Change | None, int]:
        """The change on the people with admin or direct time in both windows, and how many they are."""
        if definition not in self._changes:
            self._changes[definition] = self._change(definition)
        return self._changes[definition]

    def _change(self, definition: Definition) -> tuple[Change | None, int]:
        before, after = self.before.sums, self.after.sums
        if before is None or after is None:
            return None, 0
        wholes = definition.wholes(before), definition.wholes(after)
        both = (wholes[0] > 0) & (wholes[1] > 0)
        k = int(both.sum())
        if not k:
            return None, 0
        parts = definition.parts(before), definition.parts(after)
        change = paired_share_change(
            (parts[0][both], wholes[0][both]), (parts[1][both], wholes[1][both])
        )
        return change, k

    @cached_property
    def _flags(self) -> tuple[Flag, ...]:
        flags: list[Flag] = []
        if len({self._crosses(definition) for definition in DEFINITIONS}) > 1:
            flags.append(Flag.DEFINITION_SENSITIVE)
        hours = [each.admin_hours for each in (self.before, self.after)]
        if (
            hours[0] is not None
            and hours[1] is not None
            and hours[0] - hours[1] > LARGEST_PLAUSIBLE_FALL
        ):
            flags.append(Flag.IMPLAUSIBLE_CHANGE)
        return tuple(flags)

    def _crosses(self, definition: Definition) -> bool:
        """Whether what prevailed before does not any more."""
        shares = [
            definition.share(each.sums)
            for each in (self.before, self.after)
            if each.sums is not None
        ]
        known = [share >= _HALF for share in shares if share is not None]
        return len(set(known)) > 1


def effect(treated: Changed, untreated: Changed) -> Figure:
    """The change of arm `pilot` less that of arm `comparison`."""
    one, k = treated.change()
    other, compared = untreated.change()
    window, as_of = treated.after.window, treated.after.as_of
    if one is None or other is None:
        reason = NO_BASELINE if treated.before.sums is None else NOBODY_IN_BOTH
        return nothing(ADMIN_SHARE_EFFECT, window, as_of, reason)
    found = difference_of_changes(one, other)
    return Figure(
        metric=ADMIN_SHARE_EFFECT,
        window=window,
        as_of=as_of,
        value=found.value,
        numerator=None,
        denominator=None,
        people=k + compared,
        interval=found.interval,
        flags=size_flags(min(k, compared)),
        disclosive=(Share(k, k + compared),),
    )


def verdict(change: Figure) -> Verdict:
    """A change in words; what is withheld or not estimable is not enough."""
    interval = change.interval
    if (
        interval is None
        or interval.high is None
        or (change.people or 0) < FEWEST_FOR_A_VERDICT
        or interval.high - interval.low > WIDEST_FOR_A_VERDICT
    ):
        return Verdict.NOT_ENOUGH_DATA
    if interval.low <= 0 <= interval.high:
        return Verdict.NO_CLEAR_CHANGE
    return Verdict.FELL if interval.high < 0 else Verdict.ROSE


def ratio(share: float) -> str:
    """A share as two whole numbers that add to 100, as 70:30."""
    admin = int(np.floor(100 * share + _HALF))
    return f"{admin}:{100 - admin}"


def unmapped(sums: Sequence[Sums | None]) -> float | None:
    """The share of unmapped time in all that was recorded; None where nothing was."""
    known = [each.totals for each in sums if each is not None]
    total = sum(sum(each[: UNMAPPED + 1]) for each in known)
    return sum(each[UNMAPPED] for each in known) / total if total else None
