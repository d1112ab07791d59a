"""Answers of a return: how they are kept, and what is wrong with them. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from app.benchmarking.catalogue.questions import CATALOGUE, QUESTIONS
from app.core.errors import FieldError
from app.core.periods import Window


class Origin(StrEnum):
    """Where an answer is from."""

    ENTERED = "entered"
    TRACKED = "tracked"


@dataclass(frozen=True, slots=True)
class Provenance:
    """What an answer was taken from: which figures, as they were shown to anybody.

    Attributes:
        source: the route that answers the figure.
        figures: the slugs, with the versions of their definitions.
        starts_on, ends_on: the window, half-open.
        about: the ids of the pilots, pools, policies or audit plans.
        snapshot_id: the published figures that say the same, where there are any.
    """

    source: str
    figures: dict[str, int]
    starts_on: str
    ends_on: str
    as_of: str
    people: int | None
    evidence_tier: int | None
    about: list[str]
    snapshot_id: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, its interval where it has one, and where it is from."""

    value: float
    low: float | None = None
    high: float | None = None
    note: str | None = None
    origin: Origin = Origin.ENTERED
    provenance: Provenance | None = None

    def stored(self) -> dict[str, Any]:
        """The answer as JSON."""
        return asdict(self)


def kept(stored: Mapping[str, Any]) -> dict[str, Answer]:
    """The answers of a return by question, from what `stored` wrote."""
    return {name: _answer(each) for name, each in stored.items()}


def _answer(each: Mapping[str, Any]) -> Answer:
    found = each["provenance"]
    provenance = Provenance(**found) if found is not None else None
    return Answer(**{**each, "origin": Origin(each["origin"]), "provenance": provenance})


def year_of(year: int) -> Window:
    """The financial year that begins on 1 April of `year`."""
    return Window(date(year, 4, 1), date(year + 1, 4, 1))


# The first is a part of the second.
_PARTS: Final = (
    ("ai_licence_spend", "ict_spend"),
    ("ai_staff", "digital_staff"),
    ("digital_staff", "staff_in_post"),
)
_TOPICS: Final = 12


def problems(answers: Mapping[str, Answer]) -> list[FieldError]:
    """What keeps a return from being submitted, in the catalogue's order."""
    return [*_missing(answers), *_outside(answers), *_at_odds(answers)]


def _missing(answers: Mapping[str, Answer]) -> Iterator[FieldError]:
    for question in CATALOGUE:
        if question.is_required and question.id not in answers:
            detail = f"“{question.title}” is not answered, and is needed."
            yield FieldError(f"/answers/{question.id}/value", "answer_missing", detail)


def _outside(answers: Mapping[str, Answer]) -> Iterator[FieldError]:
    for name, answer in answers.items():
        question = QUESTIONS[name]
        most = _TOPICS if name == "policy_topics_covered" else question.most
        pointer = f"/answers/{name}/value"
        if not question.least <= answer.value <= most:
            detail = f"“{question.title}” lies between {question.least:g} and {most:g}."
            yield FieldError(pointer, "answer_out_of_range", detail)
        low = answer.low if answer.low is not None else answer.value
        high = answer.high if answer.high is not None else answer.value
        if not low <= answer.value <= high:
            detail = f"The interval of “{question.title}” does not hold its value."
            yield FieldError(pointer, "interval_elsewhere", detail)


def _at_odds(answers: Mapping[str, Answer]) -> Iterator[FieldError]:
    for part, whole in _PARTS:
        if part in answers and whole in answers and answers[part].value > answers[whole].value:
            detail = (
                f"“{QUESTIONS[part].title}” is a part of “{QUESTIONS[whole].title}”, and is more."
            )
            yield FieldError(f"/answers/{part}/value", "answers_at_odds", detail)
