"""What each chart shows: figures of one answer of the API, in order, with a sentence. Pure.

A chart computes nothing. Its rows, its table, its picture and its specification hold the figures as the
API sends them, so what is withheld there is withheld here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from app.core.sentences import counted
from app.dashboard import wording
from app.dashboard.wording import METRICS, ApiFigure, State

Answer = Mapping[str, Any]

PHASES: Final = {"baseline": "Before", "pilot": "During"}


class Form(StrEnum):
    """How a chart is drawn."""

    COURSE = "course"
    PARTS = "parts"
    LEVELS = "levels"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart's table: a week, a day or a phase, and its figures by slug."""

    key: str
    label: str
    phase: str | None
    figures: Mapping[str, ApiFigure]


@dataclass(frozen=True, slots=True)
class Chart:
    """Figures to be drawn, with the sentence that says what they show."""

    slug: str
    title: str
    sentence: str
    form: Form
    heading: str
    slugs: tuple[str, ...]
    lines: tuple[Line, ...]

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every figure as a flat row, for pictures and spreadsheets."""
        for line in self.lines:
            for slug in self.slugs:
                yield _row(line, line.figures[slug])

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to be drawn."""
        return all(
            line.figures[slug]["value"] is None for line in self.lines for slug in self.slugs
        )


COLUMNS: Final = (
    "key",
    "phase",
    "slug",
    "title",
    "value",
    "low",
    "high",
    "level",
    "method",
    "numerator",
    "denominator",
    "people",
    "unit",
    "evidence_tier",
    "definition_version",
    "suppressed",
    "reason",
    "flags",
)


def _row(line: Line, figure: ApiFigure) -> dict[str, Any]:
    metric, interval = METRICS[figure["slug"]], figure["interval"] or {}
    return {
        "key": line.key,
        "label": line.label,
        "phase": line.phase,
        "slug": metric.slug,
        "title": metric.title,
        "unit": metric.unit,
        **{name: interval.get(name) for name in ("low", "high", "level", "method")},
        **{name: figure[name] for name in ("value", "numerator", "denominator", "people")},
        **{name: figure[name] for name in ("evidence_tier", "definition_version")},
        **{name: figure[name] for name in ("suppressed", "reason")},
        "flags": " ".join(flag["code"] for flag in figure["flags"]),
    }


# --- the charts there are ---------------------------------------------------------------------------


def ratio(time_use: Answer) -> Chart:
    """Admin against direct work before and during the pilot, from `…/metrics/time-use` or the scorecard."""
    lines = tuple(
        Line(phase, label, phase, {"admin_share": time_use[phase]["admin_share"]})
        for phase, label in PHASES.items()
    )
    before, during = (wording.shown(line.figures["admin_share"]) for line in lines)
    return Chart(
        slug="ratio",
        title="Admin and direct work, before and during the pilot",
        sentence=f"Admin took {_share(before)} before the pilot and {_share(during)} during it.",
        form=Form.PARTS,
        heading="When",
        slugs=("admin_share",),
        lines=lines,
    )


def _share(figure: wording.Shown) -> str:
    if figure.state is State.WITHHELD:
        return "a share that is withheld"
    if figure.state is State.NONE:
        return "an unknown share"
    return f"{figure.text} of the time" + (f" ({figure.interval})" if figure.interval else "")


def admin_share_by_week(time_use: Answer) -> Chart:
    """The share of admin work week by week, from `…/metrics/time-use`."""
    lines = [
        Line(
            week["starts_on"],
            f"{wording.day(week['starts_on'])} ({PHASES[week['phase']].lower()})",
            week["phase"],
            week,
        )
        for week in time_use["weekly"]
    ]
    return _course("admin-share-by-week", "Share of admin work by week", ["admin_share"], lines)


def hours_by_week(time_use: Answer) -> Chart:
    """Hours of admin and of direct work a worker and week, from `…/metrics/time-use`."""
    lines = admin_share_by_week(time_use).lines
    slugs = ["admin_hours_per_worker_week", "direct_hours_per_worker_week"]
    return _course("hours-by-week", "Hours of admin and direct work by week", slugs, lines)


def use_by_week(adoption: Answer) -> Chart:
    """Who uses the tool week by week, from `…/metrics/adoption`."""
    return _course(
        "use-by-week", "People who used the tool by week", ["weekly_active_rate"], _weeks(adoption)
    )


def answers_by_week(feedback: Answer) -> Chart:
    """How many of those asked answer, from `…/metrics/feedback`."""
    return _course(
        "answers-by-week", "Feedback answers by week", ["response_rate"], _weeks(feedback)
    )


def satisfaction_by_week(feedback: Answer) -> Chart:
    """How satisfied staff are, from 1 to 5, from `…/metrics/feedback`."""
    slugs = ["satisfaction_mean", "morale_mean"]
    return _course(
        "satisfaction-by-week", "Satisfaction and morale by week", slugs, _weeks(feedback)
    )


def seats_by_day(utilisation: Answer) -> Chart:
    """Seats bought, held and in use, each Monday and on the last day, from `…/utilisation`."""
    days = utilisation["daily"]
    chosen = [day for place, day in enumerate(days) if place % 7 == 0 or day is days[-1]]
    lines = tuple(
        Line(day["starts_on"], wording.day(day["starts_on"]), None, day) for day in chosen
    )
    slugs = ("purchased_seat_days", "allocated_seat_days", "seats_active_28d")
    last = lines[-1] if lines else None
    return Chart(
        slug="seats-by-day",
        title="Seats bought, held and in use",
        sentence=_levels(last, slugs),
        form=Form.LEVELS,
        heading="Day",
        slugs=slugs,
        lines=lines,
    )


def _levels(last: Line | None, slugs: Sequence[str]) -> str:
    if last is None:
        return "The window has not begun: there is nothing to show yet."
    bought, held, used = (_count(last.figures[slug]) for slug in slugs)
    return f"On {last.label}: {bought} bought, {held} held, {used} used in the 28 days before."


def _count(figure: ApiFigure) -> str:
    shown = wording.shown(figure)
    return wording.number(figure["value"]) if shown.state is State.VALUE else shown.text.lower()


def _weeks(answer: Answer) -> list[Line]:
    return [
        Line(week["starts_on"], wording.day(week["starts_on"]), None, week)
        for week in answer["weekly"]
    ]


def _course(slug: str, title: str, slugs: Sequence[str], lines: Sequence[Line]) -> Chart:
    return Chart(
        slug=slug,
        title=title,
        sentence=" ".join(_course_of(each, lines) for each in slugs),
        form=Form.COURSE,
        heading="Week beginning",
        slugs=tuple(slugs),
        lines=tuple(lines),
    )


def _course_of(slug: str, lines: Sequence[Line]) -> str:
    """From where to where a figure went, and how much of its way is not shown."""
    title = METRICS[slug].title
    figures = [(line, wording.shown(line.figures[slug])) for line in lines]
    told = [(line, figure) for line, figure in figures if figure.state is State.VALUE]
    withheld = sum(figure.state is State.WITHHELD for _, figure in figures)
    if not told:
        return f"{title}: no week has a figure that can be shown."
    (first, start), (last, end) = told[0], told[-1]
    sentence = f"{title}: {start.text} in the week of {first.label}"
    if last is not first:
        sentence += f", {end.text} in the week of {last.label}"
    if withheld:
        sentence += f"; withheld in {withheld} of {counted(len(figures), 'week')}"
    return sentence + "."
