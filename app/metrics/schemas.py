"""How figures are sent: with everything that is needed to check them."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, Field

from app.core.fields import Output
from app.metrics.figures import SENTENCES, AnyFigure, Figure, Flag, Segments
from app.metrics.statistics.intervals import Interval


class MetricOut(Output):
    """A figure's definition."""

    slug: str
    title: str
    definition: str = Field(description="One sentence that a committee can read.")
    formula: str
    unit: str
    evidence_tier: int = Field(
        description="0 claim, 1 self-report, 2 records of use or time, 3 before and after, 4 comparison group, 5 finance."
    )
    definition_version: int


class WindowOut(BaseModel):
    """The days from `starts_on` to the day before `ends_on`."""

    starts_on: date
    ends_on: date


class IntervalOut(BaseModel):
    """A confidence interval."""

    low: float
    high: float | None = Field(description="Null: the data set no upper bound.")
    level: float
    method: str


class FlagOut(BaseModel):
    """What a reader must know before using a figure."""

    code: Flag
    sentence: str


class MoneyOut(BaseModel):
    """An exact amount, rounded to the penny."""

    amount: str = Field(description="A decimal string.")
    currency: str


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
    money: MoneyOut | None = Field(
        default=None, description="The value as an amount, where it is one."
    )
    basis: str | None = Field(
        default=None,
        description="Which days count, where that may differ: `calendar_days` or `working_days`.",
    )
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
    if isinstance(figure, Segments):
        return segments_out(figure)
    return metric_value(figure)


def _interval(interval: Interval) -> dict[str, Any]:
    # By hand: `asdict` takes ten times as long, and a page has a hundred of them.
    return {
        "low": interval.low,
        "high": interval.high,
        "level": interval.level,
        "method": interval.method,
    }


def segments_out(segments: Segments) -> UsageSegments:
    """Usage segments as they are sent."""
    metric = segments.metric
    return UsageSegments.model_validate(
        {
            "slug": metric.slug,
            "definition_version": metric.definition_version,
            "window": asdict(segments.window),
            "as_of": segments.as_of,
            "weeks": segments.weeks,
            "basis": segments.basis,
            "counts": segments.counts,
            "people": segments.people,
            "flags": _flags(segments.flags),
            "suppressed": segments.suppressed,
            "evidence_tier": int(metric.evidence_tier),
        }
    )


def metric_value(figure: Figure) -> MetricValue:
    """A number as it is sent."""
    return MetricValue.model_validate(plain(figure))


def plain_figures(figures: Mapping[str, AnyFigure]) -> dict[str, dict[str, Any]]:
    """Figures by slug, each as `plain` gives it; segments have no such form and are left out."""
    return {slug: plain(figure) for slug, figure in figures.items() if isinstance(figure, Figure)}


def plain(figure: Figure) -> dict[str, Any]:
    """A `MetricValue` as a dictionary: a page may hold hundreds, which need no validation."""
    metric, interval, money = figure.metric, figure.interval, figure.money
    return {
        "slug": metric.slug,
        "definition_version": metric.definition_version,
        "window": {"starts_on": figure.window.starts_on, "ends_on": figure.window.ends_on},
        "as_of": figure.as_of,
        "value": figure.value,
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "people": figure.people,
        "interval": _interval(interval) if interval else None,
        "flags": [{"code": flag.value, "sentence": SENTENCES[flag]} for flag in figure.flags],
        "reason": figure.reason,
        "money": {"amount": str(money.amount), "currency": money.currency} if money else None,
        "basis": figure.basis,
        "suppressed": figure.suppressed,
        "evidence_tier": int(metric.evidence_tier),
    }
