"""What people did, as arrays: thousands of people have hundreds of thousands of rows of activity. Pure."""

from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.core.arrays import Ids, places_in
from app.metrics.adoption.participants import Ordinals, Participants, Places

UNKNOWN: Final = -1
# Activity of a week counts on its fourth day; it may have been on the seventh.
_MIDDLE_OF_A_WEEK: Final = 3
_END_OF_A_WEEK: Final = 6
Numbers = NDArray[np.int32]
Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of activity as they are stored, shape (n,) each; UNKNOWN stands for what is not known.

    Attributes:
        person: ids.
        product: numbers of products.
        starts: the day, or the first one of the week, as ordinals.
        is_week: whether a row is about a week.
        is_total: whether it is about all apps.
        active_days, actions: how much there was.
    """

    person: Ids
    product: Numbers
    starts: Ordinals
    is_week: Truths
    is_total: Truths
    active_days: Numbers
    actions: Numbers


@dataclass(frozen=True, slots=True)
class Records:
    """What one person did with one product in one day or week, over all apps; shape (n,) each.

    Attributes:
        place: of whoever it is among the participants.
        product, is_week, starts: as in `Rows`.
        day: the one it counts on.
        days: active days; those of the largest app where the total is not known, or UNKNOWN.
        actions: the total, or the sum of the apps where there is no total, or UNKNOWN.
        at_least: whether the days are a lower bound: days by app may lie on different days.
        contradicts: whether the total is smaller than a part of it.
        active_rows: how many rows show activity.
    """

    place: Places
    product: Numbers
    is_week: Truths
    starts: Ordinals
    day: Ordinals
    days: Numbers
    actions: NDArray[np.int64]
    at_least: Truths
    contradicts: Truths
    active_rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.place)

    @property
    def last_day(self) -> Ordinals:
        """The last day that a record speaks of."""
        found: Ordinals = self.starts + np.where(self.is_week, _END_OF_A_WEEK, 0).astype(np.int32)
        return found

    def at(self, chosen: Places | Truths | slice) -> "Records":
        """Some of them, in the order that is given."""
        return Records(*(getattr(self, field.name)[chosen] for field in fields(self)))


def counted(rows: Rows, participants: Participants, as_of: date) -> Records:
    """What rows of the same day or week of participants say together, as far as it counts up to a day."""
    day = rows.starts + np.where(rows.is_week, _MIDDLE_OF_A_WEEK, 0).astype(np.int32)
    place = _places(participants.person, rows.person)
    chosen = np.flatnonzero((place >= 0) & (day <= as_of.toordinal()))
    place, day = place[chosen], day[chosen]
    product, starts, is_week = rows.product[chosen], rows.starts[chosen], rows.is_week[chosen]
    if not len(chosen):
        return _together(rows, chosen, chosen, place, day)
    first = int(starts.min())
    key = (place * (int(product.max()) + 1) + product) * 2 + is_week
    key = key * (int(starts.max()) - first + 1) + (starts - first)
    order = np.argsort(key)
    key = key[order]
    begins = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    return _together(rows, chosen[order], begins, place[order[begins]], day[order[begins]])


def _together(rows: Rows, order: Places, begins: Places, place: Places, day: Ordinals) -> Records:
    """Rows in this order, those from each beginning to the next as one."""
    is_total, days = rows.is_total[order], rows.active_days[order]
    actions = rows.actions[order].astype(np.int64)
    shows = (days > 0) | (actions > 0) | ((days == UNKNOWN) & (actions == UNKNOWN))

    def largest(values: NDArray[np.int64] | Numbers, of: Truths) -> NDArray[np.int64]:
        found: NDArray[np.int64] = _reduced(np.maximum, np.where(of, values, UNKNOWN), begins)
        return found

    total_days, apps_days = largest(days, is_total), largest(days, ~is_total)
    total_actions, largest_app = largest(actions, is_total), largest(actions, ~is_total)
    of_apps = _reduced(np.add, np.where(is_total, 0, np.maximum(actions, 0)), begins)
    apps_actions = np.where(largest_app == UNKNOWN, UNKNOWN, of_apps)
    has_total = _reduced(np.logical_or, is_total, begins)
    contradicts = ((total_days != UNKNOWN) & (apps_days > total_days)) | (
        (total_actions != UNKNOWN) & (apps_actions > total_actions)
    )
    each = order[begins]
    return Records(
        place=place,
        product=rows.product[each],
        is_week=rows.is_week[each],
        starts=rows.starts[each],
        day=day,
        days=np.where(total_days == UNKNOWN, apps_days, total_days).astype(np.int32),
        # A total that is not known is not the sum of the apps that are.
        actions=np.where(has_total, total_actions, apps_actions),
        at_least=total_days == UNKNOWN,
        contradicts=contradicts,
        active_rows=_reduced(np.add, shows.astype(np.int64), begins),
    )


def _reduced(by: np.ufunc, values: NDArray[Any], begins: Places) -> NDArray[Any]:
    """`values` from each beginning to the next as one; shape (beginnings,)."""
    found: NDArray[Any] = by.reduceat(values, begins) if len(begins) else values[:0]
    return found


def _places(known: Ids, wanted: Ids) -> Places:
    """The same as `places_in`, of ids of which most are like the one before."""
    if not len(wanted):
        return places_in(known, wanted)
    begins = np.flatnonzero(np.append(True, wanted[1:] != wanted[:-1]))
    lengths = np.diff(np.append(begins, len(wanted)))
    found: Places = np.repeat(places_in(known, wanted[begins]), lengths)
    return found
