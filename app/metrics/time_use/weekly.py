"""Time use by ISO week, and what of it and of its totals may be shown. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.core.periods import WEEK, Window
from app.metrics.course import Course
from app.metrics.figures import AnyFigure, Flag
from app.metrics.suppression import Figures
from app.metrics.time_use.calculation import BROAD, STRICT, Changed, Period
from app.metrics.time_use.measured import Measured
from app.pilots.models import Arm

PHASES = ("baseline", "pilot")
VARIANTS = {"strict": STRICT, "broad": BROAD}


@dataclass(frozen=True, slots=True)
class Week:
    """The figures of arm `pilot` in the part of an ISO week that lies in a window (`baseline` or `pilot`)."""

    starts_on: date
    phase: str
    figures: dict[str, AnyFigure]


@dataclass(frozen=True, slots=True)
class Weeks:
    """The weeks in order, and the names of the figures over the windows that are withheld for their sake."""

    shown: list[Week]
    totals: set[str]


@dataclass(frozen=True, slots=True)
class Whole:
    """The windows by phase, the last day that is told, and the least people that the reader is told of."""

    windows: dict[str, Window]
    as_of: date
    minimum: int


def weekly(
    measured: Measured,
    changed: Changed,
    flags: Sequence[Flag],
    whole: Whole | None,
) -> Weeks:
    """The weeks of the baseline and of the window.

    Args:
        measured: what they are computed from.
        changed: the windows, as far as they have come.
        flags: what is to be known of all figures.
        whole: how far the windows go, for a reader under suppression; None for the lead.
    """
    found: list[Week] = []
    totals: set[str] = set()
    for phase, period in zip(PHASES, (changed.before, changed.after), strict=True):
        if period.sums is None:
            continue
        parts = {
            week.starts_on: _period(measured, period, week) for week in period.window.iso_weeks()
        }
        figures: list[Figures] = [{**part.figures()} for part in parts.values()]
        if whole is not None:
            shown, waiting = _course(measured, period, whole.windows[phase], whole).shown(
                whole.minimum
            )
            totals |= {_name(phase, slug) for slug in waiting}
            figures = [{s: week[f"{Arm.PILOT}.{s}"] for s in figures[0]} for week in shown]
        for (monday, part), week in zip(parts.items(), figures, strict=True):
            partial = (*flags, *((Flag.PARTIAL_WEEK,) if part.window.days < 7 else ()))
            found.append(Week(monday, phase, {s: f.flagged(*partial) for s, f in week.items()}))
    return Weeks(sorted(found, key=lambda week: (week.starts_on, week.phase)), totals)


def _period(measured: Measured, period: Period, days: Window, arm: Arm = Arm.PILOT) -> Period:
    """Part of a period, of an arm."""
    part = days.clip(period.window)
    return Period(part, period.as_of, measured.sums(part, arm), period.is_prompts)


def _course(measured: Measured, period: Period, window: Window, whole: Whole) -> Course:
    def together(first: date, last: date) -> Figures:
        return _everything(measured, period, Window(first, last + WEEK))

    weeks = {w.starts_on: together(w.starts_on, w.starts_on) for w in period.window.iso_weeks()}
    return Course(weeks, together, window, whole.as_of)


def _everything(measured: Measured, period: Period, days: Window) -> Figures:
    """Whatever is shown over the window, of some days of it."""
    part, others = (_period(measured, period, days, arm) for arm in (Arm.PILOT, Arm.COMPARISON))
    return {
        **{f"{Arm.PILOT}.{slug}": figure for slug, figure in part.figures().items()},
        **{f"{Arm.COMPARISON}.{slug}": figure for slug, figure in others.figures().items()},
        **{name: part.share(definition) for name, definition in VARIANTS.items()},
    }


def _name(phase: str, slug: str) -> str:
    """As figures over the window are called: `pilot.baseline.admin_share`, `strict.baseline`."""
    first, *rest = slug.split(".")
    return ".".join((first, phase, *rest))
