"""What is sent and received about returns."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from app.benchmarking.returns.answers import Origin, kept
from app.benchmarking.returns.models import BenchmarkReturn, ReturnStatus
from app.core.fields import Change, Input, Number, Output, Prose, Remark, Slug

MAX_ANSWERS = 100

Year = Annotated[int, Field(ge=2000, le=2100, strict=True)]
Amount = Annotated[Number, Field(ge=-1e12, le=1e12)]


class ReturnIn(Input):
    """A return to begin; where the year's was submitted already, an amendment of it."""

    year: Year = Field(description="The financial year, by the calendar year in which it begins.")
    reason: Prose | None = Field(
        default=None, description="Why it is amended; needed for an amendment."
    )


class AnswerIn(Input):
    """An answer that is entered by hand."""

    value: Amount
    low: Amount | None = Field(default=None, description="Lower end of its interval.")
    high: Amount | None = Field(default=None, description="Upper end of its interval.")
    note: Remark | None = Field(
        default=None, description="Name nobody: what was submitted is never changed."
    )


class AnswersIn(Change):
    """Answers to change, by question; null takes one away, what is left out stays."""

    answers: dict[Slug, AnswerIn | None] = Field(
        max_length=MAX_ANSWERS, json_schema_extra={"additionalProperties": False}
    )


class Step(StrEnum):
    """Where a version can be taken."""

    CHECKED = "checked"
    SUBMITTED = "submitted"


class StepIn(Input):
    """How far a version is to be taken."""

    to: Step


class ProvenanceOut(Output):
    """Which figures an answer was taken from."""

    source: str = Field(description="The route that answers them.")
    figures: dict[str, int] = Field(
        description="Their slugs, and the versions of their definitions."
    )
    starts_on: str
    ends_on: str
    as_of: str
    people: int | None
    evidence_tier: int | None
    about: list[str] = Field(
        description="The ids of the pilots, licence pools, policies or audit plans."
    )
    snapshot_id: str | None = Field(description="Published figures of the same day.")


class AnswerOut(Output):
    """An answer and where it is from."""

    value: float
    low: float | None
    high: float | None
    note: str | None
    origin: Origin
    provenance: ProvenanceOut | None


class ReturnHead(BaseModel):
    """A version of a return without its answers."""

    return_id: UUID
    year: int
    version: int
    status: ReturnStatus
    reason: str | None
    catalogue_version: int
    answered: int
    updated_at: datetime
    submitted_at: datetime | None


class ReturnOut(ReturnHead):
    """A version of a return."""

    answers: dict[str, AnswerOut]


def head_out(row: BenchmarkReturn) -> ReturnHead:
    """A version as it is listed."""
    return ReturnHead.model_validate(_head(row))


def return_out(row: BenchmarkReturn) -> ReturnOut:
    """A version as it is sent."""
    answers = {name: AnswerOut.model_validate(each) for name, each in kept(row.answers).items()}
    return ReturnOut.model_validate({**_head(row), "answers": answers})


def _head(row: BenchmarkReturn) -> dict[str, Any]:
    return {
        "return_id": row.id,
        "year": row.year,
        "version": row.version,
        "status": row.status,
        "reason": row.reason,
        "catalogue_version": row.catalogue_version,
        "answered": len(row.answers),
        "updated_at": row.updated_at,
        "submitted_at": row.submitted_at,
    }
