"""How the position of a pilot, its break-even and the sensitivity of a claim are sent."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, Field

from app.benefits.models import BenefitClaim, BenefitClass, Measure
from app.benefits.position import BudgetLine, ClassPosition, Net, Proven
from app.benefits.position import costs_of as costs_of_claim
from app.benefits.sensitivity import BreakEven, swings
from app.licences.pools.models import LicencePool
from app.metrics.schemas import MoneyOut

NEVER_ADDED: Final = (
    "Classes are never added together, and time is never made money: each row stands by itself."
)


class SpreadOut(BaseModel):
    """A range."""

    low: Decimal
    central: Decimal
    high: Decimal


class NetOut(BaseModel):
    """What claims of one class bring, what that costs, and what is left."""

    of: str = Field(description="A currency, `hours`, or a unit.")
    gross: SpreadOut
    costs: Decimal
    net: SpreadOut


class BudgetLineOut(BaseModel):
    """The cash in a budget line."""

    budget_line: str
    ledger_references: list[str]
    cash: NetOut


class ClassOut(BaseModel):
    """One class by itself; cash stands by budget line, and nowhere else."""

    benefit_class: BenefitClass
    claims: int
    verified: int = Field(description="Of them verified by finance.")
    evidence_tiers: list[int]
    money: list[NetOut]
    hours: NetOut | None
    units: list[NetOut]
    budget_lines: list[BudgetLineOut]
    licence_cost: list[MoneyOut]
    implementation_cost: list[MoneyOut]
    training_hours: Decimal
    checking_hours: Decimal


class ProvenOut(BaseModel):
    """Cash realised, in the ledger and verified by finance, net of its costs."""

    amount: str
    currency: str
    budget_lines: list[BudgetLineOut] = Field(description="Empty where nothing is proven.")


class PositionOut(BaseModel):
    """What is claimed for a pilot, class by class."""

    pilot_id: UUID
    sentence: str
    cashable_proven: list[ProvenOut]
    classes: list[ClassOut]


def _budget_lines(lines: Sequence[BudgetLine]) -> list[dict[str, Any]]:
    return [
        {
            "budget_line": each.budget_line,
            "ledger_references": list(each.ledger_references),
            "cash": asdict(each.cash),
        }
        for each in lines
    ]


def _amounts(amounts: Sequence[tuple[str, Decimal]]) -> list[MoneyOut]:
    return [MoneyOut(amount=str(amount), currency=currency) for currency, amount in amounts]


def _class(found: ClassPosition) -> dict[str, Any]:
    def nets(each: Sequence[Net]) -> list[dict[str, Any]]:
        return [asdict(net) for net in each]

    return {
        "benefit_class": found.benefit_class,
        "claims": found.claims,
        "verified": found.verified,
        "evidence_tiers": list(found.tiers),
        "money": nets(found.money),
        "hours": asdict(found.hours) if found.hours is not None else None,
        "units": nets(found.units),
        "budget_lines": _budget_lines(found.budget_lines),
        "licence_cost": _amounts(found.licence_cost),
        "implementation_cost": _amounts(found.implementation_cost),
        "training_hours": found.training_hours,
        "checking_hours": found.checking_hours,
    }


def position_out(
    pilot_id: UUID, classes: Sequence[ClassPosition], shown: Sequence[Proven]
) -> PositionOut:
    """The position of a pilot as it is sent."""
    return PositionOut.model_validate(
        {
            "pilot_id": pilot_id,
            "sentence": NEVER_ADDED,
            "cashable_proven": [
                {
                    "amount": str(each.amount),
                    "currency": each.currency,
                    "budget_lines": _budget_lines(each.budget_lines),
                }
                for each in shown
            ],
            "classes": [_class(each) for each in classes],
        }
    )


class SwingOut(BaseModel):
    """An assumption, and the net result at either end of it."""

    assumption: str
    unit: str | None
    low: Decimal
    central: Decimal
    high: Decimal
    result_at_low: Decimal
    result_at_high: Decimal


class SensitivityOut(BaseModel):
    """What becomes of a claim when one assumption is off, the widest first."""

    claim_id: UUID
    title: str
    benefit_class: BenefitClass
    budget_line: str | None
    of: str = Field(description="A currency, `hours`, or a unit.")
    central: Decimal
    costs: Decimal
    net: Decimal = Field(
        description="Central less costs: the result with every assumption as it is."
    )
    swings: list[SwingOut]


def sensitivity_out(claim: BenefitClaim) -> SensitivityOut:
    """The sensitivity of a claim as it is sent."""
    costs = costs_of_claim(claim)
    of = {Measure.MONEY: claim.currency, Measure.HOURS: "hours", Measure.UNIT: claim.unit or ""}
    return SensitivityOut(
        claim_id=claim.id,
        title=claim.title,
        benefit_class=claim.benefit_class,
        budget_line=claim.budget_line,
        of=of[claim.measure],
        central=claim.central,
        costs=costs,
        net=claim.central - costs,
        swings=[
            SwingOut(
                assumption=each.name,
                unit=each.unit,
                low=each.low,
                central=each.central,
                high=each.high,
                result_at_low=each.at_low,
                result_at_high=each.at_high,
            )
            for each in swings(claim)
        ],
    )


class PoolBreakEven(BaseModel):
    """Minutes a seat of a pool must save a week to be worth its cost in pay. It is a threshold, no saving."""

    pool_id: UUID
    name: str
    term_starts_on: date
    term_ends_on: date
    cost_per_seat_week: MoneyOut | None = Field(description="Null: the price is not known.")
    minutes_per_seat_week: Decimal | None = Field(
        description="Null: no price, or no share of the time is recaptured."
    )


class BreakEvenOut(BaseModel):
    """The minutes a seat and week at which a pilot's licences pay for themselves in pay."""

    pilot_id: UUID
    pay_per_hour: Decimal
    share_recaptured: Decimal
    pools: list[PoolBreakEven]


def break_even_out(pool: LicencePool, found: BreakEven) -> PoolBreakEven:
    """A pool's break-even as it is sent."""
    cost = found.weekly_cost
    return PoolBreakEven(
        pool_id=pool.id,
        name=pool.name,
        term_starts_on=pool.term_starts_on,
        term_ends_on=pool.term_ends_on,
        cost_per_seat_week=None
        if cost is None
        else MoneyOut(amount=str(cost), currency=pool.currency),
        minutes_per_seat_week=found.minutes,
    )
