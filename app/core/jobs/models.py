"""Runs of jobs, and how each job stands with each organisation."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index, text
from sqlmodel import Field

from app.core.models import IdentifiedRow, TenantRow, UtcDateTime, text_enum


class RunStatus(StrEnum):
    """How far a run has come."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


_ON_SCHEDULE = text("requested_by IS NULL")
_OPEN = text("status IN ('queued', 'running')")


class JobRun(IdentifiedRow, table=True):
    """A run of a slot: by the schedule, once; or again, because somebody asked for it.

    `done` of its `parts` are committed. Whoever does a part holds the row's lock until that is.
    """

    __tablename__ = "job_run"
    __table_args__ = (
        Index(
            "uq_job_run_slot",
            "organisation_id",
            "job",
            "slot",
            unique=True,
            postgresql_where=_ON_SCHEDULE,
            sqlite_where=_ON_SCHEDULE,
        ),
        Index("ix_job_run_open", "organisation_id", postgresql_where=_OPEN, sqlite_where=_OPEN),
    )

    job: str = Field(max_length=64)
    slot: datetime = Field(sa_type=UtcDateTime)
    requested_by: UUID | None = None
    status: RunStatus = Field(default=RunStatus.QUEUED, sa_type=text_enum(RunStatus))
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    parts: list[str] = Field(default_factory=list, sa_type=JSON)
    done: int = Field(default=0)
    counts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    failures: int = Field(default=0)
    error: str | None = Field(default=None, max_length=200)

    @property
    def progress(self) -> float:
        """From 0 to 1: the share of its parts that are done."""
        if self.status is RunStatus.SUCCEEDED:
            return 1.0
        return self.done / len(self.parts) if self.parts else 0.0


class JobState(TenantRow, table=True):
    """How a job stands with an organisation, whatever has become of its older runs.

    `totals` are the counts of all the runs that succeeded, added up.
    """

    __tablename__ = "job_state"

    job: str = Field(primary_key=True, max_length=64)
    last_run_id: UUID
    succeeded_slot: datetime | None = Field(default=None, sa_type=UtcDateTime)
    succeeded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    seconds: float | None = None
    failures: int = Field(default=0)
    totals: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
