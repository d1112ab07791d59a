"""What is sent and received about audits of output. Nothing of it can hold what an output says."""

from datetime import date, datetime
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from pydantic import BaseModel, Field

from app.assurance.output_audits.models import (
    FindingType,
    MarkingRole,
    OutputKind,
    Reached,
    Severity,
)
from app.assurance.output_audits.outcomes import Awaited, LimitState
from app.core.fields import CalendarDate, Input, Label, Number, Output
from app.core.rows import BareCode

MAX_DRAWN: Final = 5000
MAX_FINDINGS: Final = 50
MAX_STATEMENTS: Final = 100_000
# JSON numbers are exact up to here.
MAX_SEED: Final = 2**53 - 1

# One word with a digit in it: neither a name nor a sentence. Before a line feed Python finds `$` as well.
_REFERENCE: Final = r"^(?=[^0-9]*[0-9])[A-Za-z0-9][A-Za-z0-9._:/#-]{0,99}$(?!\n)"
Reference = Annotated[str, msgspec.Meta(max_length=100, pattern=_REFERENCE)]

StratumField = Literal["tool_version", "output_type", "team"]
# From one in a thousand, for which 2,995 are needed.
Rate = Annotated[Number, Field(ge=0.001, le=0.5)]


class AuditPlanIn(Input):
    """What is to be audited and shown; it stays as it is set."""

    name: Label
    kind: OutputKind
    starts_on: CalendarDate
    ends_on: CalendarDate = Field(description="The first day that is not part of it any more.")
    strata: list[StratumField] = Field(
        default_factory=list, max_length=3, description="What each draw is in proportion by."
    )
    error_limit: Rate = Field(
        description="Passed while the interval of outputs with a major or critical error lies above it."
    )
    error_warning: Rate = Field(description="The same for a warning; no greater than the limit.")
    critical_below: Rate = Field(
        description="The claim that is to be shown: fewer outputs than this have a critical error."
    )
    second_share: Annotated[Number, Field(ge=0, le=1)] = Field(
        default=0.2, description="Share of what is drawn that two people mark, blind."
    )


class AuditPlanOut(Output):
    """A plan as recorded."""

    plan_id: UUID = Field(validation_alias="id")
    pilot_id: UUID
    name: str
    kind: OutputKind
    starts_on: date
    ends_on: date
    strata: list[StratumField]
    error_limit: float
    error_warning: float
    critical_below: float
    needed_outputs: int = Field(
        description="So many outputs without a critical error show the claim with 95 % confidence."
    )
    second_share: float
    draws: int
    limit_passed_at: datetime | None = Field(
        description="Since when the limit is passed; null where it is not."
    )
    created_at: datetime


class OutputRow(msgspec.Struct, forbid_unknown_fields=True):
    """An output that could be drawn, by its reference alone: one word with a digit in it.

    No name, no number of a person and nothing of its content may be in any field. The same reference again
    is a duplicate, with other values it is rejected.
    """

    output_ref: Reference
    produced_on: date
    tool_version: BareCode | None = None
    output_type: BareCode | None = None
    team: BareCode | None = None


class ListedOutputOut(Output):
    """An output on the list."""

    listed_id: UUID = Field(validation_alias="id")
    output_ref: str
    produced_on: date
    tool_version: str | None
    output_type: str | None
    team: str | None
    draws_before: int = Field(description="How many draws the plan had when it was listed.")


class OutputDrawIn(Input):
    """How many to draw, and from which days."""

    outputs: Annotated[int, Field(strict=True, ge=1, le=MAX_DRAWN)] | None = Field(
        default=None, description="Left out, as many as the claim needs."
    )
    starts_on: CalendarDate | None = Field(default=None, description="Left out, the plan's.")
    ends_on: CalendarDate | None = Field(default=None, description="Left out, the plan's.")
    seed: Annotated[int, Field(strict=True, ge=0, le=MAX_SEED)] | None = Field(
        default=None, description="To repeat a draw; left out, one is made."
    )


class OutputDrawOut(Output):
    """A draw, with all that is needed to repeat it."""

    draw_id: UUID = Field(validation_alias="id")
    plan_id: UUID
    number: int
    starts_on: date
    ends_on: date
    seed: int
    candidates: int
    drawn: int
    digest: str = Field(description="SHA-256 of the candidates: references and strata in order.")
    created_at: datetime


class DrawVerificationOut(BaseModel):
    """A draw that was repeated from its seed."""

    draw_id: UUID
    same_candidates: bool
    same_outputs: bool


class SampledOutputOut(BaseModel):
    """An output that was drawn."""

    sampled_id: UUID
    draw_number: int
    output_ref: str
    produced_on: date
    tool_version: str | None
    output_type: str | None
    team: str | None
    marked_twice: bool


class FindingIn(Input):
    """One thing that is wrong with an output."""

    type: FindingType
    severity: Severity
    reached: Reached


class MarkingIn(Input):
    """What one person found in an output; without findings nothing is wrong with it."""

    findings: list[FindingIn] = Field(default_factory=list, max_length=MAX_FINDINGS)
    statements_checked: Annotated[int, Field(strict=True, ge=1, le=MAX_STATEMENTS)] | None = None
    statements_wrong: Annotated[int, Field(strict=True, ge=0, le=MAX_STATEMENTS)] | None = Field(
        default=None, description="Of those checked; both are there, or neither."
    )


class MarkingOut(Output):
    """A marking as recorded."""

    marking_id: UUID = Field(validation_alias="id")
    sampled_id: UUID
    role: MarkingRole
    principal_id: UUID
    findings: list[FindingIn]
    statements_checked: int | None
    statements_wrong: int | None
    created_at: datetime


class MarkingsOut(BaseModel):
    """A drawn output, its markings that the caller may see, and which one it waits for."""

    output: SampledOutputOut
    items: list[MarkingOut]
    awaited: Awaited | None


class ExactInterval(Output):
    """An exact confidence interval."""

    low: float
    high: float
    level: float
    method: str


class RateOut(BaseModel):
    """Outputs with an error among those audited; no value where none was audited."""

    errors: int
    outputs: int
    value: float | None
    reason: str | None = Field(description="Why there is no value, where there is none.")
    interval: ExactInterval | None


class StatementsOut(BaseModel):
    """Statements wrong among those checked; those in one output hang together: no interval."""

    wrong: int
    checked: int
    value: float | None
    reason: str | None


class StratumRate(RateOut):
    """The rate of a stratum; each field as the list has it, empty where it says nothing."""

    stratum: dict[str, str]


class MonthRate(RateOut):
    """The rate of outputs that were produced in a month."""

    month: date = Field(description="Its first day.")


class ClaimOut(BaseModel):
    """Whether it is shown that critical errors are rarer than the plan claims."""

    critical_below: float
    needed_outputs: int
    upper_bound: float | None = Field(description="One-sided, exact, 95 %.")
    is_shown: bool


class AgreementOut(BaseModel):
    """How two markers agree on whether an output has a major or critical error."""

    outputs: int
    table: list[list[int]] = Field(
        description="Rows: the first says error, none; columns: the second."
    )
    raw_agreement: float | None
    kappa: float | None = Field(description="Null where both said the same of all, or of none.")
    kappa_interval: ExactInterval | None


class AuditMarkOut(BaseModel):
    """How a plan stands, as the scorecard shows it."""

    plan_id: UUID
    name: str
    kind: OutputKind
    state: LimitState
    sentence: str
    error_limit: float
    error_rate: RateOut


class AuditFiguresOut(BaseModel):
    """What a plan's audits show. An output that awaits a first or second marking counts nowhere yet."""

    plan_id: UUID
    drawn: int
    awaited: dict[Awaited, int]
    state: LimitState
    sentence: str
    error_rate: RateOut
    critical_rate: RateOut
    claim: ClaimOut
    reached_the_record: int = Field(description="Outputs with an error that nobody corrected.")
    statements: StatementsOut
    by_severity: dict[Severity, int] = Field(description="Outputs with a finding of it.")
    by_type: dict[FindingType, RateOut]
    by_stratum: list[StratumRate]
    by_month: list[MonthRate]
    agreement: AgreementOut
