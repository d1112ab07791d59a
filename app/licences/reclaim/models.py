"""What was decided about seats that nobody uses."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlmodel import Field

from app.core import clock
from app.core.models import IdentifiedRow, UtcDateTime, text_enum


class Decision(StrEnum):
    """What is done about a candidate."""

    KEEP = "keep"
    WARN = "warn"
    RECLAIM = "reclaim"


class Tier(StrEnum):
    """How clear it is that a seat is not used: idle for 30, 60 or 90 days."""

    WARN = "warn"
    PROPOSE = "propose"
    CERTAIN = "certain"


class ReclaimDecision(IdentifiedRow, table=True):
    """A decision about one seat, on what was known on `as_of`."""

    __tablename__ = "reclaim_decision"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pool_id"], ["licence_pool.organisation_id", "licence_pool.id"]
        ),
        ForeignKeyConstraint(
            ["organisation_id", "allocation_id"],
            ["seat_allocation.organisation_id", "seat_allocation.id"],
        ),
        CheckConstraint("(keep_until IS NULL) OR (decision = 'keep')", name="keep_until"),
        Index("ix_reclaim_decision_pool", "organisation_id", "pool_id"),
        Index("ix_reclaim_decision_allocation", "organisation_id", "allocation_id"),
    )

    pool_id: UUID
    allocation_id: UUID
    decision: Decision = Field(sa_type=text_enum(Decision))
    reason: str
    tier: Tier = Field(sa_type=text_enum(Tier))
    days_idle: int
    as_of: date
    keep_until: date | None = None
    decided_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    principal_id: UUID
