"""Licence pools: what was bought, of which product, for how long, and how that changed."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field

from app.core import clock
from app.core.models import IdentifiedRow, Money, Revised, TenantRow, UtcDateTime, text_enum


class Overallocation(StrEnum):
    """What happens where more seats would be given than there are."""

    BLOCK = "block"
    WARN = "warn"


class LicencePool(Revised, IdentifiedRow, table=True):
    """Seats of one product over the term `[term_starts_on, term_ends_on)`.

    `seat_price` is the price of one seat for the whole term. `ledger_length` counts the events of its
    ledger; whoever holds the pool's row writes the next.
    """

    __tablename__ = "licence_pool"
    __table_args__ = (
        UniqueConstraint("organisation_id", "name"),
        # What allocations point at, so that their product is always their pool's.
        UniqueConstraint("organisation_id", "id", "product"),
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
        CheckConstraint("term_ends_on > term_starts_on", name="term"),
        CheckConstraint("ledger_length >= 0", name="ledger_length"),
        Index("ix_licence_pool_product", "organisation_id", "product"),
        Index("ix_licence_pool_pilot", "organisation_id", "pilot_id"),
    )

    name: str = Field(max_length=200)
    product: str = Field(max_length=64)
    pilot_id: UUID | None = None
    overallocation: Overallocation = Field(
        default=Overallocation.BLOCK, sa_type=text_enum(Overallocation)
    )
    hands_on_released_seats: bool = True
    currency: str = Field(max_length=3)
    seat_price: Decimal | None = Field(default=None, sa_type=Money)
    term_starts_on: date
    term_ends_on: date
    ledger_length: int = 0


class CapacityChange(TenantRow, table=True):
    """From `effective_on` there are `seats` seats; of two for one day the later recorded holds."""

    __tablename__ = "capacity_change"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pool_id"], ["licence_pool.organisation_id", "licence_pool.id"]
        ),
        UniqueConstraint("organisation_id", "id"),
        CheckConstraint("seats >= 0", name="seats"),
    )

    pool_id: UUID = Field(primary_key=True)
    sequence: int = Field(primary_key=True)
    id: UUID
    effective_on: date
    seats: int
    reason: str | None = None
    recorded_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    principal_id: UUID
