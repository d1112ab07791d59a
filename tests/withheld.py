"""Figures and breakdowns made by hand, and what suppression leaves of them."""

from datetime import date
from typing import Any

from app.core.periods import Window
from app.metrics.figures import AnyFigure, Figure, Segments, Share, proportion_of_people
from app.metrics.registry import ADOPTION_RATE, USAGE_SEGMENTS
from app.metrics.suppression import Report, suppress
from tests.adoption_oracle import SEGMENTS

WINDOW = Window(date(2024, 4, 1), date(2024, 4, 29))
AS_OF = date(2024, 4, 28)
SLUG, LADDER = ADOPTION_RATE.slug, USAGE_SEGMENTS.slug


def rate(part: int, whole: int, *also: Share) -> Figure:
    return proportion_of_people(
        ADOPTION_RATE, WINDOW, AS_OF, Share(part, whole), nobody="nobody", also_disclosive=also
    )


def segments(*counts: int) -> Segments:
    by_name: dict[str, int | None] = dict(zip(SEGMENTS, counts, strict=True))
    return Segments(USAGE_SEGMENTS, WINDOW, AS_OF, 12, "actions", by_name, sum(counts))


def seen(figure: AnyFigure, minimum: int = 5) -> Any:
    return suppress(Report({SLUG: figure}), minimum).figures[SLUG]


def is_small(count: int, minimum: int) -> bool:
    return 1 <= count <= minimum - 1


def breakdown(**groups: tuple[int, int]) -> Report:
    total = rate(sum(g[0] for g in groups.values()), sum(g[1] for g in groups.values()))
    return Report({SLUG: total}, groups={g: {SLUG: rate(*share)} for g, share in groups.items()})


def hidden_groups(report: Report, minimum: int = 5, slug: str = SLUG) -> set[str]:
    shown = suppress(report, minimum)
    return {group for group, figures in shown.groups.items() if figures[slug].suppressed}


def segment_breakdown(**groups: tuple[int, ...]) -> Report:
    total = segments(*map(sum, zip(*groups.values(), strict=True)))
    return Report({LADDER: total}, groups={g: {LADDER: segments(*c)} for g, c in groups.items()})
