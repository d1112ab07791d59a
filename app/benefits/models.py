"""Claims of a benefit: what, of which class, how sure, resting on what, and what it cost."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKeyConstraint, Index
from sqlmodel import Field

from app.core.models import IdentifiedRow, Money, Revised, UtcDateTime, text_enum
from app.core.periods import Window


class BenefitClass(StrEnum):
    """What kind of benefit it is. Classes are never added together."""

    CASH_REALISED = "cash_realised"
    CASH_COMMITTED = "cash_committed"
    COST_AVOIDED = "cost_avoided"
    CAPACITY_RELEASED = "capacity_released"
    QUALITY = "quality"
    CLAIMED_ONLY = "claimed_only"


CASH: Final = frozenset({BenefitClass.CASH_REALISED, BenefitClass.CASH_COMMITTED})


class Measure(StrEnum):
    """What its range counts, over the whole period."""

    MONEY = "money"
    HOURS = "hours"
    UNIT = "unit"


class BenefitClaim(Revised, IdentifiedRow, table=True):
    """A claim about `[starts_on, ends_on)`.

    Attributes:
        stated_tier: 0 to 4, as whoever wrote it states; verified by finance it is 5.
        assumptions: name, unit, effect, low, central and high of each, the numbers as decimal strings.
        hours: whose hours it rests on: department, team and category of each, null for any.
        pool_id: whose reclaimed seats it rests on.
        written_by: ids of the principals, and people, who wrote or changed it.
    """

    __tablename__ = "benefit_claim"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
        ForeignKeyConstraint(
            ["organisation_id", "pool_id"], ["licence_pool.organisation_id", "licence_pool.id"]
        ),
        ForeignKeyConstraint(
            ["organisation_id", "snapshot_id"], ["snapshot.organisation_id", "snapshot.id"]
        ),
        CheckConstraint("ends_on > starts_on", name="period"),
        CheckConstraint("stated_tier BETWEEN 0 AND 4", name="stated_tier"),
        CheckConstraint(
            "benefit_class NOT IN ('cash_realised', 'cash_committed') OR budget_line IS NOT NULL",
            name="budget_line",
        ),
        CheckConstraint(
            "benefit_class <> 'cash_realised' OR ledger_reference IS NOT NULL",
            name="ledger_reference",
        ),
        Index("ix_benefit_claim_pilot", "organisation_id", "pilot_id"),
        Index("ix_benefit_claim_period", "organisation_id", "ends_on"),
    )

    pilot_id: UUID
    title: str = Field(max_length=200)
    benefit_class: BenefitClass = Field(sa_type=text_enum(BenefitClass))
    stated_tier: int
    measure: Measure = Field(sa_type=text_enum(Measure))
    unit: str | None = Field(default=None, max_length=64)
    currency: str = Field(max_length=3)
    low: Decimal = Field(sa_type=Money)
    central: Decimal = Field(sa_type=Money)
    high: Decimal = Field(sa_type=Money)
    assumptions: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    licence_cost: Decimal = Field(default=Decimal(0), sa_type=Money)
    implementation_cost: Decimal = Field(default=Decimal(0), sa_type=Money)
    training_hours: Decimal = Field(default=Decimal(0), sa_type=Money)
    checking_hours: Decimal = Field(default=Decimal(0), sa_type=Money)
    starts_on: date
    ends_on: date
    budget_line: str | None = Field(default=None, max_length=64)
    ledger_reference: str | None = Field(default=None, max_length=64)
    hours: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    pool_id: UUID | None = None
    snapshot_id: UUID | None = None
    evidence: str | None = None
    is_withdrawn: bool = False
    created_by: UUID
    written_by: list[str] = Field(sa_type=JSON)
    verified_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    verified_by: UUID | None = None
    verification_reason: str | None = None

    @property
    def period(self) -> Window:
        """The days that it is about."""
        return Window(self.starts_on, self.ends_on)

    @property
    def evidence_tier(self) -> int:
        """As stated; 5 where finance has verified it, and never otherwise."""
        return self.stated_tier if self.verified_at is None else VERIFIED


VERIFIED: Final = 5
