"""What must not go, and since when."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from app.core import clock
from app.core.models import IdentifiedRow, UtcDateTime, text_enum


class HoldOn(StrEnum):
    """What a hold is on."""

    PERSON = "person"
    PILOT = "pilot"
    ORGANISATION = "organisation"


_IN_FORCE = text("released_at IS NULL")


class LegalHold(IdentifiedRow, table=True):
    """Neither an erasure nor the end of a retention period takes what a hold is on, until it is released."""

    __tablename__ = "legal_hold"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "person_id"], ["person.organisation_id", "person.id"]
        ),
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
        CheckConstraint("pilot_id IS NULL OR hold_on = 'pilot'", name="pilot"),
        CheckConstraint("person_id IS NULL OR hold_on = 'person'", name="person"),
        Index(
            "ix_legal_hold_in_force",
            "organisation_id",
            postgresql_where=_IN_FORCE,
            sqlite_where=_IN_FORCE,
        ),
    )

    hold_on: HoldOn = Field(sa_type=text_enum(HoldOn))
    person_id: UUID | None = None
    pilot_id: UUID | None = None
    reason: str
    placed_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    placed_by: UUID
    released_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    released_by: UUID | None = None
