"""Weeks about which nobody answered."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint
from sqlmodel import Field

from app.core.models import TenantRow, UtcDateTime


class MissingFeedbackWeek(TenantRow, table=True):
    """A week of a running pilot that was over, and had no answer when it was last looked.

    It stays as it was first found, so that whoever tells people about it does so once.
    """

    __tablename__ = "missing_feedback_week"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
    )

    pilot_id: UUID = Field(primary_key=True)
    week_starts_on: date = Field(primary_key=True)
    found_at: datetime = Field(sa_type=UtcDateTime)
