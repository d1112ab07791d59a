"""The one function through which every figure passes on its way to a reader who may not see names.

A count of people from 1 to one below the organisation's minimum group size is withheld; so is its
complement; and where what is withheld of several siblings follows from their total by subtraction,
the next smallest sibling as well.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from app.metrics.figures import AnyFigure, Figure, Flag, Segments, Share

Figures = dict[str, AnyFigure]


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of one kind that are answered together: whole, week by week, and by group."""

    figures: Figures
    weekly: list[Figures] = field(default_factory=list)
    groups: dict[str, Figures] = field(default_factory=dict)

    def flagged(self, *flags: Flag) -> "Report":
        """The same with flags on every figure."""

        def each(figures: Figures) -> Figures:
            return {slug: figure.flagged(*flags) for slug, figure in figures.items()}

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
        groups=_siblings(report, minimum),
    )


def without(figures: Figures, names: Collection[str]) -> Figures:
    """The same with some withheld."""
    return {name: f.withheld() if name in names else f for name, f in figures.items()}


def is_small(count: int, minimum: int) -> bool:
    """Whether a count is of somebody, and of too few."""
    return 0 < count < minimum


def reveals(share: Share, minimum: int) -> bool:
    """Whether a share, what it leaves, or the whole is of too few people."""
    # Written out: a page asks this some hundred times.
    part, whole = share.part, share.whole
    return 0 < part < minimum or 0 < whole - part < minimum or 0 < whole < minimum


def _each(figures: Mapping[str, AnyFigure], minimum: int) -> Figures:
    return {slug: _one(figure, minimum) for slug, figure in figures.items()}


def _one(figure: AnyFigure, minimum: int) -> AnyFigure:
    if isinstance(figure, Segments):
        return _segments(figure, minimum)
    return figure.withheld() if any(reveals(s, minimum) for s in figure.disclosive) else figure


def _segments(segments: Segments, minimum: int) -> Segments:
    """Segments with their small counts withheld, and as many more as keep those from being solved for.

    The counts add up to the people, so the withheld ones are known by their sum: it must hold two
    counts at least, and be no small number itself.
    """
    counts = {name: count or 0 for name, count in segments.counts.items()}
    if is_small(segments.people or 0, minimum):
        hidden = set(counts)
    else:
        hidden = {name for name, count in counts.items() if is_small(count, minimum)}
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
    if len(hidden) == len(counts):
        return segments.withheld()
    return replace(
        segments,
        counts={name: None if name in hidden else count for name, count in segments.counts.items()},
        suppressed=True,
    )


def _siblings(report: Report, minimum: int) -> dict[str, Figures]:
    """The groups, with as many withheld as keep a withheld one from being solved for.

    Figures over one window share counts (one's numerator is another's denominator), so a group that is
    withheld for the sake of another goes with all of them; for the sake of one that is small itself,
    altogether. Segments of a group are shown whole or not at all.
    """
    groups = report.groups
    if not groups:
        return {}
    broken_down = {slug for figures in groups.values() for slug in figures}
    total = {
        slug: figure
        for slug, figure in _each(report.figures, minimum).items()
        if slug in broken_down
    }
    few = _few(groups, minimum)
    hidden = {
        slug: few | {g for g in groups if _one(groups[g][slug], minimum).suppressed}
        for slug in total
    }
    while (found := _companion(groups, total, hidden, minimum)) is not None:
        for slug, names in hidden.items():
            if total[slug].window == total[found[0]].window:
                names.add(found[1])
    return {
        group: {
            slug: figure.withheld() if group in hidden[slug] else figure
            for slug, figure in figures.items()
        }
        for group, figures in groups.items()
    }


def size_of(figures: Figures) -> int:
    """The people of a group: the most that a figure of it holds."""
    return max(figure.people or 0 for figure in figures.values())


def _few(groups: Mapping[str, Figures], minimum: int) -> set[str]:
    """The groups of few people, and the next smallest beside one alone or several still few together."""
    by_size = sorted((size_of(figures), group) for group, figures in groups.items())
    few = {group for size, group in by_size if is_small(size, minimum)}
    others = [group for size, group in by_size if size >= minimum]
    while few and others and sum(size_of(groups[group]) for group in few) < minimum:
        few.add(others.pop(0))
    return few


def _companion(
    groups: Mapping[str, Figures], total: Figures, hidden: Mapping[str, set[str]], minimum: int
) -> tuple[str, str] | None:
    """A figure and the smallest group that must go there as well; None when nothing follows."""
    for slug, shown in total.items():
        free = [group for group in groups if group not in hidden[slug] and size_of(groups[group])]
        if free and _follows(shown, [groups[group][slug] for group in hidden[slug]], minimum):
            return slug, min(free, key=lambda group: (size_of(groups[group]), group))
    return None


def _follows(total: AnyFigure, withheld: list[AnyFigure], minimum: int) -> bool:
    """Whether the withheld siblings are too few, or hold too little, for the total beside them."""
    if not withheld:
        return False
    if isinstance(total, Segments):
        shown = [name for name, count in total.counts.items() if count is not None]
        if not shown:
            return False
        together = _together(withheld)
        rest = sum(count for name, count in together.items() if name not in shown)
        amounts = [*(together[name] for name in shown), rest, sum(together.values())]
        return len(withheld) == 1 or any(is_small(amount, minimum) for amount in amounts)
    if total.suppressed:
        return False
    shares = zip(*(f.disclosive for f in withheld if isinstance(f, Figure)), strict=True)
    return len(withheld) == 1 or any(
        reveals(Share(sum(s.part for s in same), sum(s.whole for s in same)), minimum)
        for same in shares
    )


def _together(withheld: list[AnyFigure]) -> dict[str, int]:
    """The withheld siblings' segments, added up."""
    segments = [figure.counts for figure in withheld if isinstance(figure, Segments)]
    return {name: sum(counts[name] or 0 for counts in segments) for name in segments[0]}
