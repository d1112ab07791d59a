"""The figures of one pool, or of several taken together. Pure."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.core.periods import DAY, Window
from app.metrics.figures import Figure, Flag, Share, size_flags
from app.metrics.registry import (
    ACTIVE_USER_DAYS,
    ALLOCATED_SEAT_DAYS,
    ALLOCATION_RATE,
    COMMITTED_COST,
    COST_PER_ACTIVE_DAY,
    COST_PER_ACTIVE_USER,
    DAYS_UNTIL_ALL_TAKEN,
    DORMANT_SEATS,
    EFFECTIVE_UTILISATION,
    IDLE_COST,
    LICENCE_UTILISATION,
    MEDIAN_DAYS_TO_ALLOCATE,
    NEVER_USED_SEATS,
    PURCHASED_SEAT_DAYS,
    RECLAIM_CANDIDATES,
    RECOMMENDED_SEATS,
    SEATS_ACTIVE_28D,
    UNASSIGNED_SEATS,
)
from app.metrics.statistics.intervals import Interval
from app.metrics.statistics.ratios import ratio_jackknife
from app.metrics.statistics.survival import kaplan_meier_median
from app.metrics.utilisation.costs import costs
from app.metrics.utilisation.totals import Totals

NOTHING_PURCHASED = "nothing_purchased"
NOBODY_HELD_A_SEAT = "nobody_held_a_seat"
STALE_DATA = "stale_data"
NOBODY_WAITED = "nobody_was_put_on_the_waiting_list"
NOT_REACHED = "fewer_than_half_have_a_seat"
KNOWN_BY_THE_WEEK = "known_by_the_week_only"
NOT_ALL_TAKEN = "seats_were_left_on_every_day"
BUFFER = Decimal("0.1")

EVERY = (
    PURCHASED_SEAT_DAYS,
    ALLOCATED_SEAT_DAYS,
    ACTIVE_USER_DAYS,
    ALLOCATION_RATE,
    LICENCE_UTILISATION,
    EFFECTIVE_UTILISATION,
    SEATS_ACTIVE_28D,
    DORMANT_SEATS,
    NEVER_USED_SEATS,
    UNASSIGNED_SEATS,
    COMMITTED_COST,
    IDLE_COST,
    COST_PER_ACTIVE_USER,
    COST_PER_ACTIVE_DAY,
    RECLAIM_CANDIDATES,
    RECOMMENDED_SEATS,
    MEDIAN_DAYS_TO_ALLOCATE,
    DAYS_UNTIL_ALL_TAKEN,
)
# What nobody's seat or use has a part in.
BOUGHT = {PURCHASED_SEAT_DAYS.slug, COMMITTED_COST.slug}
# What use has no part in.
_WHATEVER_THE_USE = {
    *BOUGHT,
    ALLOCATED_SEAT_DAYS.slug,
    ALLOCATION_RATE.slug,
    UNASSIGNED_SEATS.slug,
    MEDIAN_DAYS_TO_ALLOCATE.slug,
    DAYS_UNTIL_ALL_TAKEN.slug,
}
OF_USE = {metric.slug for metric in EVERY} - _WHATEVER_THE_USE
# What grows from day to day: two days of it tell the one between them.
ADDED_UP = {
    metric.slug
    for metric in (
        *(ALLOCATED_SEAT_DAYS, ACTIVE_USER_DAYS, ALLOCATION_RATE, LICENCE_UTILISATION),
        *(EFFECTIVE_UTILISATION, IDLE_COST, COST_PER_ACTIVE_USER, COST_PER_ACTIVE_DAY),
        MEDIAN_DAYS_TO_ALLOCATE,
    )
}
# What holds the days of use, as adoption does by the week.
DAYS_OF_USE = {
    metric.slug
    for metric in (
        *(ACTIVE_USER_DAYS, LICENCE_UTILISATION, EFFECTIVE_UTILISATION, COST_PER_ACTIVE_DAY),
    )
}
OF_A_GROUP = (
    ALLOCATED_SEAT_DAYS,
    ACTIVE_USER_DAYS,
    LICENCE_UTILISATION,
    SEATS_ACTIVE_28D,
    DORMANT_SEATS,
    NEVER_USED_SEATS,
)


def figures(totals: Totals) -> dict[str, Figure]:
    """Every figure over the window."""
    active_days, held_days, active_people = totals.people(totals.basis)
    people = Share(active_people, len(held_days))
    found = [
        *_use(totals, active_days, held_days, people),
        *_on_the_date(totals),
        *costs(totals, people),
        *_waiting(totals),
    ]
    if totals.is_oversold():
        found = [figure.flagged(Flag.OVER_ALLOCATED) for figure in found]
    return {figure.metric.slug: figure for figure in found}


def without_value(window: Window, as_of: date, reason: str) -> dict[str, Figure]:
    """Every figure where there is nothing to compute one from, with the reason."""
    return {
        metric.slug: Figure(metric, window, as_of, None, None, None, None, None, reason=reason)
        for metric in EVERY
    }


def figures_of_group(totals: Totals, people: set[bytes]) -> dict[str, Figure]:
    """The figures that make sense for some of the people."""
    every = figures(totals.of_people(people))
    return {metric.slug: every[metric.slug] for metric in OF_A_GROUP}


def _use(
    totals: Totals, active_days: NDArray[np.float64], held_days: NDArray[np.float64], people: Share
) -> list[Figure]:
    bought = sum(int(pool.purchased_by_basis.sum()) for pool in totals.pools)
    held, active = int(held_days.sum()), int(active_days.sum())
    basis = totals.basis
    counted = held_days > 0
    interval = ratio_jackknife(active_days[counted], held_days[counted]) if held else None
    amounts = [
        totals.figure(PURCHASED_SEAT_DAYS, bought, numerator=bought, basis=basis),
        totals.figure(
            ALLOCATED_SEAT_DAYS,
            held,
            numerator=held,
            people=people.whole,
            disclosive=(Share(people.whole, people.whole),),
            basis=basis,
        ),
        totals.figure(
            ACTIVE_USER_DAYS,
            active,
            numerator=active,
            people=people.part,
            flags=totals.flags_of_days(),
            disclosive=(people,),
            basis=basis,
        ),
    ]
    return [*amounts, *_rates(totals, bought, held, active, people, interval)]


def _rates(
    totals: Totals, bought: int, held: int, active: int, people: Share, interval: Interval | None
) -> list[Figure]:
    share = held / bought if bought else None
    flags = (*(size_flags(people.whole) if people.whole else ()), *totals.flags_of_days())
    common: dict[str, Any] = {"people": people.whole, "basis": totals.basis}
    return [
        totals.figure(
            ALLOCATION_RATE,
            share,
            numerator=held,
            denominator=bought,
            reason=None if bought else NOTHING_PURCHASED,
            disclosive=(Share(people.whole, people.whole),),
            **common,
        ),
        totals.figure(
            LICENCE_UTILISATION,
            active / held if held else None,
            numerator=active,
            denominator=held,
            interval=interval,
            flags=flags,
            reason=None if held else NOBODY_HELD_A_SEAT,
            disclosive=(people,),
            **common,
        ),
        totals.figure(
            EFFECTIVE_UTILISATION,
            active / bought if bought else None,
            numerator=active,
            denominator=bought,
            # What was bought and held is known exactly: only the use of seats varies.
            interval=_scaled(interval, share),
            flags=flags,
            reason=None if bought else NOTHING_PURCHASED,
            disclosive=(people,),
            **common,
        ),
    ]


def _on_the_date(totals: Totals) -> list[Figure]:
    held = totals.held_now
    bought = sum(int(pool.purchased[-1]) for pool in totals.pools)
    active = totals.seats(active=True)
    counts = [
        (SEATS_ACTIVE_28D, active),
        (DORMANT_SEATS, totals.seats(active=False, used=True)),
        (NEVER_USED_SEATS, totals.seats(active=False, used=False)),
    ]
    found = [
        totals.figure(
            metric,
            seats,
            numerator=seats,
            denominator=held,
            people=held,
            # The three add up to the seats that are held: of one that is withheld the others would tell.
            disclosive=tuple(Share(each, held) for _, each in counts),
        )
        for metric, seats in counts
    ]
    found.append(
        totals.figure(
            UNASSIGNED_SEATS,
            bought - held,
            numerator=bought - held,
            denominator=bought,
            disclosive=(Share(held, held),),
        )
    )
    stale = any(pool.candidates is None for pool in totals.pools)
    asked = sum(pool.candidates or 0 for pool in totals.pools)
    found.append(
        totals.figure(
            RECLAIM_CANDIDATES,
            None if stale else asked,
            numerator=None if stale else asked,
            denominator=held,
            people=held,
            flags=(Flag.STALE_DATA,) if stale else (),
            reason=STALE_DATA if stale else None,
            disclosive=(Share(asked, held),),
        )
    )
    return [*found, _recommended(totals, active, held)]


def _recommended(totals: Totals, active: int, held: int) -> Figure:
    waiting = sum(pool.waits.waiting_now for pool in totals.pools)
    in_use = totals.by_day("in_use")
    most, peak = int(in_use.max()), int(in_use.argmax())
    needed = most + waiting
    seats = needed + ceil(needed * BUFFER)
    bought = sum(int(pool.purchased[-1]) for pool in totals.pools)
    return totals.figure(
        RECOMMENDED_SEATS,
        seats,
        numerator=seats,
        denominator=bought,
        people=held,
        disclosive=(
            Share(active, held),
            Share(most, int(totals.by_day("held")[peak])),
            Share(waiting, waiting),
        ),
    )


def _waiting(totals: Totals) -> list[Figure]:
    days = np.concatenate([pool.waits.days for pool in totals.pools])
    served = np.concatenate([pool.waits.served for pool in totals.pools])
    median, interval = kaplan_meier_median(days, served)
    people, with_seat = len(days), int(served.sum())
    waited = totals.figure(
        MEDIAN_DAYS_TO_ALLOCATE,
        median,
        numerator=with_seat,
        denominator=people,
        people=people,
        interval=interval,
        flags=size_flags(people) if people else (),
        reason=None if median is not None else NOT_REACHED if people else NOBODY_WAITED,
        disclosive=(Share(with_seat, people),),
    )
    bought, held = totals.by_day("purchased"), totals.by_day("held")
    full = np.flatnonzero((held >= bought) & (bought > 0))
    # That all are taken says how many people hold one.
    holders = int(held[full[0]]) if full.size else int(held.max())
    taken = totals.figure(
        DAYS_UNTIL_ALL_TAKEN,
        int(full[0]) if full.size else None,
        reason=None if full.size else NOT_ALL_TAKEN,
        disclosive=(Share(holders, holders),),
    )
    return [waited, taken]


def daily(totals: Totals) -> list[dict[str, Figure]]:
    """Each day's seats bought, held, used on the day, and in use, in order."""
    bought, held = totals.by_day("purchased"), totals.by_day("held")
    active, in_use = totals.by_day("active"), totals.by_day("in_use")
    by_week = any(pool.facts.by_week for pool in totals.pools)
    found = []
    for place in range(totals.window.days):
        day = totals.window.starts_on + place * DAY
        days = replace(totals, window=Window(day, day + DAY), as_of=day)
        seats, used = int(held[place]), int(in_use[place])
        flags = (Flag.OVER_ALLOCATED,) if seats > bought[place] else ()
        of_day = [
            days.figure(PURCHASED_SEAT_DAYS, int(bought[place])),
            days.figure(ALLOCATED_SEAT_DAYS, seats, flags=flags, disclosive=(Share(seats, seats),)),
            _active_on_the_day(days, int(active[place]), seats, by_week=by_week),
            days.figure(
                SEATS_ACTIVE_28D,
                used,
                numerator=used,
                denominator=seats,
                disclosive=(Share(used, seats),),
            ),
        ]
        found.append({figure.metric.slug: figure for figure in of_day})
    return found


def _active_on_the_day(totals: Totals, active: int, held: int, *, by_week: bool) -> Figure:
    if by_week:
        return totals.figure(ACTIVE_USER_DAYS, None, reason=KNOWN_BY_THE_WEEK)
    return totals.figure(
        ACTIVE_USER_DAYS,
        active,
        numerator=active,
        people=active,
        disclosive=(Share(active, held),),
    )


def _scaled(interval: Interval | None, by: float | None) -> Interval | None:
    if interval is None or by is None or interval.high is None:
        return None
    return Interval(interval.low * by, interval.high * by, interval.level, interval.method)
