"""Sessions at which staff were asked what they think."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKeyConstraint, Index
from sqlmodel import Field

from app.core.models import IdentifiedRow, Revised, text_enum


class SessionKind(StrEnum):
    """Who held it, and how."""

    VENDOR = "vendor"
    INTERNAL = "internal"
    DROP_IN = "drop_in"
    SURVEY = "survey"


class FeedbackSession(Revised, IdentifiedRow, table=True):
    """A session of a pilot; who came is a number, not a list of names."""

    __tablename__ = "feedback_session"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
        CheckConstraint("attended >= 0", name="attended"),
        CheckConstraint("invited >= 0", name="invited"),
        Index("ix_feedback_session_pilot", "organisation_id", "pilot_id"),
    )

    pilot_id: UUID
    held_on: date
    kind: SessionKind = Field(sa_type=text_enum(SessionKind))
    title: str = Field(max_length=200)
    facilitator: str | None = Field(default=None, max_length=200)
    invited: int | None = None
    attended: int | None = None
    notes: str | None = None
    themes: list[str] = Field(default_factory=list, sa_type=JSON)
