"""How figures are sent: with everything that is needed to check them."""

from dataclasses import asdict
from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from app.core.fields import Output
from app.metrics.figures import SENTENCES, AnyFigure, Flag, Segments


class MetricOut(Output):
    """A figure's definition."""

    slug: str
    title: str
    definition: str = Field(description="One sentence that a committee can read.")
    formula: str
    unit: str
    evidence_tier: int = Field(
        description="0 claim, 1 self-report, 2 usage log, 3 before and after, 4 comparison group, 5 finance."
    )
    definition_version: int


class WindowOut(BaseModel):
    """The days from `starts_on` to the day before `ends_on`."""

    starts_on: date
    ends_on: date


class IntervalOut(BaseModel):
    """A confidence interval."""

    low: float
    high: float
    level: float
    method: str


class FlagOut(BaseModel):
    """What a reader must know before using a figure."""

    code: Flag
    sentence: str


class MetricValue(BaseModel):
    """A figure: never a number alone."""

    slug: str
    definition_version: int
    window: WindowOut
    as_of: date = Field(description="The last day that was taken into account.")
    value: float | None
    numerator: float | None
    denominator: float | None
    people: int | None
    interval: IntervalOut | None
    flags: list[FlagOut]
    reason: str | None = Field(description="Why there is no value, where there is none.")
    suppressed: bool
    evidence_tier: int


class SegmentCounts(BaseModel):
    """People by segment; null where withheld."""

    power: int | None
    habitual: int | None
    novice: int | None
    low: int | None
    non_user: int | None


class UsageSegments(BaseModel):
    """How many people use the tool how regularly."""

    slug: str
    definition_version: int
    window: WindowOut = Field(description="The ISO weeks that were looked at.")
    as_of: date
    weeks: int = Field(description="How many ISO weeks were looked at.")
    basis: Literal["actions", "active_days"]
    counts: SegmentCounts
    people: int | None
    flags: list[FlagOut]
    suppressed: bool
    evidence_tier: int


def _flags(flags: tuple[Flag, ...]) -> list[FlagOut]:
    return [FlagOut(code=flag, sentence=SENTENCES[flag]) for flag in flags]


def figure_out(figure: AnyFigure) -> MetricValue | UsageSegments:
    """A figure as it is sent."""
    common = {
        "slug": figure.metric.slug,
        "definition_version": figure.metric.definition_version,
        "window": asdict(figure.window),
        "as_of": figure.as_of,
        "flags": _flags(figure.flags),
        "people": figure.people,
        "suppressed": figure.suppressed,
        "evidence_tier": int(figure.metric.evidence_tier),
    }
    if isinstance(figure, Segments):
        return UsageSegments.model_validate(
            {**common, "weeks": figure.weeks, "basis": figure.basis, "counts": figure.counts}
        )
    return MetricValue.model_validate(
        {
            **common,
            "value": figure.value,
            "numerator": figure.numerator,
            "denominator": figure.denominator,
            "interval": asdict(figure.interval) if figure.interval else None,
            "reason": figure.reason,
        }
    )
