"""What a claim must say to be one, and what counts twice. Pure."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import combinations
from typing import Any, Final

from app.benefits.models import CASH, BenefitClaim, BenefitClass, Measure
from app.core.errors import FieldError

HOURS_PARTS: Final = ("department", "team", "category")
_MEASURES: Final = {
    BenefitClass.CASH_REALISED: {Measure.MONEY},
    BenefitClass.CASH_COMMITTED: {Measure.MONEY},
    BenefitClass.COST_AVOIDED: {Measure.MONEY},
    BenefitClass.CAPACITY_RELEASED: {Measure.HOURS},
    BenefitClass.QUALITY: {Measure.UNIT},
    BenefitClass.CLAIMED_ONLY: set(Measure),
}
# What nobody has measured is a claim, or a self-report.
_MOST_OF_CLAIMED_ONLY: Final = 1


def problems(claim: BenefitClaim) -> list[FieldError]:
    """What is wrong with a claim, field by field, taken by itself."""
    return [
        FieldError(*each) for each in (*_of_what(claim), *_of_evidence(claim), *_of_numbers(claim))
    ]


def _of_what(claim: BenefitClaim) -> Iterator[tuple[str, str, str]]:
    kind, measure = claim.benefit_class, claim.measure
    if claim.ends_on <= claim.starts_on:
        yield "/ends_on", "dates_out_of_order", "ends_on must lie after starts_on"
    if measure not in _MEASURES[kind]:
        allowed = " or ".join(sorted(_MEASURES[kind]))
        yield "/measure", "measure_of_class", f"{kind} is measured in {allowed}"
    if (claim.unit is None) == (measure is Measure.UNIT):
        yield "/unit", "unit_needed", "unit goes with the measure unit, and names it"
    if kind in CASH and claim.budget_line is None:
        yield "/budget_line", "budget_line_needed", "no cash without the budget line that it is in"
    if claim.budget_line is not None and measure is not Measure.MONEY:
        yield "/budget_line", "budget_line_of_money", "a budget line holds money alone"
    if kind is BenefitClass.CASH_REALISED and claim.ledger_reference is None:
        yield (
            "/ledger_reference",
            "ledger_reference_needed",
            "cash is realised where the ledger shows it: name the entry",
        )
    if claim.pool_id is not None and measure is not Measure.MONEY:
        yield "/pool_id", "seats_save_money", "reclaimed seats save money alone"


def _of_evidence(claim: BenefitClaim) -> Iterator[tuple[str, str, str]]:
    """Whose hours it rests on, and on what else."""
    if claim.measure is Measure.HOURS and not claim.hours:
        yield "/hours", "hours_needed", "say whose hours they are, so that they count once"
    for one, other in combinations(claim.hours, 2):
        if same_hours(one, other):
            yield "/hours", "hours_repeated", "two of these name the same hours"
            break
    if claim.stated_tier > 0 and claim.evidence is None:
        yield "/evidence", "evidence_needed", "above tier 0, say what the claim rests on"
    if (
        claim.benefit_class is BenefitClass.CLAIMED_ONLY
        and claim.stated_tier > _MOST_OF_CLAIMED_ONLY
    ):
        yield "/evidence_tier", "evidence_of_class", "claimed_only has evidence of tier 0 or 1"


def _of_numbers(claim: BenefitClaim) -> Iterator[tuple[str, str, str]]:
    if not claim.low <= claim.central <= claim.high:
        yield "/central", "range_out_of_order", "low, central and high must be in this order"
    for place, each in enumerate(claim.assumptions):
        low, central, high = (Decimal(each[name]) for name in ("low", "central", "high"))
        if not low <= central <= high:
            detail = "low, central and high must be in this order"
            yield f"/assumptions/{place}/central", "range_out_of_order", detail
        if central == 0 or (each["effect"] == "divides" and low == 0):
            detail = "nothing can be told from an assumption that is 0 here"
            yield f"/assumptions/{place}/central", "assumption_of_nothing", detail
    names = [each["name"].casefold() for each in claim.assumptions]
    if len(set(names)) < len(names):
        yield "/assumptions", "assumption_repeated", "each assumption has a name of its own"


def same_hours(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether some hours may be among both: in each part they are the same, or one names none."""
    return all(
        one[part] is None or other[part] is None or _same(one[part], other[part])
        for part in HOURS_PARTS
    )


def _same(one: str, other: str) -> bool:
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())


def told_hours(hours: dict[str, Any]) -> str:
    """Whose hours they are, in words."""
    named = [f"{part} {hours[part]}" for part in HOURS_PARTS if hours[part] is not None]
    return "hours of " + (", ".join(named) or "everybody")


def counted_twice(claim: BenefitClaim, other: BenefitClaim) -> str | None:
    """What two claims both count, in words; None where they have nothing in common.

    One hour, one budget line, one pool's reclaimed seats count once in a period, whatever the pilots and
    classes are. A claim that is withdrawn counts nothing.
    """
    if claim.is_withdrawn or other.is_withdrawn or not claim.period.overlaps(other.period):
        return None
    line = claim.budget_line
    if line is not None and other.budget_line is not None and _same(line, other.budget_line):
        return f"the budget line {line}"
    if claim.pool_id is not None and claim.pool_id == other.pool_id:
        return "the reclaimed seats of this pool"
    for hours in claim.hours:
        if any(same_hours(hours, counted) for counted in other.hours):
            return f"the {told_hours(hours)}"
    return None
