"""How time use is sent."""

from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from pydantic import BaseModel, Field

from app.metrics.figures import Figure
from app.metrics.schemas import MetricValue, WindowOut, plain, plain_figures
from app.metrics.time_use.calculation import Verdict, ratio
from app.metrics.time_use.quality import Measurement, PhaseQuality
from app.metrics.time_use.service import Arms, TimeUseAnswer
from app.pilots.models import Arm
from app.time_use.plans.models import WEEKDAYS, Weekday
from app.time_use.plans.service import Phase
from app.time_use.samples.models import SampleMethod


class TimeUseFigures(BaseModel):
    """The figures of an arm in a window."""

    admin_share: MetricValue
    excluded_share: MetricValue
    admin_hours_per_worker_week: MetricValue
    direct_hours_per_worker_week: MetricValue


class TimeUseArm(BaseModel):
    """The figures of an arm before and after, and the change."""

    baseline: TimeUseFigures
    pilot: TimeUseFigures
    change: MetricValue


class TimeUseVariant(BaseModel):
    """The share of admin work of arm `pilot` after another definition of admin."""

    baseline: MetricValue
    pilot: MetricValue
    change: MetricValue


class TimeUseVariants(BaseModel):
    """Narrower and wider definitions of admin; where they disagree, figures are flagged."""

    strict: TimeUseVariant = Field(description="Recording alone.")
    broad: TimeUseVariant = Field(description="With indirect work.")


class TimeUseWeek(TimeUseFigures):
    """The figures of arm `pilot` in an ISO week of the baseline or the window."""

    starts_on: date = Field(description="The Monday.")
    phase: Phase = Field(description="A week that both windows touch stands there twice.")


class TimeUseGroup(TimeUseArm):
    """The figures of the people of one group of arm `pilot`."""

    group: str


class Ratios(BaseModel):
    """The ratio before and after; null where there is no share."""

    baseline: str | None = Field(examples=["70:30"])
    pilot: str | None = Field(examples=["30:70"])


class RatioIntervals(BaseModel):
    """The interval of the ratio before and after, in the same form."""

    baseline: list[str] | None = Field(min_length=2, max_length=2, examples=[["64:36", "75:25"]])
    pilot: list[str] | None = Field(min_length=2, max_length=2)


class TimeUseQuality(BaseModel):
    """The samples of arm `pilot` behind the figures of a window; null where withheld."""

    people_sampled: int | None
    members: int | None
    person_days_sampled: int | None
    person_days_expected: int | None = Field(description="Null without a sampling plan.")
    weekdays_covered: list[Weekday] | None
    sources: list[str]
    methods: list[SampleMethod]
    measurement: Measurement | None = Field(
        description="Diaries and random moments are reported by staff themselves."
    )
    unmapped_share: float | None
    suppressed: bool


class TimeUseQualities(BaseModel):
    """By window; null: the pilot has no baseline."""

    baseline: TimeUseQuality | None
    pilot: TimeUseQuality


class TimeUseOut(TimeUseArm):
    """The ratio of admin to direct work: before, after, against people without the tool."""

    pilot_id: UUID
    window: WindowOut
    baseline_window: WindowOut | None
    as_of: date
    taxonomy: str = Field(description="The version that says what codes mean.")
    comparison: TimeUseArm | None = Field(description="Null: nobody of that arm has samples.")
    effect: MetricValue | None
    variants: TimeUseVariants
    ratio: Ratios
    ratio_interval: RatioIntervals
    verdict: Verdict
    weekly: list[TimeUseWeek]
    groups: list[TimeUseGroup]
    quality: TimeUseQualities


def time_use_out(pilot_id: UUID, answer: TimeUseAnswer) -> bytes:
    """An answer as it is sent: a `TimeUseOut` in JSON. With its weeks it holds a hundred figures."""
    own = answer.arms[Arm.PILOT]
    comparison = answer.arms.get(Arm.COMPARISON)
    before = answer.baseline_window
    return msgspec.json.encode(
        {
            **arm_out(own),
            "pilot_id": pilot_id,
            "window": _window(answer.window.starts_on, answer.window.ends_on),
            "baseline_window": _window(before.starts_on, before.ends_on) if before else None,
            "as_of": answer.as_of,
            "taxonomy": answer.taxonomy,
            "comparison": arm_out(comparison) if comparison else None,
            "effect": plain(answer.effect) if answer.effect else None,
            "variants": {name: _variant(arms) for name, arms in answer.variants.items()},
            **ratios_out(answer),
            "verdict": answer.verdict,
            "weekly": [
                {"starts_on": week.starts_on, "phase": week.phase, **plain_figures(week.figures)}
                for week in answer.weekly
            ],
            "groups": [{"group": name, **arm_out(arms)} for name, arms in answer.groups.items()],
            "quality": {
                "baseline": None,
                **{phase: _quality(found) for phase, found in answer.quality.items()},
            },
        }
    )


def _phases(arms: Arms) -> list[tuple[str, dict[str, Figure]]]:
    return [("baseline", arms.baseline), ("pilot", arms.pilot)]


def _share(figures: dict[str, Figure]) -> Figure:
    return figures["admin_share"]


def _window(starts_on: date, ends_on: date) -> dict[str, date]:
    return {"starts_on": starts_on, "ends_on": ends_on}


def ratios_out(answer: TimeUseAnswer) -> dict[str, Any]:
    """The ratio of arm `pilot` before and after, with its interval in the same form."""
    shares = {phase: _share(figures) for phase, figures in _phases(answer.arms[Arm.PILOT])}
    return {
        "ratio": {
            phase: ratio(figure.value) if figure.value is not None else None
            for phase, figure in shares.items()
        },
        "ratio_interval": {phase: _ends(figure) for phase, figure in shares.items()},
    }


def arm_out(arms: Arms) -> dict[str, Any]:
    """The figures of an arm as they are sent."""
    return {
        **{phase: plain_figures(figures) for phase, figures in _phases(arms)},
        "change": plain(arms.change),
    }


def _variant(arms: Arms) -> dict[str, Any]:
    shares = {phase: plain(next(iter(figures.values()))) for phase, figures in _phases(arms)}
    return {**shares, "change": plain(arms.change)}


def _ends(figure: Figure) -> list[str] | None:
    interval = figure.interval
    if interval is None or interval.high is None:
        return None
    return [ratio(interval.low), ratio(interval.high)]


def _quality(found: PhaseQuality) -> dict[str, Any]:
    days = found.weekdays_covered
    return {
        "people_sampled": found.people_sampled,
        "members": found.members,
        "person_days_sampled": found.person_days_sampled,
        "person_days_expected": found.person_days_expected,
        "weekdays_covered": [WEEKDAYS[n] for n in days] if days is not None else None,
        "sources": found.sources,
        "methods": found.methods,
        "measurement": found.measurement,
        "unmapped_share": found.unmapped_share,
        "suppressed": found.suppressed,
    }
