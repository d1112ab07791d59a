"""Audit plans, the list of outputs, what was drawn from it, and how it was marked. No content of any."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
)
from sqlmodel import Field

from app.core.models import CreatedAt, IdentifiedRow, UtcDateTime, text_enum


class OutputKind(StrEnum):
    """What is audited."""

    CASE_NOTES = "case_notes"
    CHRONOLOGIES = "chronologies"
    FORMS = "forms"
    MINUTES = "minutes"
    OTHER = "other"


class FindingType(StrEnum):
    """What is wrong with an output."""

    FABRICATION = "fabrication"
    OMISSION = "omission"
    MISATTRIBUTION = "misattribution"
    NEGATION_FLIP = "negation_flip"
    WRONG_TIME_OR_ORDER = "wrong_time_or_order"
    OVER_INFERENCE = "over_inference"
    DISTORTED_VOICE = "distorted_voice"
    WRONG_PERSON = "wrong_person"
    BIASED_OR_UNSUITABLE_TONE = "biased_or_unsuitable_tone"
    FORMAT = "format"


class Severity(StrEnum):
    """How bad it is; critical: it could change a safeguarding or legal decision, or is a breach."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    COSMETIC = "cosmetic"


class Reached(StrEnum):
    """How far the error came."""

    CORRECTED = "corrected_before_filing"
    RECORD = "reached_the_record"


class MarkingRole(StrEnum):
    """Which marking of an output it is."""

    FIRST = "first"
    SECOND = "second"
    ADJUDICATION = "adjudication"


class OutputAuditPlan(CreatedAt, IdentifiedRow, table=True):
    """What is audited over `[starts_on, ends_on)`, and what is to be shown of it; set once.

    `draws` counts the draws; whoever holds the row makes the next, or adds to the list.
    """

    __tablename__ = "output_audit_plan"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
        CheckConstraint("ends_on > starts_on", name="period"),
        CheckConstraint("error_warning <= error_limit", name="levels"),
        Index("ix_output_audit_plan_pilot", "organisation_id", "pilot_id"),
    )

    pilot_id: UUID
    name: str = Field(max_length=200)
    kind: OutputKind = Field(sa_type=text_enum(OutputKind))
    starts_on: date
    ends_on: date
    strata: list[str] = Field(default_factory=list, sa_type=JSON)
    error_limit: float
    error_warning: float
    critical_below: float
    second_share: float
    draws: int = 0
    limit_passed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    principal_id: UUID


class ListedOutput(IdentifiedRow, table=True):
    """An output that could be drawn; `draws_before` tells how many draws its plan had when it was listed."""

    __tablename__ = "listed_output"
    __table_args__ = (
        UniqueConstraint("organisation_id", "plan_id", "output_ref"),
        ForeignKeyConstraint(
            ["organisation_id", "plan_id"],
            ["output_audit_plan.organisation_id", "output_audit_plan.id"],
        ),
        ForeignKeyConstraint(
            ["organisation_id", "batch_id"], ["import_batch.organisation_id", "import_batch.id"]
        ),
    )

    plan_id: UUID
    output_ref: str = Field(max_length=100)
    produced_on: date
    tool_version: str | None = Field(default=None, max_length=64)
    output_type: str | None = Field(default=None, max_length=64)
    team: str | None = Field(default=None, max_length=64)
    draws_before: int
    batch_id: UUID
    revision: int = 1


class OutputDraw(CreatedAt, IdentifiedRow, table=True):
    """A draw from what the list held of `[starts_on, ends_on)` and no earlier draw had taken."""

    __tablename__ = "output_draw"
    __table_args__ = (
        UniqueConstraint("organisation_id", "plan_id", "number"),
        ForeignKeyConstraint(
            ["organisation_id", "plan_id"],
            ["output_audit_plan.organisation_id", "output_audit_plan.id"],
        ),
    )

    plan_id: UUID
    number: int
    starts_on: date
    ends_on: date
    seed: int = Field(sa_type=BigInteger)
    candidates: int
    drawn: int
    digest: str = Field(max_length=64)
    principal_id: UUID


class SampledOutput(IdentifiedRow, table=True):
    """An output that was drawn; `marked_twice`: it is in the blind sub-sample."""

    __tablename__ = "sampled_output"
    __table_args__ = (
        UniqueConstraint("organisation_id", "listed_id"),
        ForeignKeyConstraint(
            ["organisation_id", "plan_id"],
            ["output_audit_plan.organisation_id", "output_audit_plan.id"],
        ),
        ForeignKeyConstraint(
            ["organisation_id", "draw_id"], ["output_draw.organisation_id", "output_draw.id"]
        ),
        ForeignKeyConstraint(
            ["organisation_id", "listed_id"], ["listed_output.organisation_id", "listed_output.id"]
        ),
        Index("ix_sampled_output_plan", "organisation_id", "plan_id"),
    )

    plan_id: UUID
    draw_id: UUID
    draw_number: int
    listed_id: UUID
    marked_twice: bool


class OutputMarking(CreatedAt, IdentifiedRow, table=True):
    """What one person found in an output; no findings: nothing is wrong with it. Never changed."""

    __tablename__ = "output_marking"
    __table_args__ = (
        UniqueConstraint("organisation_id", "sampled_id", "role"),
        ForeignKeyConstraint(
            ["organisation_id", "plan_id"],
            ["output_audit_plan.organisation_id", "output_audit_plan.id"],
        ),
        ForeignKeyConstraint(
            ["organisation_id", "sampled_id"],
            ["sampled_output.organisation_id", "sampled_output.id"],
        ),
        CheckConstraint("statements_wrong <= statements_checked", name="statements"),
        Index("ix_output_marking_plan", "organisation_id", "plan_id"),
    )

    plan_id: UUID
    sampled_id: UUID
    role: MarkingRole = Field(sa_type=text_enum(MarkingRole))
    principal_id: UUID
    findings: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)
    statements_checked: int | None = None
    statements_wrong: int | None = None
