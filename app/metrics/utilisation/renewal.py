"""How many seats to renew, what that saves and when, and what would have to be true."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

import numpy as np
from pydantic import BaseModel, Field
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core import sentences
from app.core.errors import Conflict
from app.core.periods import DAY
from app.licences.pools.models import LicencePool
from app.metrics.figures import Figure, Money
from app.metrics.schemas import MetricValue, MoneyOut, metric_value
from app.metrics.utilisation import service
from app.metrics.utilisation.service import Question


@dataclass(frozen=True, slots=True)
class Advice:
    """What the figures advise for the renewal of a pool."""

    pool: LicencePool
    since: date
    as_of: date
    purchased: int
    recommended: Figure
    peak: int
    peak_on: date
    waiting: int
    never_used: int

    @property
    def difference(self) -> int:
        """Seats fewer than are bought, below 0 for more."""
        return self.purchased - int(self.recommended.value or 0)

    @property
    def saving(self) -> Money | None:
        """What fewer seats save over a term like this one; below 0 where more are needed."""
        price = self.pool.seat_price
        if price is None:
            return None
        return Money.of(Decimal(self.difference) * price, self.pool.currency)

    def conditions(self) -> list[str]:
        """What would have to be true for the advice to hold, in sentences."""
        pool, renewal = self.pool, sentences.day(self.pool.term_ends_on)
        found = [
            f"No more than {sentences.counted(self.peak, 'person uses', 'people use')} a seat within any 28 days, as at most on "
            f"{sentences.day(self.peak_on)}; a tenth is added for those who do so later.",
            f"Who waits on {sentences.day(self.as_of)} ({sentences.counted(self.waiting, 'person', 'people')}) still wants a seat, and uses it.",
        ]
        if self.difference > 0:
            found.append(
                f"{sentences.counted(self.difference, 'seat is', 'seats are')} given up at the renewal on {renewal}: "
                "before that each is paid for, used or not, and nothing is saved."
            )
        if self.never_used:
            found.append(
                f"{sentences.counted(self.never_used, 'person has', 'people have')} never used their seat, and would "
                "not have begun to."
            )
        if pool.seat_price is not None:
            days = (pool.term_ends_on - pool.term_starts_on).days
            found.append(
                "The next term costs what this one does: "
                f"{sentences.money(pool.seat_price, pool.currency)} a seat for "
                f"{sentences.counted(days, 'day')}."
            )
        return found


async def advise(
    session: AsyncSession, principal: Principal, pool_id: UUID, question: Question
) -> Advice:
    """Renewal advice for a pool, from its use over a window (default: its term up to today).

    Raises:
        NotFound: there is no such pool within reach.
        Conflict: the window has not begun: there is no use to go by.
    """
    answer = await service.of_pool(session, principal, pool_id, question)
    totals = answer.totals
    if totals is None:
        raise Conflict(
            "There is no use to go by yet: the window has not begun.", code=service.NOT_BEGUN
        )
    in_use = totals.by_day("in_use")
    figures = service.typed(answer.report.figures)
    peak_at = int(np.argmax(in_use))
    return Advice(
        pool=answer.pools[0],
        since=answer.window.starts_on,
        as_of=answer.as_of,
        purchased=int(totals.by_day("purchased")[-1]),
        recommended=figures["recommended_seats"],
        peak=int(in_use[peak_at]),
        peak_on=totals.window.starts_on + peak_at * DAY,
        waiting=sum(pool.waits.waiting_now for pool in totals.pools),
        never_used=totals.seats(active=False, used=False),
    )


class RenewalOut(BaseModel):
    """Advice for the renewal of a pool."""

    pool_id: UUID
    since: date = Field(description="First day of the use that the advice goes by.")
    as_of: date
    purchased: int
    recommended_seats: MetricValue
    seats_to_give_up: int
    seats_to_add: int
    peak_in_use: int
    peak_on: date
    waiting: int
    renewal_on: date = Field(description="A saving is cash from this day on, and not before.")
    saving: MoneyOut | None = Field(
        description="Over a term like this one; below 0 where more seats are needed. Null: no price."
    )
    what_would_have_to_be_true: list[str]


def renewal_out(advice: Advice) -> RenewalOut:
    """Advice as it is sent."""
    saving = advice.saving
    return RenewalOut(
        pool_id=advice.pool.id,
        since=advice.since,
        as_of=advice.as_of,
        purchased=advice.purchased,
        recommended_seats=metric_value(advice.recommended),
        seats_to_give_up=max(0, advice.difference),
        seats_to_add=max(0, -advice.difference),
        peak_in_use=advice.peak,
        peak_on=advice.peak_on,
        waiting=advice.waiting,
        renewal_on=advice.pool.term_ends_on,
        saving=None
        if saving is None
        else MoneyOut(amount=str(saving.amount), currency=saving.currency),
        what_would_have_to_be_true=advice.conditions(),
    )
