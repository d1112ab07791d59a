"""How adoption is sent."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from app.metrics.adoption.service import Access, AdoptionAnswer
from app.metrics.schemas import MetricValue, UsageSegments, WindowOut, figure_out
from app.metrics.suppression import Figures


class AdoptionFigures(BaseModel):
    """The figures over a window; the weekly ones of its last whole ISO week."""

    adoption_rate: MetricValue
    weekly_active_rate: MetricValue
    first_28_days_adoption: MetricValue
    last_28_days_adoption: MetricValue
    activation_rate: MetricValue
    median_days_to_first_use: MetricValue
    retention_rate: MetricValue
    returning_share: MetricValue
    active_days_per_active_user_week: MetricValue
    usage_segments: UsageSegments
    usage_segments_4_weeks: UsageSegments


class AdoptionWeek(BaseModel):
    """The figures of one ISO week; segments look back from its end, within the window."""

    starts_on: date = Field(description="The Monday.")
    weekly_active_rate: MetricValue
    retention_rate: MetricValue
    returning_share: MetricValue
    active_days_per_active_user_week: MetricValue
    usage_segments: UsageSegments
    usage_segments_4_weeks: UsageSegments


class AdoptionGroup(BaseModel):
    """The figures of the people of one group."""

    group: str
    figures: AdoptionFigures


class AdoptionQuality(BaseModel):
    """What is to be known of the data behind the figures; null where it is withheld."""

    rows_without_access: int | None = Field(
        description="Activity rows of members while they had no access; never in a numerator."
    )
    contradictory_records: int | None = Field(
        description="Days or weeks whose total is smaller than a part of it; the total is used."
    )
    latest_activity_on: date | None
    periods: list[str] = Field(description="`day`, `week` or both: the grain of the data.")
    products: list[str]


class AdoptionOut(BaseModel):
    """Adoption of a pilot: whole, week by week, by group, and the quality of the data."""

    pilot_id: UUID
    window: WindowOut
    as_of: date
    access: Access = Field(
        description="What access is: holding a seat of the pilot's pools, or being in arm `pilot`."
    )
    figures: AdoptionFigures
    weekly: list[AdoptionWeek]
    groups: list[AdoptionGroup]
    quality: AdoptionQuality


def adoption_out(pilot_id: UUID, answer: AdoptionAnswer) -> AdoptionOut:
    """An answer as it is sent."""
    report = answer.report
    return AdoptionOut(
        pilot_id=pilot_id,
        window=WindowOut(starts_on=answer.window.starts_on, ends_on=answer.window.ends_on),
        as_of=answer.as_of,
        access=answer.access,
        figures=AdoptionFigures(**_out(report.figures)),
        weekly=[
            AdoptionWeek(starts_on=monday, **_out(figures))
            for monday, figures in zip(answer.mondays, report.weekly, strict=True)
        ],
        groups=[
            AdoptionGroup(group=group, figures=AdoptionFigures(**_out(figures)))
            for group, figures in report.groups.items()
        ],
        quality=AdoptionQuality(
            rows_without_access=answer.quality.rows_without_access,
            contradictory_records=answer.quality.contradictory_records,
            latest_activity_on=answer.quality.latest_activity_on,
            periods=answer.quality.periods,
            products=answer.quality.products,
        ),
    )


def _out(figures: Figures) -> dict[str, MetricValue | UsageSegments]:
    return {slug: figure_out(figure) for slug, figure in figures.items()}
