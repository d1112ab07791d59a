"""Time use by ISO week, and what of it and of the whole windows waits for weeks of few people. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from app.core.periods import WEEK, Window
from app.metrics.course import Counts, Course, counts_of
from app.metrics.figures import AnyFigure, Flag
from app.metrics.registry import ADMIN_SHARE
from app.metrics.suppression import Figures, without
from app.metrics.time_use.calculation import Changed, Periods, disclosed, disclosed_weekly
from app.metrics.time_use.measured import Measured
from app.pilots.models import Arm

PHASES = ("baseline", "pilot")


@dataclass(frozen=True, slots=True)
class Week:
    """The figures of arm `pilot` in the part of an ISO week that lies in a window (`baseline` or `pilot`)."""

    starts_on: date
    phase: str
    figures: dict[str, AnyFigure]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits of arms: weeks by phase and Monday, and phases over the whole of their windows."""

    weeks: Mapping[tuple[str, date], Collection[str]]
    totals: Collection[tuple[str, str]]

    def shown(self, weeks: Sequence[Week]) -> list[Week]:
        """The weeks without those that wait."""
        return [
            Week(each.starts_on, each.phase, without(each.figures, each.figures))
            if Arm.PILOT in self.weeks.get((each.phase, each.starts_on), ())
            else each
            for each in weeks
        ]

    def names(self, figures: Figures) -> set[str]:
        """Those of the figures over windows that wait, and the changes that would tell them."""
        arms = {arm for arm, _ in self.totals}
        found = {name for name in figures if arms and name == "effect.effect"}
        for name in figures:
            first, part = name.split(".")[:2]
            # The variants are other shares of what arm `pilot` recorded.
            arm = first if first in tuple(Arm) else Arm.PILOT
            if (arm, part) in self.totals or (part == "change" and arm in arms):
                found.add(name)
        return found


def weekly(measured: Measured, changed: Changed, flags: Sequence[Flag]) -> list[Week]:
    """The exact weeks of the baseline and of the window, in order.

    Args:
        measured: what they are computed from.
        changed: the windows, as far as they have come.
        flags: what is to be known of all figures.
    """
    found = []
    for phase, period in zip(PHASES, (changed.before, changed.after), strict=True):
        if period.sums is None:
            continue
        weeks = list(period.window.iso_weeks())
        days = [week.clip(period.window) for week in weeks]
        sums = measured.arms[Arm.PILOT].weekly(period.window)
        together = Periods(days, period.as_of, sums, period.is_prompts).figures()
        for week, part, figures in zip(weeks, days, together, strict=True):
            partial = (*flags, *((Flag.PARTIAL_WEEK,) if part != week else ()))
            found.append(
                Week(week.starts_on, phase, {s: f.flagged(*partial) for s, f in figures.items()})
            )
    return sorted(found, key=lambda week: (week.starts_on, week.phase))


def waiting(
    measured: Measured,
    changed: Changed,
    exact: Sequence[Week],
    windows: Sequence[Window | None],
    minimum: int,
) -> Waiting:
    """What waits, of both arms.

    Args:
        measured: what the figures are computed from.
        changed: the windows, as far as they have come.
        exact: the weeks of arm `pilot`.
        windows: the whole of them: the baseline, and the pilot's own.
        minimum: the organisation's minimum group size.
    """
    # All figures of a week tell of the same people.
    own = {(w.phase, w.starts_on): counts_of(w.figures)[ADMIN_SHARE.slug] for w in exact}
    weeks: dict[tuple[str, date], set[str]] = {}
    totals: set[tuple[str, str]] = set()
    periods = zip(PHASES, (changed.before, changed.after), windows, strict=True)
    for phase, period, whole in periods:
        if period.sums is None or whole is None:
            continue

        @cache
        def people(first: date, last: date, *, within: Window = period.window) -> Counts:
            # All figures of an arm tell of the same people, so it stands for each of them.
            days = Window(first, last + WEEK).clip(within)
            return {arm: disclosed(measured.arms[arm].sums(days)) for arm in Arm}

        others = disclosed_weekly(measured.arms[Arm.COMPARISON].weekly(period.window))
        of_weeks: dict[date, Counts] = {
            week.starts_on: {Arm.PILOT: own[phase, week.starts_on], Arm.COMPARISON: compared}
            for week, compared in zip(period.window.iso_weeks(), others, strict=True)
        }
        hidden, late = Course(of_weeks, people, whole, period.as_of).withheld(minimum)
        weeks |= {(phase, monday): arms for monday, arms in hidden.items()}
        totals |= {(arm, phase) for arm in late}
    return Waiting(weeks, totals)
