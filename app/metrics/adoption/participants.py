"""Who is in a pilot and has access when, as arrays: a pilot may have tens of thousands of people. Pure."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.core.arrays import Ids, places_in
from app.core.periods import Window

Ordinals = NDArray[np.int32]
Places = NDArray[np.intp]
Who = NDArray[np.bool_]


@dataclass(frozen=True)
class Participants:
    """Everybody in a pilot, and the spans over which they have access; days are ordinals.

    Attributes:
        person: ids in their order, shape (n,).
        access_from: the day that first use is counted from, shape (n,).
        place: whose each span is, shape (s,); in this order and that of the first days. Spans may overlap, and
            people of the comparison arm have none.
        since, until: its first day, and the first one after it, shape (s,).
    """

    person: Ids
    access_from: Ordinals
    place: Places
    since: Ordinals
    until: Ordinals

    @classmethod
    def of(
        cls, person: Ids, access_from: Ordinals, spans: tuple[Ids, Ordinals, Ordinals]
    ) -> "Participants":
        """People in any order; of spans the ids of whose each is, the first days, and those after them."""
        order = np.argsort(person)
        whose, since, until = spans
        place = places_in(person[order], whose)
        sequence = np.lexsort((until, since, place))
        return cls(
            person[order],
            access_from[order],
            place[sequence],
            since[sequence],
            until[sequence],
        )

    def __len__(self) -> int:
        return len(self.person)

    @cached_property
    def _first(self) -> Places:
        """Shape (n + 1,): where the spans of each begin, and where the last ones end."""
        found: Places = np.searchsorted(self.place, np.arange(len(self) + 1))
        return found

    def with_access(self, days: Window) -> Who:
        """Shape (n,): on one of the days at least."""
        first, after = days.starts_on.toordinal(), days.ends_on.toordinal()
        found = np.zeros(len(self), dtype=np.bool_)
        overlaps = np.maximum(self.since, first) < np.minimum(self.until, after)
        found[self.place[overlaps]] = True
        return found

    def had_access(self, place: Places, day: Ordinals) -> Who:
        """Shape (k,): whether each of these people had access on a day of their own, shapes (k,)."""
        found = np.zeros(len(place), dtype=np.bool_)
        if not len(self.place):
            return found
        first = self._first
        for nth in range(int(np.diff(first).max())):
            span = np.minimum(first[place] + nth, len(self.place) - 1)
            has = first[place] + nth < first[place + 1]
            found |= has & (self.since[span] <= day) & (day < self.until[span])
        return found

    def last_day_after(self, who: Who) -> Ordinals:
        """The first day after the last span of each of some people, all of whom have one."""
        return self.until[self._first[1:][who] - 1]

    def some(self, places: Places) -> "Participants":
        """Some of them, by their places in order."""
        number = np.full(len(self), -1, dtype=np.intp)
        number[places] = np.arange(len(places))
        of_them = number[self.place] >= 0
        return Participants(
            self.person[places],
            self.access_from[places],
            number[self.place[of_them]],
            self.since[of_them],
            self.until[of_them],
        )
