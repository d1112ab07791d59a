"""Decisions about pilots; held as they were made by triggers (see the migrations)."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKeyConstraint, UniqueConstraint
from sqlmodel import Field

from app.core import clock
from app.core.models import IdentifiedRow, UtcDateTime, text_enum


class DecisionOutcome(StrEnum):
    """What is to become of what was tried."""

    SCALE = "scale"
    EXTEND = "extend"
    REDUCE = "reduce"
    STOP = "stop"


class PilotDecision(IdentifiedRow, table=True):
    """A decision, the `number`-th of its pilot; a later one names the one that it takes the place of.

    Attributes:
        content: everything that was decided, and what it was decided by, as it is sent.
        seal: the digest of the content in canonical JSON, which its audit event holds as well.
    """

    __tablename__ = "pilot_decision"
    __table_args__ = (
        UniqueConstraint("organisation_id", "pilot_id", "number"),
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
        ForeignKeyConstraint(
            ["organisation_id", "supersedes_id"],
            ["pilot_decision.organisation_id", "pilot_decision.id"],
        ),
        ForeignKeyConstraint(
            ["organisation_id", "snapshot_id"], ["snapshot.organisation_id", "snapshot.id"]
        ),
    )

    pilot_id: UUID
    number: int
    outcome: DecisionOutcome = Field(sa_type=text_enum(DecisionOutcome))
    supersedes_id: UUID | None = None
    snapshot_id: UUID | None = None
    made_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    content: dict[str, Any] = Field(sa_type=JSON)
    seal: str = Field(max_length=64)
