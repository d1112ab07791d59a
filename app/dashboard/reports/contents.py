"""What a report says of its own figures: what is to be known of them, withheld, and meant. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.dashboard.places import Answer, figures_in, sections
from app.dashboard.wording import METRICS, ApiFigure
from app.metrics.registry import Metric


@dataclass(frozen=True, slots=True)
class Caveat:
    """A sentence of the API about figures, and the titles of those that carry it."""

    sentence: str
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reader must know of the figures over a whole window, in their order.

    `withheld` names those that are; `definitions` are the figures' meanings with the version they were made by.
    """

    caveats: tuple[Caveat, ...]
    withheld: tuple[str, ...]
    definitions: tuple[tuple[Metric, int], ...]


def limits(card: Answer, time_use: Answer) -> Limits:
    """The limits of what a report shows, from the scorecard and `…/metrics/time-use`."""
    found = [
        figure for answer in sections(card, time_use).values() for _, figure in figures_in(answer)
    ]
    by_sentence: dict[str, list[ApiFigure]] = {}
    for figure in found:
        for flag in figure["flags"]:
            by_sentence.setdefault(flag["sentence"], []).append(figure)
    versions = {figure["slug"]: figure["definition_version"] for figure in found}
    return Limits(
        caveats=tuple(Caveat(sentence, _titles(of)) for sentence, of in by_sentence.items()),
        withheld=_titles([figure for figure in found if figure["suppressed"]]),
        definitions=tuple((METRICS[slug], version) for slug, version in versions.items()),
    )


def _titles(figures: list[ApiFigure]) -> tuple[str, ...]:
    """What figures are called, each once."""
    return tuple(dict.fromkeys(METRICS[figure["slug"]].title for figure in figures))


def decision_of(steps: list[Mapping[str, Any]] | None) -> Mapping[str, Any] | None:
    """The last step that ended a pilot by a decision; None without one, or where steps may not be read."""
    ended = [step for step in steps or () if step["to_status"] in ("decided", "cancelled")]
    return ended[-1] if ended else None
