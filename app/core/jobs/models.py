"""Runs of jobs: one row a job, organisation and slot."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from app.core.models import IdentifiedRow, UtcDateTime, text_enum


class RunStatus(StrEnum):
    """How a run ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"


class JobRun(IdentifiedRow, table=True):
    """A run that has ended; one that is under way is a transaction not yet committed."""

    __tablename__ = "job_run"
    __table_args__ = (UniqueConstraint("organisation_id", "job", "slot"),)

    job: str = Field(max_length=64)
    slot: datetime = Field(sa_type=UtcDateTime)
    status: RunStatus = Field(sa_type=text_enum(RunStatus))
    started_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime = Field(sa_type=UtcDateTime)
    counts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    error: str | None = Field(default=None, max_length=200)
