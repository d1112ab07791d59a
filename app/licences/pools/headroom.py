"""Seats free on each day of a pool's term: what every write to the ledger is held against. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from app.core.periods import DAY, Window


@dataclass(frozen=True, slots=True)
class Shortage:
    """The first day with too few seats, and the most that are missing on any."""

    first_day: date
    seats: int


class Headroom:
    """Purchased less allocated seats, day by day over a term.

    Args:
        term: the days that there are seats on at all.
        purchased: (day, seats from that day on), in the order in which they were recorded.
        changes: (day, seats taken from that day on, or given back if negative).
    """

    def __init__(
        self,
        term: Window,
        purchased: Iterable[tuple[date, int]],
        changes: Iterable[tuple[date, int]],
    ) -> None:
        self.term = term
        self._bought = _purchased(term, purchased)
        steps = np.zeros(term.days + 1, dtype=np.int64)
        for day, seats in changes:
            steps[self._place(day)] += seats
        self._taken = np.cumsum(steps[:-1])

    def _place(self, day: date) -> int:
        return min(max(0, (day - self.term.starts_on).days), self.term.days)

    def _over(self, days: Window) -> slice:
        return slice(self._place(days.starts_on), self._place(days.ends_on))

    def purchased(self, day: date) -> int:
        """Seats bought on a day; none outside the term."""
        return int(self._bought[self._place(day)]) if day in self.term else 0

    def allocated(self, day: date) -> int:
        """Seats held on a day; none outside the term."""
        return int(self._taken[self._place(day)]) if day in self.term else 0

    def free(self, days: Window) -> int:
        """Seats that are free on every one of the days (of the term); below 0 where some are missing."""
        part = self._over(days)
        left = self._bought[part] - self._taken[part]
        return int(left.min()) if left.size else 0

    def take(self, days: Window, seats: int = 1) -> None:
        """Count seats as held over these days; a negative number gives them back."""
        self._taken[self._over(days)] += seats

    def shortage(self) -> Shortage | None:
        """Where more seats are held than bought, if anywhere."""
        missing = self._taken - self._bought
        if not missing.size or missing.max() <= 0:
            return None
        first = int(np.argmax(missing > 0))
        return Shortage(self.term.starts_on + first * DAY, int(missing.max()))

    def seat_days(self, days: Window) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Purchased and allocated seats, shape (days,), on each of the days; 0 outside the term."""
        inside = days.clip(self.term)
        found = np.zeros((2, days.days), dtype=np.int64)
        if inside.days:
            at = (inside.starts_on - days.starts_on).days
            part = self._over(inside)
            found[0, at : at + inside.days] = self._bought[part]
            found[1, at : at + inside.days] = self._taken[part]
        return found[0], found[1]


def _purchased(term: Window, purchased: Iterable[tuple[date, int]]) -> NDArray[np.int64]:
    seats = np.zeros(term.days, dtype=np.int64)
    # Of two for one day the later recorded holds: a dictionary keeps the last.
    for day, number in sorted(dict(purchased).items()):
        seats[max(0, (day - term.starts_on).days) :] = number
    return seats
