"""What becomes of a claim's result when one assumption is off; and what a seat must bring to pay for itself. Pure."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from app.benefits.models import BenefitClaim
from app.benefits.position import costs_of

_CENT = Decimal("0.01")
_DAYS_A_WEEK = 7
_MINUTES_AN_HOUR = 60


@dataclass(frozen=True, slots=True)
class Swing:
    """An assumption, and the net result where it is at its low and its high end, all others as they are."""

    name: str
    unit: str | None
    low: Decimal
    central: Decimal
    high: Decimal
    at_low: Decimal
    at_high: Decimal

    @property
    def width(self) -> Decimal:
        return abs(self.at_high - self.at_low)


def swings(claim: BenefitClaim) -> list[Swing]:
    """One for each assumption, the widest first.

    The central value is a product, each assumption a factor or a divisor of it: where one is half as large,
    the value is half, or twice, as large. Costs do not follow assumptions.
    """
    found = [_swing(claim, each) for each in claim.assumptions]
    return sorted(found, key=lambda swing: (-swing.width, swing.name))


def _swing(claim: BenefitClaim, assumption: dict[str, Any]) -> Swing:
    low, central, high = (Decimal(assumption[end]) for end in ("low", "central", "high"))

    def net(at: Decimal) -> Decimal:
        share = at / central if assumption["effect"] == "multiplies" else central / at
        value = (claim.central * share).quantize(_CENT, ROUND_HALF_EVEN)
        return value - costs_of(claim)

    return Swing(assumption["name"], assumption["unit"], low, central, high, net(low), net(high))


@dataclass(frozen=True, slots=True)
class BreakEven:
    """What a seat costs a week, and the minutes a week that it must save to be worth that in pay.

    None: the price is not known, or nothing is recaptured, so that no number of minutes would do.
    """

    weekly_cost: Decimal | None
    minutes: Decimal | None


def break_even(
    seat_price: Decimal | None, term_days: int, pay_per_hour: Decimal, share_recaptured: Decimal
) -> BreakEven:
    """Minutes a seat and week: the seat's cost a week, by pay with on-costs a minute that is recaptured.

    Args:
        seat_price: of one seat for the whole term.
        term_days: of the term.
        pay_per_hour: with on-costs, in the currency of the price.
        share_recaptured: 0 to 1, of the time saved that is spent on work.
    """
    if seat_price is None:
        return BreakEven(None, None)
    weekly = seat_price * _DAYS_A_WEEK / term_days
    worth = pay_per_hour / _MINUTES_AN_HOUR * share_recaptured
    minutes = None if worth == 0 else (weekly / worth).quantize(_CENT, ROUND_HALF_EVEN)
    return BreakEven(weekly.quantize(_CENT, ROUND_HALF_EVEN), minutes)
