"""On which days samples are expected of whom."""

from datetime import time
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKeyConstraint
from sqlmodel import Field

from app.core.models import Revised, TenantRow, text_enum
from app.time_use.samples.models import SampleMethod


class PlanArms(StrEnum):
    """Of which members samples are expected."""

    PILOT = "pilot"
    COMPARISON = "comparison"
    BOTH = "both"


class Weekday(StrEnum):
    """A day of the week, in the order of `date.weekday()`."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


WEEKDAYS = tuple(Weekday)


class SamplingPlan(Revised, TenantRow, table=True):
    """What a pilot expects; prompts and the hours that they lie in for random moments alone.

    One a pilot. A plan that is changed changes what was expected in the weeks gone by as well: coverage is
    counted by the plan as it stands. Who changed which of its fields, and when, is in the audit log.
    """

    __tablename__ = "sampling_plan"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
        CheckConstraint("person_days_per_week BETWEEN 1 AND 7", name="person_days_per_week"),
        CheckConstraint("prompts_per_day BETWEEN 1 AND 24", name="prompts_per_day"),
        CheckConstraint("until_time > from_time", name="hours"),
        CheckConstraint(
            "(method = 'random_moment') = (prompts_per_day IS NOT NULL)"
            " AND (prompts_per_day IS NULL) = (from_time IS NULL)"
            " AND (prompts_per_day IS NULL) = (until_time IS NULL)",
            name="prompts",
        ),
    )

    pilot_id: UUID = Field(primary_key=True)
    method: SampleMethod = Field(sa_type=text_enum(SampleMethod))
    arms: PlanArms = Field(sa_type=text_enum(PlanArms))
    days: list[str] = Field(sa_type=JSON)
    person_days_per_week: int
    prompts_per_day: int | None = None
    from_time: time | None = None
    until_time: time | None = None
