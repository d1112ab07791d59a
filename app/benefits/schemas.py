"""What is sent and received about claims of benefits."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from app.benefits.models import BenefitClass, Measure
from app.core.fields import (
    Amount,
    CalendarDate,
    Change,
    Code,
    Input,
    Label,
    NotBlank,
    Output,
    Printable,
    Prose,
)

Short = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), Printable, NotBlank
]
Tier = Annotated[int, Field(ge=0, le=4, strict=True)]
_RANGE = "Over the whole period, as a decimal string: money, hours or units, by `measure`."


class Effect(StrEnum):
    """How the result follows an assumption."""

    MULTIPLIES = "multiplies"
    DIVIDES = "divides"


class AssumptionIn(Input):
    """Something that the central value takes for granted, and how far it may be off."""

    name: Short = Field(description="As `pay with on-costs` or `share recaptured`.")
    unit: Short | None = None
    effect: Effect = Field(
        default=Effect.MULTIPLIES,
        description="Twice as much of it gives twice the result, or half of it.",
    )
    low: Amount
    central: Amount
    high: Amount


class HoursIn(Input):
    """Whose hours a claim rests on; what is null means any."""

    department: Label | None = None
    team: Label | None = None
    category: Code | None = Field(default=None, description="Category of the taxonomy of time.")


class ClaimFields(Input):
    """What may be left out of a claim."""

    unit: Short | None = Field(default=None, description="With the measure `unit`, its name.")
    assumptions: list[AssumptionIn] = Field(default_factory=list, max_length=20)
    licence_cost: Amount = Decimal(0)
    implementation_cost: Amount = Decimal(0)
    training_hours: Amount = Field(default=Decimal(0), description="Time is never made money.")
    checking_hours: Amount = Field(
        default=Decimal(0), description="Time spent on checking and correcting AI output."
    )
    budget_line: Short | None = Field(default=None, description="Demanded for cash.")
    ledger_reference: Short | None = Field(
        default=None, description="The entry that shows it; demanded for `cash_realised`."
    )
    hours: list[HoursIn] = Field(
        default_factory=list,
        max_length=20,
        description="Whose hours it rests on; demanded where it is measured in hours.",
    )
    pool_id: UUID | None = Field(
        default=None,
        description="Where it rests on reclaimed seats: of which pool. Cash begins with its renewal.",
    )
    snapshot_id: UUID | None = Field(
        default=None, description="Published figures of the pilot that it rests on."
    )
    evidence: Prose | None = Field(
        default=None, description="What it rests on; demanded above tier 0."
    )


class BenefitClaimIn(ClaimFields):
    """A benefit that is claimed."""

    title: Label
    benefit_class: BenefitClass
    evidence_tier: Tier = Field(description="0 to 4, as for figures; 5 is for finance to give.")
    measure: Measure
    low: Amount = Field(description=_RANGE)
    central: Amount
    high: Amount
    starts_on: CalendarDate
    ends_on: CalendarDate = Field(description="First day after the period.")


class BenefitClaimChange(ClaimFields, Change):
    """What may be changed; what is left out stays."""

    title: Label = ""
    benefit_class: BenefitClass = BenefitClass.CLAIMED_ONLY
    evidence_tier: Tier = 0
    measure: Measure = Measure.UNIT
    low: Amount = Decimal(0)
    central: Amount = Decimal(0)
    high: Amount = Decimal(0)
    starts_on: CalendarDate = date.min
    ends_on: CalendarDate = date.min
    is_withdrawn: bool = Field(
        default=False, description="A claim that is withdrawn stays recorded, and counts nothing."
    )


class Assumption(Output):
    """An assumption as recorded."""

    name: str
    unit: str | None
    effect: Effect
    low: Decimal
    central: Decimal
    high: Decimal


class Hours(Output):
    """Whose hours a claim rests on."""

    department: str | None
    team: str | None
    category: str | None


class BenefitClaimOut(Output):
    """A claim as recorded, with what it rests on and what it cost."""

    claim_id: UUID = Field(validation_alias="id")
    pilot_id: UUID
    title: str
    benefit_class: BenefitClass
    evidence_tier: int = Field(description="5 only where finance has verified it.")
    measure: Measure
    unit: str | None
    currency: str
    low: Decimal
    central: Decimal
    high: Decimal
    assumptions: list[Assumption]
    licence_cost: Decimal
    implementation_cost: Decimal
    training_hours: Decimal
    checking_hours: Decimal
    starts_on: date
    ends_on: date
    budget_line: str | None
    ledger_reference: str | None
    hours: list[Hours]
    pool_id: UUID | None
    snapshot_id: UUID | None
    evidence: str | None
    is_withdrawn: bool
    created_by: UUID
    created_at: datetime
    updated_at: datetime
    verified_at: datetime | None
    verified_by: UUID | None
    verification_reason: str | None


class FinanceVerdict(StrEnum):
    """What finance says of a claim."""

    VERIFIED = "verified"
    TAKEN_BACK = "taken_back"


class VerificationIn(Input):
    """What finance says of a claim, and why."""

    verdict: FinanceVerdict
    reason: Prose = Field(description="What was looked at: kept, and shown with the claim.")


def changed(fields: BenefitClaimIn | BenefitClaimChange) -> dict[str, Any]:
    """What a client states of a claim, as it is stored."""
    given = fields.model_dump(exclude_unset=isinstance(fields, BenefitClaimChange))
    for name in ("assumptions", "hours"):
        if name in given:
            given[name] = [each.model_dump(mode="json") for each in getattr(fields, name)]
    if "evidence_tier" in given:
        given["stated_tier"] = given.pop("evidence_tier")
    return given
