"""Who waits for a seat, and what became of the wait."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from app.core.models import IdentifiedRow, Revised, text_enum


class WaitingStatus(StrEnum):
    """Where a request for a seat stands."""

    WAITING = "waiting"
    SERVED = "served"
    WITHDRAWN = "withdrawn"
    LEFT = "left"


_WAITING = text("ended_on IS NULL")


class WaitingEntry(Revised, IdentifiedRow, table=True):
    """A person's request for a seat of a pool; over on `ended_on`, served by `allocation_id`.

    Served in the order of priority (1 before 2), then of the day of the request, then of its recording.
    """

    __tablename__ = "waiting_entry"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pool_id", "product"],
            ["licence_pool.organisation_id", "licence_pool.id", "licence_pool.product"],
        ),
        ForeignKeyConstraint(
            ["organisation_id", "person_id"], ["person.organisation_id", "person.id"]
        ),
        ForeignKeyConstraint(
            ["organisation_id", "allocation_id"],
            ["seat_allocation.organisation_id", "seat_allocation.id"],
        ),
        CheckConstraint("(status = 'waiting') = (ended_on IS NULL)", name="ended"),
        Index(
            "uq_waiting_entry_waiting",
            "organisation_id",
            "pool_id",
            "person_id",
            unique=True,
            postgresql_where=_WAITING,
            sqlite_where=_WAITING,
        ),
        Index("ix_waiting_entry_person", "organisation_id", "product", "person_id"),
        Index("ix_waiting_entry_allocation", "organisation_id", "allocation_id"),
    )

    pool_id: UUID
    product: str = Field(max_length=64)
    person_id: UUID
    priority: int
    requested_on: date
    position: int
    status: WaitingStatus = Field(default=WaitingStatus.WAITING, sa_type=text_enum(WaitingStatus))
    ended_on: date | None = None
    allocation_id: UUID | None = None
