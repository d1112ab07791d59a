"""What seats cost, and what the idle ones of them do. Pure."""

from collections.abc import Sequence
from decimal import Decimal

from app.metrics.figures import Figure, Flag, Money, Share, size_flags
from app.metrics.registry import (
    COMMITTED_COST,
    COST_PER_ACTIVE_DAY,
    COST_PER_ACTIVE_USER,
    IDLE_COST,
    Metric,
)
from app.metrics.statistics.intervals import Interval
from app.metrics.statistics.proportions import wilson
from app.metrics.statistics.ratios import ratio_jackknife
from app.metrics.utilisation.facts import Basis
from app.metrics.utilisation.totals import Totals

NOBODY_WAS_ACTIVE = "nobody_was_active"
PRICE_NOT_RECORDED = "price_not_recorded"
SEVERAL_CURRENCIES = "several_currencies"


def costs(totals: Totals, people: Share) -> list[Figure]:
    """The costs over the window, always by the calendar: a seat is paid for every day."""
    currencies = {pool.currency for pool in totals.pools}
    currency = next(iter(currencies))
    bought = sum(int(pool.purchased.sum()) for pool in totals.pools)
    used = totals.total("in_use")
    committed = _sum([p.cost(int(p.purchased.sum())) for p in totals.pools])
    idle = _sum([p.cost(int(p.purchased.sum()) - int(p.facts.in_use.sum())) for p in totals.pools])
    unknown = None
    if len(currencies) > 1:
        unknown = SEVERAL_CURRENCIES
    elif committed is None:
        unknown = PRICE_NOT_RECORDED
    if unknown is not None or committed is None or idle is None:
        every = (COMMITTED_COST, IDLE_COST, COST_PER_ACTIVE_USER, COST_PER_ACTIVE_DAY)
        return [totals.figure(metric, None, reason=unknown) for metric in every]
    active_days = totals.total("active_days")
    held_days = totals.total("held_days")
    in_use = Share(totals.seats(active=True), totals.held_now)
    use = ratio_jackknife(*totals.people(Basis.CALENDAR_DAYS)[:2]) if held_days else None
    each = wilson(people.part, people.whole) if people.whole else None
    return [
        _amount(totals, COMMITTED_COST, committed, currency, bought, None),
        _amount(
            totals, IDLE_COST, idle, currency, bought - used, None, disclosive=(in_use, people)
        ),
        _amount(
            totals,
            COST_PER_ACTIVE_USER,
            committed,
            currency,
            float(committed),
            people.part,
            interval=_inverse(each, float(committed), people.whole),
            flags=size_flags(people.whole) if people.whole else (),
            disclosive=(people,),
        ),
        _amount(
            totals,
            COST_PER_ACTIVE_DAY,
            committed,
            currency,
            float(committed),
            active_days,
            interval=_inverse(use, float(committed), held_days),
            flags=totals.flags_of_days(),
            disclosive=(people,),
        ),
    ]


def _amount(
    totals: Totals,
    metric: Metric,
    amount: Decimal,
    currency: str,
    numerator: float,
    denominator: int | None,
    *,
    interval: Interval | None = None,
    flags: tuple[Flag, ...] = (),
    disclosive: tuple[Share, ...] = (),
) -> Figure:
    """A cost, or a cost for each of so many."""
    exact = amount if denominator is None else amount / denominator if denominator else None
    return totals.figure(
        metric,
        None if exact is None else float(exact),
        numerator=numerator,
        denominator=denominator,
        people=disclosive[0].whole if disclosive else None,
        interval=interval if exact is not None else None,
        flags=flags,
        reason=None if exact is not None else NOBODY_WAS_ACTIVE,
        disclosive=disclosive,
        money=None if exact is None else Money.of(exact, currency),
        basis=Basis.CALENDAR_DAYS,
    )


def _sum(amounts: Sequence[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None


def _inverse(interval: Interval | None, amount: float, whole: int) -> Interval | None:
    """The interval of amount / (share x whole), from that of the share."""
    if interval is None or interval.high is None or not interval.high or not whole:
        return None
    return Interval(
        amount / (interval.high * whole),
        amount / (interval.low * whole) if interval.low else None,
        interval.level,
        interval.method,
    )
