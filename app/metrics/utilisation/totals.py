"""Some pools' facts taken together, as the figures need them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from app.core.periods import Window
from app.metrics.figures import Figure, Flag, Money, Share
from app.metrics.registry import Metric
from app.metrics.statistics.intervals import Interval
from app.metrics.utilisation.facts import Basis, Counts, Facts


@dataclass(frozen=True, slots=True)
class Waits:
    """Requests for seats made in the window: shape (k,), days waited, and whether with a seat at the end."""

    days: NDArray[np.float64]
    served: NDArray[np.bool_]
    waiting_now: int


@dataclass(frozen=True, slots=True)
class PoolFacts:
    """A pool's facts, what was bought of it each day, and what that cost.

    Attributes:
        purchased, purchased_by_basis: shape (w,), seats bought on each day; 0 on days that do not count.
        seat_price, term_days: the price of one seat for the whole term, and the days of that.
        candidates: seats that might be asked for; None where the data are too old to tell.
    """

    facts: Facts
    purchased: Counts
    purchased_by_basis: Counts
    seat_price: Decimal | None
    currency: str
    term_days: int
    waits: Waits
    candidates: int | None

    def cost(self, seat_days: int) -> Decimal | None:
        """What so many seat-days cost."""
        if self.seat_price is None:
            return None
        return seat_days * self.seat_price / self.term_days


@dataclass(frozen=True, slots=True)
class Totals:
    """Some pools, the window as far as it has come, the date as of which seats are counted, the basis."""

    pools: Sequence[PoolFacts]
    # By product, over all its pools here: a person's week may lie in two of them.
    products: Sequence[Facts]
    window: Window
    as_of: date
    basis: Basis

    def total(self, name: str) -> int:
        """One of the facts, added up over everything."""
        return sum(int(getattr(facts, name).sum()) for facts in self.products)

    @property
    def held_now(self) -> int:
        """Seats held on the date."""
        return sum(len(pool.facts.seats) for pool in self.pools)

    def seats(self, *, active: bool, used: bool | None = None) -> int:
        """Seats held on the date whose holder was active in the trailing 28 days, or not."""
        found = 0
        for pool in self.pools:
            chosen = pool.facts.seat_active == active
            if used is not None:
                chosen = chosen & (pool.facts.seat_used == used)
            found += int(chosen.sum())
        return found

    def people(self, basis: Basis) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
        """Active days and seat-days of each person, and how many people were active at all."""
        suffix = "" if basis is Basis.CALENDAR_DAYS else "_by_basis"
        names = (f"active_days{suffix}", f"held_days{suffix}", "was_active")
        every = self.products
        sums = [np.concatenate([getattr(facts, name) for facts in every]) for name in names]
        if len(every) > 1:
            people, place = np.unique(
                np.concatenate([facts.person for facts in every]), return_inverse=True
            )
            sums = [np.bincount(place, weights=each, minlength=len(people)) for each in sums]
        active_days, held_days, was_active = (each.astype(np.float64) for each in sums)
        return active_days, held_days, int((was_active > 0).sum())

    def by_day(self, name: str) -> Counts:
        """Shape (w,): `purchased`, or one of the facts that are counted by the day."""
        return _added(
            [
                pool.purchased if name == "purchased" else getattr(pool.facts, name)
                for pool in self.pools
            ]
        )

    def is_oversold(self) -> bool:
        """Whether more seats were held than bought on some day."""
        return any((pool.facts.held > pool.purchased).any() for pool in self.pools)

    def flags_of_days(self) -> tuple[Flag, ...]:
        """What is to be known of figures that count days of use."""
        flags = []
        if any(pool.facts.by_week for pool in self.pools):
            flags.append(Flag.DAYS_FROM_WEEKS)
        if any(pool.facts.lower_bound for pool in self.pools):
            flags.append(Flag.LOWER_BOUND)
        return tuple(flags)

    def of_people(self, people: set[bytes]) -> "Totals":
        """The same of some of the people; nothing is bought for them."""
        return replace(
            self,
            pools=[replace(pool, facts=_part(pool.facts, people)) for pool in self.pools],
            products=[_part(facts, people) for facts in self.products],
        )

    def figure(
        self,
        metric: Metric,
        value: float | None,
        *,
        numerator: float | None = None,
        denominator: float | None = None,
        people: int | None = None,
        interval: Interval | None = None,
        flags: tuple[Flag, ...] = (),
        reason: str | None = None,
        disclosive: tuple[Share, ...] = (),
        money: Money | None = None,
        basis: Basis | None = None,
    ) -> Figure:
        """A figure of these pools over the window."""
        return Figure(
            metric=metric,
            window=self.window,
            as_of=self.as_of,
            value=value,
            numerator=numerator,
            denominator=denominator,
            people=people,
            interval=interval,
            flags=flags,
            reason=reason,
            disclosive=disclosive,
            money=money,
            basis=basis,
        )


def _added(vectors: Sequence[Counts]) -> Counts:
    total: Counts = np.sum(vectors, axis=0)
    return total


def _part(facts: Facts, people: set[bytes]) -> Facts:
    """The facts of some people alone; what is counted by the day is left as it is."""
    chosen = np.array([person in people for person in facts.person.tolist()], dtype=np.bool_)
    seats = chosen[facts.seat_person] if len(facts.seats) else np.zeros(0, dtype=np.bool_)
    return replace(
        facts,
        person=facts.person[chosen],
        held_days=facts.held_days[chosen],
        active_days=facts.active_days[chosen],
        held_days_by_basis=facts.held_days_by_basis[chosen],
        active_days_by_basis=facts.active_days_by_basis[chosen],
        was_active=facts.was_active[chosen],
        seats=facts.seats[seats],
        seat_person=facts.seat_person[seats],
        seat_active=facts.seat_active[seats],
        seat_used=facts.seat_used[seats],
    )
