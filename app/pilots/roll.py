"""Who takes part in a pilot, as arrays: a pilot may have tens of thousands of people. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.core.arrays import Ids, array_of, places_in
from app.core.periods import Window
from app.core.working_days import working_days
from app.pilots.models import Arm, Member

ARMS: Final = tuple(Arm)
Ordinals = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Absences:
    """Shape (a,) each: the place of whoever is away, the first day, and the first one back; may overlap."""

    place: NDArray[np.intp]
    since: Ordinals
    until: Ordinals

    @classmethod
    def of(cls, person: Ids, away: Mapping[UUID, Sequence[Window]]) -> "Absences":
        """Those of these people, out of everybody's."""
        spans = [(person_id, each) for person_id, every in away.items() for each in every]
        place = places_in(person, array_of([person_id for person_id, _ in spans]))
        known = place >= 0
        since, until = _ends([each for _, each in spans])
        return cls(place[known], since[known], until[known])


@dataclass(frozen=True, slots=True)
class Roll:
    """Members of a pilot, shape (n,) each; days are ordinals, and those without an end are far away.

    Attributes:
        person: ids.
        arm: places in `ARMS`.
        since, until: the first day of taking part, and the first one after it.
        employed_since, employed_until: the same of being employed.
        away: absences; none where nobody asked.
    """

    person: Ids
    arm: NDArray[np.int8]
    since: Ordinals
    until: Ordinals
    employed_since: Ordinals
    employed_until: Ordinals
    away: Absences

    @classmethod
    def of(cls, members: Sequence[Member]) -> "Roll":
        """The same members, in the same order."""
        person = array_of([who.person_id for who in members])
        return cls(
            person,
            np.array([ARMS.index(who.arm) for who in members], dtype=np.int8),
            *_ends([who.takes_part for who in members]),
            *_ends([who.employed for who in members]),
            Absences.of(person, {who.person_id: who.away for who in members}),
        )

    def in_arm(self, arm: Arm) -> NDArray[np.bool_]:
        """Shape (n,)."""
        found: NDArray[np.bool_] = self.arm == ARMS.index(arm)
        return found

    def takes_part(self, days: Window) -> NDArray[np.bool_]:
        """Shape (n,): on one of the days at least."""
        first, after = days.starts_on.toordinal(), days.ends_on.toordinal()
        found: NDArray[np.bool_] = np.maximum(self.since, first) < np.minimum(self.until, after)
        return found

    def there(self, days: Window) -> NDArray[np.bool_]:
        """Shape (n, days): on which of them each takes part, is employed and not away."""
        since = np.maximum(self.since, self.employed_since)
        found: NDArray[np.bool_] = spans(since, np.minimum(self.until, self.employed_until), days)
        # One by one, as absences of somebody may overlap.
        away = spans(self.away.since, self.away.until, days)
        for n in np.flatnonzero(away.any(axis=1)):
            found[int(self.away.place[n]), away[n]] = False
        return found

    def at_work(self, days: Window) -> NDArray[np.bool_]:
        """Shape (n,): there on one of the working days at least."""
        found: NDArray[np.bool_] = np.any(self.there(days)[:, working_days(days)], axis=1)
        return found


def spans(since: Ordinals, until: Ordinals, days: Window) -> NDArray[np.bool_]:
    """Shape (n, days): the days from one to before another."""
    day = np.arange(days.starts_on.toordinal(), days.ends_on.toordinal(), dtype=np.int32)
    found: NDArray[np.bool_] = (since[:, None] <= day) & (day < until[:, None])
    return found


def _ends(windows: Sequence[Window]) -> tuple[Ordinals, Ordinals]:
    return (
        np.array([each.starts_on.toordinal() for each in windows], dtype=np.int32),
        np.array([each.ends_on.toordinal() for each in windows], dtype=np.int32),
    )
