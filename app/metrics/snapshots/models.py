"""Published figures; held as they were made by triggers (see the migrations)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKeyConstraint, Index, LargeBinary
from sqlmodel import Field

from app.core import clock
from app.core.models import IdentifiedRow, TenantRow, UtcDateTime, text_enum


class SnapshotReason(StrEnum):
    """Why figures were published."""

    WEEKLY = "weekly"
    WINDOW_END = "window_end"
    ON_DEMAND = "on_demand"


class Snapshot(IdentifiedRow, table=True):
    """The figures of a pilot over its window `[starts_on, ends_on)` up to the end of `as_of`.

    Attributes:
        follows_id: the one before it: that of the same day if there is one, else of an earlier day.
        fingerprint: the digest of `inputs`, in hexadecimal digits.
        definitions: each figure's definition, as `GET /metrics` showed it.
        inputs: by kind and day ("" for what has none) how many rows there were, and their digest.
        changes: what is not as it was in the one before it: definitions, and rows by kind and day.
        figures: what the pages of the figures answered to anybody who may see no names.
    """

    __tablename__ = "snapshot"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
        ForeignKeyConstraint(
            ["organisation_id", "follows_id"], ["snapshot.organisation_id", "snapshot.id"]
        ),
        Index("ix_snapshot_pilot", "organisation_id", "pilot_id", "as_of"),
    )

    pilot_id: UUID
    reason: SnapshotReason = Field(sa_type=text_enum(SnapshotReason))
    starts_on: date
    ends_on: date
    as_of: date
    made_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    follows_id: UUID | None = None
    fingerprint: str = Field(max_length=64)
    definitions: list[dict[str, Any]] = Field(sa_type=JSON)
    inputs: dict[str, dict[str, list[Any]]] = Field(sa_type=JSON)
    changes: dict[str, Any] = Field(sa_type=JSON)
    figures: dict[str, Any] = Field(sa_type=JSON)


class SnapshotInput(TenantRow, table=True):
    """The rows of one kind and day that snapshots were made from, each as a digest of its own.

    Kept once, however many snapshots have the day as it was: it is found by the digest of the whole.
    """

    __tablename__ = "snapshot_input"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
    )

    pilot_id: UUID = Field(primary_key=True)
    digest: str = Field(primary_key=True, max_length=64)
    rows: bytes = Field(sa_type=LargeBinary)
