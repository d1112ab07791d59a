"""Whose seat might go to somebody else: the rule, on arrays of seats. Pure.

Idle days are days since the holder's last active day, since the seat was given or since the holder
started, whichever is latest, less the days on which the holder was away.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.core.periods import DAY, Window
from app.licences.reclaim.models import Tier

GRACE: Final = timedelta(days=30)
FRESH_FOR: Final = timedelta(days=4)
IDLE_FOR: Final = {
    Tier.CERTAIN: timedelta(days=90),
    Tier.PROPOSE: timedelta(days=60),
    Tier.WARN: timedelta(days=30),
}


@dataclass(frozen=True, slots=True)
class Holder:
    """What guards somebody's seat: when they started, when they are away, until when it is kept."""

    started_on: date | None = None
    away: tuple[Window, ...] = ()
    keep_until: date | None = None


@dataclass(frozen=True, slots=True)
class Idle:
    """Seats that may be asked for: shape (n,), their places, and for how many days each has been idle."""

    places: NDArray[np.intp]
    days: NDArray[np.int32]

    def tiers(self) -> list[Tier]:
        """How clear each case is."""
        return [
            next(tier for tier, least in IDLE_FOR.items() if days >= least.days)
            for days in self.days.tolist()
        ]


@dataclass(frozen=True, slots=True)
class Guarded:
    """How many seats are idle and yet not asked for, by what guards them."""

    on_leave: int = 0
    new_starter: int = 0
    kept: int = 0


def idle_at_least(
    starts: NDArray[np.int32], last_active: NDArray[np.int32], as_of: date
) -> NDArray[np.intp]:
    """Places of seats that have been held and idle for the grace period, whatever guards them.

    Args:
        starts: shape (n,), the day on which each seat was given, as an ordinal.
        last_active: shape (n,), its holder's last active day; 0 for never.
        as_of: the last day that is taken into account.
    """
    since = np.maximum(starts, last_active)
    return np.flatnonzero(as_of.toordinal() - since >= GRACE.days)


def judge(
    places: NDArray[np.intp],
    person: NDArray[np.bytes_],
    starts: NDArray[np.int32],
    last_active: NDArray[np.int32],
    holders: Mapping[bytes, Holder],
    as_of: date,
) -> tuple[Idle, Guarded]:
    """The seats among these that may be asked for, and how many are guarded.

    Args:
        places: seats, as found by `idle_at_least`.
        person, starts, last_active: shape (n,), of every seat: holder, first day, last active day.
        holders: what guards some people's seats; nothing for who is not in it.
        as_of: the last day that is taken into account.
    """
    days = as_of.toordinal() - np.maximum(starts[places], last_active[places])
    asked = np.ones(len(places), dtype=np.bool_)
    on_leave = new_starter = kept = 0
    known = np.array(list(holders), dtype=person.dtype)
    for n in np.flatnonzero(np.isin(person[places], known)).tolist():
        holder = holders[bytes(person[places[n]])]
        since = as_of - timedelta(days=int(days[n]))
        if holder.started_on is not None:
            if as_of - holder.started_on < GRACE:
                new_starter += 1
                asked[n] = False
                continue
            since = max(since, holder.started_on)
        days[n] = (as_of - since).days - _days_away(holder.away, Window(since + DAY, as_of + DAY))
        if days[n] < GRACE.days or any(as_of in away for away in holder.away):
            on_leave += 1
            asked[n] = False
        elif holder.keep_until is not None and as_of < holder.keep_until:
            kept += 1
            asked[n] = False
    return Idle(places[asked], days[asked]), Guarded(on_leave, new_starter, kept)


def _days_away(away: tuple[Window, ...], days: Window) -> int:
    """On how many of the days somebody was away; absences may overlap."""
    return len(
        {
            absence.starts_on + n * DAY
            for absence in (window.clip(days) for window in away)
            for n in range(absence.days)
        }
    )
