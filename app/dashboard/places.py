"""Where figures stand in the answers of the API. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.dashboard.wording import ApiFigure

Answer = Mapping[str, Any]

_OF_TIME: Final = ("baseline", "pilot", "change", "effect", "comparison", "variants")


def figures_in(answer: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[str, ApiFigure]]:
    """Every figure of an answer, in its order.

    Yields:
        the place, as the names on the way to it without its own slug (`comparison.baseline`), and the figure.
    """
    if not isinstance(answer, Mapping):
        return
    if "definition_version" in answer:
        names = place[:-1] if place and place[-1] == answer["slug"] else place
        yield ".".join(names), answer
        return
    for name, part in answer.items():
        yield from figures_in(part, (*place, name))


def sections(card: Answer, time_use: Answer) -> dict[str, Answer]:
    """The figures over the whole window of a pilot, by what they are about.

    Args:
        card: the scorecard.
        time_use: `…/metrics/time-use`, which holds the comparison arm and other definitions as well.
    """
    return {
        "time_use": {name: time_use[name] for name in _OF_TIME},
        "adoption": card["adoption"],
        "licences": card["licences"] or {},
        "feedback": card["feedback"],
    }
