"""What claims of benefits answer of the return's savings: each class by itself, and never a sum of two."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from app.benchmarking.returns.answers import Answer, Origin
from app.benchmarking.returns.recorded import Recorded
from app.benefits.models import BenefitClaim, BenefitClass, Measure
from app.benefits.position import ClassPosition, position, proven

_SOURCE: Final = "GET /pilots/{pilot_id}/benefit-position"
_POUNDS: Final = "GBP"
_NOTHING: Final = Decimal(0)


async def cash_verified(recorded: Recorded) -> Answer | None:
    """Cash realised that finance has verified, by budget line, before costs: these are asked for by themselves.

    0 where there are claims and none of them is that.
    """
    claims = await recorded.claims()
    found = _whole(recorded, claims, BenefitClass.CASH_REALISED)
    if not claims or found is None:
        return None
    shown = [each for each in found if each.verified_at is not None]
    if any(each.currency != _POUNDS for each in shown):
        return None
    (in_pounds,) = proven(shown, _POUNDS)
    saved = sum((line.cash.gross.central for line in in_pounds.budget_lines), _NOTHING)
    lines = [
        f"{line.budget_line} ({', '.join(line.ledger_references)})"
        for line in in_pounds.budget_lines
    ]
    # Cash is never told without its budget lines.
    return _answer(recorded, saved, found, claims, f" Budget lines: {'; '.join(lines) or 'none'}.")


async def cost_avoided(recorded: Recorded) -> Answer | None:
    """What was claimed as cost avoided, before costs."""
    found = _whole(recorded, await recorded.claims(), BenefitClass.COST_AVOIDED)
    if not found or any(
        (each.measure, each.currency) != (Measure.MONEY, _POUNDS) for each in found
    ):
        return None
    (in_pounds,) = _of_class(found, BenefitClass.COST_AVOIDED).money
    return _answer(recorded, in_pounds.gross.central, found, found)


async def capacity_released(recorded: Recorded) -> Answer | None:
    """Hours claimed as released, less those of training and checking, which were not set free."""
    found = _whole(recorded, await recorded.claims(), BenefitClass.CAPACITY_RELEASED)
    if not found or any(each.measure is not Measure.HOURS for each in found):
        return None
    hours = _of_class(found, BenefitClass.CAPACITY_RELEASED).hours
    return (
        None if hours is None else _answer(recorded, max(hours.net.central, _NOTHING), found, found)
    )


def _whole(
    recorded: Recorded, claims: Sequence[BenefitClaim], kind: BenefitClass
) -> list[BenefitClaim] | None:
    """The claims of a class; None where one is about days outside the year: nobody knows which part is of it."""
    found = [each for each in claims if each.benefit_class is kind]
    within = all(each.period.clip(recorded.year) == each.period for each in found)
    return found if within else None


def _of_class(claims: Sequence[BenefitClaim], kind: BenefitClass) -> ClassPosition:
    return next(each for each in position(claims) if each.benefit_class is kind)


def _answer(
    recorded: Recorded,
    value: Decimal,
    found: Sequence[BenefitClaim],
    about: Sequence[BenefitClaim],
    more: str = "",
) -> Answer:
    """An answer with how many of the class's claims finance has verified, and the weakest evidence among them."""
    verified = sum(each.verified_at is not None for each in found)
    pilots = list(dict.fromkeys(str(each.pilot_id) for each in about))
    tier = min((each.evidence_tier for each in found), default=None)
    return Answer(
        value=float(value),
        note=f"Claims of this class: {len(found)}. Verified by finance: {verified}.{more}",
        origin=Origin.TRACKED,
        provenance=recorded.provenance(_SOURCE, pilots, recorded.today, tier),
    )
