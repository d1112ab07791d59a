"""What is sent and received about retention."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from app.core.fields import Input, Output
from app.privacy.retention.periods import Kept

Days = Annotated[
    int | None,
    Field(strict=True, ge=30, le=36_500, description="Days; null keeps it for good."),
]


class RetentionIn(Input):
    """The periods of every kind of data. From then on what is due is deleted every night."""

    time_samples: Days
    feedback: Days
    licence_activity: Days
    waiting_lists: Days
    absences: Days
    directory: Days
    connection_runs: Days
    people: Days


class PeriodOut(Output):
    """How long a kind of data is kept."""

    kept: Kept
    days: int | None
    default_days: int
    counted_from: str


class RetentionOut(Output):
    """An organisation's schedule; while it is not in force the periods are proposed, and nothing is deleted."""

    is_in_force: bool
    revision: int = Field(description="0 while nobody has agreed to a schedule.")
    updated_at: datetime | None
    periods: list[PeriodOut]


class DueOut(Output):
    """What is due of one table."""

    kept: Kept
    table: str
    ended_before: date | None = Field(description="Null where it is kept for good.")
    due: int
    held: int = Field(description="Rows that would be due, and are under a legal hold.")


class RetentionPreviewOut(Output):
    """What the next run of `apply_retention` would delete; counted, and not done."""

    as_of: date
    is_in_force: bool
    items: list[DueOut]
