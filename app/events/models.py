"""The outbox: what happened, and how far it has been numbered."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from app.core import clock
from app.core.models import IdentifiedRow, TenantRow, UtcDateTime

_UNNUMBERED = text("number IS NULL")


class Event(IdentifiedRow, table=True):
    """Something that happened, written by the transaction that made it so; never changed but for its number.

    `number` counts an organisation's events from 1 without a gap, in an order in which each was committed
    before the next could be seen.
    """

    __tablename__ = "event"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
        Index("uq_event_number", "organisation_id", "number", unique=True),
        Index(
            "ix_event_unnumbered",
            "organisation_id",
            "id",
            postgresql_where=_UNNUMBERED,
            sqlite_where=_UNNUMBERED,
        ),
        Index("ix_event_occurred_at", "organisation_id", "occurred_at"),
    )

    type: str = Field(max_length=64)
    subject: str = Field(max_length=120)
    pilot_id: UUID | None = None
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    occurred_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    number: int | None = Field(default=None, sa_type=BigInteger)


class EventCounter(TenantRow, table=True):
    """The last number given to an event of an organisation, and the last that is forgotten.

    Whoever numbers events holds this row.
    """

    __tablename__ = "event_counter"

    last_number: int = Field(default=0, sa_type=BigInteger)
    last_forgotten: int = Field(default=0, sa_type=BigInteger)
