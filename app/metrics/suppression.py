"""The one function through which every figure passes on its way to a reader who may not see names.

A count of people from 1 to one below the organisation's minimum group size is withheld; so is its
complement; and where exactly one of several siblings is withheld beside their total, the next
smallest as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from app.metrics.figures import AnyFigure, Figure, Flag, Segments, Share

Figures = dict[str, AnyFigure]


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of one kind that are answered together: whole, week by week, and by group."""

    figures: Figures
    weekly: list[Figures] = field(default_factory=list)
    groups: dict[str, Figures] = field(default_factory=dict)

    def flagged(self, flag: Flag) -> "Report":
        """The same with a flag on every figure."""

        def each(figures: Figures) -> Figures:
            return {slug: figure.flagged(flag) for slug, figure in figures.items()}

        return Report(
            figures=each(self.figures),
            weekly=[each(week) for week in self.weekly],
            groups={group: each(figures) for group, figures in self.groups.items()},
        )


def suppress(report: Report, minimum: int) -> Report:
    """The report as somebody may see it who may not see the named rows behind it.

    Args:
        report: exact figures.
        minimum: the organisation's minimum group size.
    """
    return Report(
        figures=_each(report.figures, minimum),
        weekly=[_each(week, minimum) for week in report.weekly],
        groups=_siblings(report.groups, minimum),
    )


def _is_small(count: int, minimum: int) -> bool:
    return 0 < count < minimum


def _reveals(share: Share, minimum: int) -> bool:
    return any(
        _is_small(count, minimum) for count in (share.part, share.whole - share.part, share.whole)
    )


def _each(figures: Mapping[str, AnyFigure], minimum: int) -> Figures:
    return {slug: _one(figure, minimum) for slug, figure in figures.items()}


def _one(figure: AnyFigure, minimum: int) -> AnyFigure:
    if isinstance(figure, Segments):
        return _segments(figure, minimum)
    return figure.withheld() if any(_reveals(s, minimum) for s in figure.disclosive) else figure


def _segments(segments: Segments, minimum: int) -> Segments:
    """Segments with their small counts withheld, and as many more as keep those from being solved for.

    The counts add up to the people, so the withheld ones are known by their sum: it must hold two
    counts at least, and be no small number itself.
    """
    counts = {name: count or 0 for name, count in segments.counts.items()}
    if _is_small(segments.people or 0, minimum):
        hidden = set(counts)
    else:
        hidden = {name for name, count in counts.items() if _is_small(count, minimum)}
        others = sorted(
            (name for name, count in counts.items() if count and name not in hidden),
            key=lambda name: (counts[name], name),
        )
        while (
            hidden
            and others
            and (len(hidden) < 2 or sum(counts[name] for name in hidden) < minimum)
        ):
            hidden.add(others.pop(0))
    if not hidden:
        return segments
    return replace(
        segments,
        counts={name: None if name in hidden else count for name, count in segments.counts.items()},
        people=None if len(hidden) == len(counts) else segments.people,
        suppressed=True,
    )


def _siblings(groups: Mapping[str, Figures], minimum: int) -> dict[str, Figures]:
    shown = {group: _each(figures, minimum) for group, figures in groups.items()}
    slugs = {slug for figures in groups.values() for slug in figures}
    for slug in slugs:
        hidden = [group for group, figures in shown.items() if figures[slug].suppressed]
        if len(hidden) != 1:
            continue
        # The total is shown above, so a single withheld sibling would follow by subtraction.
        others = [g for g in shown if g not in hidden and (groups[g][slug].people or 0) > 0]
        if others:
            smallest = min(others, key=lambda group: (groups[group][slug].people or 0, group))
            shown[smallest][slug] = _withheld(groups[smallest][slug])
    return shown


def _withheld(figure: AnyFigure) -> AnyFigure:
    if isinstance(figure, Figure):
        return figure.withheld()
    return replace(figure, counts=dict.fromkeys(figure.counts), people=None, suppressed=True)
