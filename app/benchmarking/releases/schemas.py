"""What is received about a comparison."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, Field

from app.benchmarking.catalogue.questions import (
    CATALOGUE,
    BenchmarkQuestion,
    Direction,
    Section,
)
from app.benchmarking.participation.models import CouncilKind, SizeBand
from app.benchmarking.releases.disclosure import EVERYBODY, MINIMUM, Family
from app.benchmarking.releases.models import BenchmarkRelease
from app.benchmarking.releases.service import Comparison, quarter_of
from app.core.fields import Output

# One sentence for every reason: which of them it is would tell something.
WITHHELD: Final = (
    f"Withheld: fewer than {MINIMUM} organisations, one that outweighs the others, or too few that tell it "
    "apart from what is shown already."
)


class ReleaseHead(Output):
    """A release that the organisation's return went into."""

    release_id: UUID
    year: int
    made_at: datetime
    rule_version: int = Field(description="The version of the rules of disclosure.")
    catalogue_version: int
    return_id: UUID = Field(description="The version of the return that went into it.")
    kind: CouncilKind
    size: SizeBand


class OwnAnswer(BaseModel):
    """The organisation's own answer, rounded as the quartiles are."""

    value: float
    low: float | None
    high: float | None


class TypicalInterval(BaseModel):
    """The median of the lower and of the upper ends of the group's intervals."""

    low: float
    high: float


class GroupOut(BaseModel):
    """A group's answers to a question: quartiles, and never a least or a most."""

    family: Family
    group: str
    is_own: bool = Field(description="The organisation belongs to the group.")
    suppressed: bool
    reason: str | None = Field(description="Why nothing is shown.")
    organisations: int | None
    lower_quartile: float | None
    median: float | None
    upper_quartile: float | None
    interval: TypicalInterval | None = Field(description="Where all in the group have given one.")
    release_id: UUID | None = Field(
        description="The release in which it was made: an earlier one where too little has changed since."
    )
    own: OwnAnswer | None = Field(description="Null: the organisation is not in this cell.")
    quarter: int | None = Field(
        description="Where its own answer lies: 1 lowest, 4 highest; null: not in it, or most are alike."
    )
    better_quarter: int | None = Field(
        description="The same counted from the best, 1; null: no value is better than another."
    )


class ComparedQuestion(BaseModel):
    """A question, and the groups whose answers are compared."""

    question: str
    section: Section
    title: str
    unit: str
    direction: Direction
    step: float = Field(description="What the quartiles are rounded to.")
    is_measured: bool
    groups: list[GroupOut]


class ComparisonOut(BaseModel):
    """A release with the organisation's own position; null and empty: nothing is released to it yet."""

    release: ReleaseHead | None
    questions: list[ComparedQuestion]


def head_out(release: BenchmarkRelease) -> ReleaseHead:
    """A release as it is listed."""
    return ReleaseHead.model_validate(release)


def comparison_out(found: Comparison | None) -> ComparisonOut:
    """A comparison as it is sent."""
    if found is None:
        return ComparisonOut(release=None, questions=[])
    return ComparisonOut(
        release=head_out(found.release),
        questions=[_question(question, found) for question in CATALOGUE],
    )


def _question(question: BenchmarkQuestion, found: Comparison) -> ComparedQuestion:
    names = ("section", "title", "unit", "direction", "step", "is_measured")
    return ComparedQuestion(
        question=question.id,
        groups=list(_groups(question, found)),
        **{name: getattr(question, name) for name in names},
    )


def _groups(question: BenchmarkQuestion, found: Comparison) -> Iterator[GroupOut]:
    """The organisation's own groups, shown or not, and then the others that are shown."""
    release = found.release
    own = [
        (EVERYBODY.family, EVERYBODY.code),
        (Family.KIND, release.kind.value),
        (Family.SIZE, release.size.value),
    ]
    cells = {
        (Family(cell["family"]), cell["group"]): cell
        for cell in release.cells
        if cell["question"] == question.id
    }
    for key in dict.fromkeys([*own, *cells]):
        cell = cells.get(key)
        is_own = key in own
        yield _withheld(key) if cell is None else _shown(question, cell, found, is_own=is_own)


def _withheld(key: tuple[Family, str]) -> GroupOut:
    nothing = dict.fromkeys(
        ("organisations", "lower_quartile", "median", "upper_quartile", "interval", "release_id")
        + ("own", "quarter", "better_quarter")
    )
    return GroupOut.model_validate(
        {"family": key[0], "group": key[1], "is_own": True, "suppressed": True, "reason": WITHHELD}
        | nothing
    )


def _shown(
    question: BenchmarkQuestion, cell: Mapping[str, Any], found: Comparison, *, is_own: bool
) -> GroupOut:
    own, ends = found.own_answer(cell), (cell["low"], cell["high"])
    edges = (cell["lower"], cell["median"], cell["upper"])
    quarter = quarter_of(own[0] or 0.0, *edges) if own is not None else None
    counted = {Direction.HIGHER: 5, Direction.LOWER: 0}.get(question.direction)
    better = None if quarter is None or counted is None else abs(counted - quarter)
    return GroupOut.model_validate(
        {
            "family": cell["family"],
            "group": cell["group"],
            "is_own": is_own,
            "suppressed": False,
            "reason": None,
            "organisations": cell["organisations"],
            "lower_quartile": cell["lower"],
            "median": cell["median"],
            "upper_quartile": cell["upper"],
            "interval": None if None in ends else {"low": ends[0], "high": ends[1]},
            "release_id": cell["release_id"],
            "own": None if own is None else dict(zip(("value", "low", "high"), own, strict=True)),
            "quarter": quarter,
            "better_quarter": better,
        }
    )
