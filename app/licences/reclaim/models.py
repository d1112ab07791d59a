"""What was decided about seats that nobody uses."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlmodel import Field

from app.core import clock
from app.core.models import IdentifiedRow, TenantRow, UtcDateTime, text_enum


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


class ReclaimCount(TenantRow, table=True):
    """How many seats of a pool might have gone to somebody else on a day, by tier.

    Where the activity data are stale nobody is asked, and the counts are zero.
    """

    __tablename__ = "reclaim_count"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pool_id"], ["licence_pool.organisation_id", "licence_pool.id"]
        ),
    )

    pool_id: UUID = Field(primary_key=True)
    as_of: date = Field(primary_key=True)
    warn: int = 0
    propose: int = 0
    certain: int = 0
    is_stale: bool = False

    @property
    def by_tier(self) -> dict[str, int]:
        return {tier.value: getattr(self, tier.value) for tier in Tier}
