"""Who holds a seat and what they do with it, for reclaim and for the figures."""

from datetime import date, timedelta
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core.periods import Window
from app.licences.activity.years import IN_THE_WEEK, ON_THE_DAY
from app.licences.usage import repository
from app.licences.usage.matrix import Bytes, SeatUse

# A weekly row counts on the fourth day of its week, and speaks of three more.
_REST_OF_THE_WEEK = timedelta(days=3)


async def seat_use(
    session: AsyncSession, principal: Principal, product: str, days: Window
) -> SeatUse:
    """Every seat of a product that is held on one of the days, with its holder's activity.

    And everybody else's activity with it.

    Args:
        session: the transaction.
        principal: who asks; its organisation.
        product: of which product, over all its pools.
        days: one day at least.
    """
    return await repository.load(session, principal, product, days)


def newest_day(use: SeatUse) -> date | None:
    """The last day that the data speak of, anybody's; None where they show no activity at all."""
    newest: date | None = None
    of_day = np.bitwise_or.reduce(use.activity, axis=1)
    for bit, beyond in ((ON_THE_DAY, timedelta()), (IN_THE_WEEK, _REST_OF_THE_WEEK)):
        on = np.flatnonzero(of_day & bit)
        if on.size:
            day = use.days.starts_on + timedelta(days=int(on[-1])) + beyond
            newest = day if newest is None else max(newest, day)
    return newest


def records(activity: Bytes) -> int:
    """How many days and weeks of somebody's activity the bytes hold."""
    on_days = np.count_nonzero(activity & ON_THE_DAY)
    in_weeks = np.count_nonzero(activity & IN_THE_WEEK)
    return int(on_days + in_weeks)


def last_active(use: SeatUse) -> NDArray[np.int32]:
    """The last active day of each seat's holder, with a seat or without, as an ordinal; 0 for never.

    Shape (n,).
    """
    within = np.zeros(len(use.starts), dtype=np.int16)
    for day, activity in enumerate(use.activity, start=1):
        np.maximum(within, (activity != 0) * np.int16(day), out=within)
    last = use.days.starts_on.toordinal() - 1 + within.astype(np.int32)
    return np.where(within > 0, last, use.before).astype(np.int32)


async def started_after(
    session: AsyncSession, principal: Principal, product: str, as_of: date, day: date
) -> dict[UUID, date]:
    """When those of a product's holders on a date started who did so after a day."""
    return await repository.started_after(session, principal, product, as_of, day)


async def away_after(
    session: AsyncSession, principal: Principal, product: str, as_of: date, day: date
) -> dict[UUID, list[Window]]:
    """When a product's holders on a date were away, as far as it began by then and ended after a day."""
    return await repository.away_after(session, principal, product, as_of, day)
