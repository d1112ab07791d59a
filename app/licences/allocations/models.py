"""The seat ledger: who holds a seat from when to when, and every event that made it so."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from app.core import clock
from app.core.models import IdentifiedRow, Revised, TenantRow, UtcDateTime, text_enum


class SeatSource(StrEnum):
    """What wrote to the ledger."""

    API = "api"
    BULK = "bulk"
    WAITING_LIST = "waiting_list"
    LEAVERS = "leavers"
    RECLAIM = "reclaim"


class SeatEventKind(StrEnum):
    """What happened to an allocation."""

    ALLOCATED = "allocated"
    RELEASED = "released"
    CORRECTED = "corrected"


_OPEN = text("released_on IS NULL")
_NOT_EMPTY = text("released_on IS NULL OR released_on > allocated_on")


class SeatAllocation(Revised, IdentifiedRow, table=True):
    """A person's seat over `[allocated_on, released_on)`; open where `released_on` is null.

    An allocation that was taken back altogether is empty (`released_on = allocated_on`): it counts on
    no day, and stays visible.
    """

    __tablename__ = "seat_allocation"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pool_id", "product"],
            ["licence_pool.organisation_id", "licence_pool.id", "licence_pool.product"],
        ),
        ForeignKeyConstraint(
            ["organisation_id", "person_id"], ["person.organisation_id", "person.id"]
        ),
        ForeignKeyConstraint(
            ["organisation_id", "batch_id"], ["import_batch.organisation_id", "import_batch.id"]
        ),
        CheckConstraint("released_on IS NULL OR released_on >= allocated_on", name="interval"),
        # Behind the lock that keeps a person's seats of a product apart (docs/decisions/0016).
        Index(
            "uq_seat_allocation_open",
            "organisation_id",
            "pool_id",
            "person_id",
            unique=True,
            postgresql_where=_OPEN,
            sqlite_where=_OPEN,
        ),
        Index(
            "uq_seat_allocation_start",
            "organisation_id",
            "product",
            "person_id",
            "allocated_on",
            unique=True,
            postgresql_where=_NOT_EMPTY,
            sqlite_where=_NOT_EMPTY,
        ),
        Index(
            "ix_seat_allocation_pool", "organisation_id", "pool_id", "allocated_on", "released_on"
        ),
        Index("ix_seat_allocation_person", "organisation_id", "person_id"),
        Index("ix_seat_allocation_batch", "organisation_id", "batch_id"),
    )

    pool_id: UUID
    product: str = Field(max_length=64)
    person_id: UUID
    allocated_on: date
    released_on: date | None = None
    reason: str | None = None
    release_reason: str | None = None
    source: SeatSource = Field(sa_type=text_enum(SeatSource))
    corrected_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    batch_id: UUID | None = None


class SeatEvent(TenantRow, table=True):
    """One entry of a pool's ledger, with the allocation's state after it; never changed."""

    __tablename__ = "seat_event"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pool_id"], ["licence_pool.organisation_id", "licence_pool.id"]
        ),
        ForeignKeyConstraint(
            ["organisation_id", "allocation_id"],
            ["seat_allocation.organisation_id", "seat_allocation.id"],
        ),
        Index("ix_seat_event_allocation", "organisation_id", "allocation_id"),
    )

    pool_id: UUID = Field(primary_key=True)
    sequence: int = Field(primary_key=True)
    allocation_id: UUID
    kind: SeatEventKind = Field(sa_type=text_enum(SeatEventKind))
    allocated_on: date
    released_on: date | None = None
    reason: str | None = None
    source: SeatSource = Field(sa_type=text_enum(SeatSource, "event_source"))
    recorded_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    principal_id: UUID
