"""Connections to other systems, their runs, and what they have taken."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from app.core.models import CreatedAt, IdentifiedRow, Revised, TenantRow, UtcDateTime, text_enum


class Connection(Revised, IdentifiedRow, table=True):
    """Another system that rows are read from.

    `place` counts the pages that were ever written: a page is written only where it was asked for. Runs do not
    count as versions of the row; `revision` is an administrator's.
    """

    __tablename__ = "connection"
    __table_args__ = (
        UniqueConstraint("organisation_id", "name"),
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
        CheckConstraint("every_minutes >= 15 AND every_minutes <= 10080", name="every_minutes"),
    )

    name: str = Field(max_length=64)
    kind: str = Field(max_length=40)
    pilot_id: UUID | None = None
    settings: dict[str, Any] = Field(sa_type=JSON)
    secrets: str | None = None
    every_minutes: int | None = None
    is_enabled: bool = True
    cursor: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    place: int = 0
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failures: int = 0


class SyncStatus(StrEnum):
    """How far a run has come."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


_OPEN = text("status IN ('queued', 'running')")


class ConnectionRun(CreatedAt, IdentifiedRow, table=True):
    """A reading of a connection, with its counts and what went wrong.

    `seen_at` moves with every page: a run that has not moved for long was left behind. `licences` is what the
    other system told of its licences, where it does.
    """

    __tablename__ = "connection_run"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "connection_id"], ["connection.organisation_id", "connection.id"]
        ),
        Index("ix_connection_run_connection", "organisation_id", "connection_id", "id"),
        Index(
            "uq_connection_run_open",
            "organisation_id",
            "connection_id",
            unique=True,
            postgresql_where=_OPEN,
            sqlite_where=_OPEN,
        ),
    )

    connection_id: UUID
    requested_by: UUID | None = None
    is_full: bool = False
    status: SyncStatus = Field(default=SyncStatus.QUEUED, sa_type=text_enum(SyncStatus))
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    counts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    troubles: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    licences: list[dict[str, Any]] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    errors: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    error: str | None = Field(default=None, max_length=64)


class LicenceFlag(StrEnum):
    """What is wrong with the counts of a product, or differs."""

    PURCHASED_DIFFERS = "purchased_differs"
    ASSIGNED_DIFFERS = "assigned_differs"
    NEGATIVE_HEADROOM = "negative_headroom"
    NOT_IN_THE_LEDGER = "not_in_the_ledger"


class FileState(StrEnum):
    """What became of a file."""

    TAKEN = "taken"
    QUARANTINED = "quarantined"


class ConnectionFile(CreatedAt, TenantRow, table=True):
    """A file that was taken, or put aside because it cannot be; known by its SHA-256."""

    __tablename__ = "connection_file"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "connection_id"], ["connection.organisation_id", "connection.id"]
        ),
    )

    connection_id: UUID = Field(primary_key=True)
    digest: str = Field(primary_key=True, max_length=64)
    name: str = Field(max_length=255)
    size: int
    modified_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    state: FileState = Field(sa_type=text_enum(FileState))
    code: str | None = Field(default=None, max_length=64)
    detail: str | None = Field(default=None, max_length=500)


class ConnectionRecord(TenantRow, table=True):
    """What a record of the other system became here, where our key is not its own: an absence."""

    __tablename__ = "connection_record"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "connection_id"], ["connection.organisation_id", "connection.id"]
        ),
    )

    connection_id: UUID = Field(primary_key=True)
    reference: str = Field(primary_key=True, max_length=200)
    person_external_id: str = Field(max_length=100)
    starts_on: date
