"""What is asked and answered about a plan."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.fields import Input, Number
from app.metrics.plan_check.calculation import (
    MAX_PEOPLE,
    MAX_SAMPLES_PER_WEEK,
    SENTENCES,
    Caution,
    Check,
    Missing,
)
from app.metrics.statistics.intervals import LEVEL
from app.metrics.statistics.planning import POWER

People = Annotated[int, Field(strict=True, ge=0, le=MAX_PEOPLE)]
Weeks = Annotated[Number, Field(ge=0, le=520)]

_FROM_PILOT = "Left out, as the pilot stands: "


class PlanCheckIn(Input):
    """What is planned; what is left out is taken from the pilot as it stands."""

    people_pilot: People | None = Field(
        default=None,
        description=_FROM_PILOT + "its members of whom samples are expected in both windows.",
    )
    people_comparison: People | None = Field(
        default=None, description=_FROM_PILOT + "likewise, of arm `comparison`; 0 for none."
    )
    samples_per_week: Annotated[Number, Field(ge=0.1, le=MAX_SAMPLES_PER_WEEK)] | None = Field(
        default=None,
        description="A person a week. "
        + _FROM_PILOT
        + "person-days of its sampling plan, each with its prompts; a diary day counts as one.",
    )
    baseline_weeks: Weeks | None = Field(
        default=None, description=_FROM_PILOT + "its baseline; 0 for none."
    )
    pilot_weeks: Annotated[Number, Field(ge=0.1, le=520)] | None = Field(
        default=None, description=_FROM_PILOT + "its window."
    )
    expected_share: Annotated[Number, Field(ge=0.01, le=0.99)] = Field(
        default=0.7, description="Of admin before the pilot."
    )
    correlation: Annotated[Number, Field(ge=0, le=1)] = Field(
        default=0.1, description="Of two samples of one person."
    )
    wanted_change: Annotated[Number, Field(ge=0.001, le=1)] | None = Field(
        default=None,
        description="The smallest change of the share worth showing: 0.1 is 10 points.",
    )


class AssumptionsOut(BaseModel):
    """What the answer rests on."""

    people_pilot: int | None = Field(description="Null where withheld: of few people.")
    people_comparison: int | None
    samples_per_week: float
    baseline_weeks: float
    pilot_weeks: float
    expected_share: float
    correlation: float
    level: float = Field(description="Of the interval that must not span 0.")
    power: float = Field(description="How probable it is that it does not.")


class DesignEffectOut(BaseModel):
    """How many times the variance grows because samples come from few people."""

    baseline: float | None
    pilot: float


class MissingOut(BaseModel):
    """What more of one thing alone would show the wanted change; null: no number of it would."""

    more_people_per_arm: int | None
    more_samples_per_week: int | None = Field(
        description="A person; null also where people differ too much for samples to help."
    )


class WarningOut(BaseModel):
    """What stands in the way of an answer."""

    code: Caution
    sentence: str


class PlanCheckOut(BaseModel):
    """What a pilot could show. Changes are of a share: 0.16 is 16 points."""

    pilot_id: UUID
    assumptions: AssumptionsOut
    taken_from_pilot: list[str]
    design_effect: DesignEffectOut
    minimum_detectable_change: float | None = Field(
        description="Of the change on the same people; null where none could be shown."
    )
    minimum_detectable_effect: float | None = Field(
        description="Of that change less the one of the comparison group."
    )
    missing_for_change: MissingOut | None = Field(description="Null without a `wanted_change`.")
    missing_for_effect: MissingOut | None
    warnings: list[WarningOut]


def _missing(missing: Missing | None) -> MissingOut | None:
    if missing is None:
        return None
    return MissingOut(
        more_people_per_arm=missing.people_per_arm,
        more_samples_per_week=missing.samples_per_week,
    )


def check_out(pilot_id: UUID, found: Check, taken: list[str]) -> PlanCheckOut:
    """A check as it is sent."""
    plan = found.plan
    baseline, pilot = found.design_effects
    return PlanCheckOut(
        pilot_id=pilot_id,
        assumptions=AssumptionsOut(
            people_pilot=plan.people_pilot,
            people_comparison=plan.people_comparison,
            samples_per_week=plan.samples_per_week,
            baseline_weeks=plan.baseline_weeks,
            pilot_weeks=plan.pilot_weeks,
            expected_share=plan.expected_share,
            correlation=plan.correlation,
            level=LEVEL,
            power=POWER,
        ),
        taken_from_pilot=taken,
        design_effect=DesignEffectOut(baseline=baseline, pilot=pilot),
        minimum_detectable_change=found.change,
        minimum_detectable_effect=found.effect,
        missing_for_change=_missing(found.missing_for_change),
        missing_for_effect=_missing(found.missing_for_effect),
        warnings=[WarningOut(code=each, sentence=SENTENCES[each]) for each in found.warnings],
    )
