"""Yearly returns; what was submitted is held as it was by triggers (see the migrations)."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from app.core.models import IdentifiedRow, Revised, UtcDateTime, text_enum


class ReturnStatus(StrEnum):
    """How far a version of a return has come."""

    DRAFT = "draft"
    CHECKED = "checked"
    SUBMITTED = "submitted"
    AMENDED = "amended"


class BenchmarkReturn(Revised, IdentifiedRow, table=True):
    """A version of the return for a financial year, which begins on 1 April of `year`.

    Attributes:
        version: from 1; the next one amends what was submitted, which then is `amended`.
        reason: why it was amended.
        answers: by the id of the question, as `Answer.stored` writes them.
    """

    __tablename__ = "benchmark_return"
    __table_args__ = (UniqueConstraint("organisation_id", "year", "version"),)

    year: int
    version: int
    status: ReturnStatus = Field(
        default=ReturnStatus.DRAFT, sa_type=text_enum(ReturnStatus, "benchmark_return_status")
    )
    reason: str | None = Field(default=None, max_length=4000)
    catalogue_version: int
    answers: dict[str, Any] = Field(sa_type=JSON)
    submitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
