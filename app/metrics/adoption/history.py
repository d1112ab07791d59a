"""Who had access when, and what they did while having it: the one input of every adoption figure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.core.periods import Window
from app.licences.activity.models import Period
from app.metrics.adoption.participants import Participants, Places, Who
from app.metrics.adoption.records import UNKNOWN, Records

_DAYS_A_WEEK: Final = 7
# How many days a set of weekdays has, a bit a day.
_DAYS_OF: Final = np.array([n.bit_count() for n in range(1 << _DAYS_A_WEEK)], dtype=np.int64)
_NEVER: Final = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True)
class PersonWeeks:
    """What people did in ISO weeks, shape (n,) each, of a week in the order of the people.

    Attributes:
        place: whose each is.
        active_days: how many.
        actions: how many; UNKNOWN where they are not known for all of the week.
        at_least: whether the days are a lower bound.
    """

    place: Places
    active_days: NDArray[np.int64]
    actions: NDArray[np.int64]
    at_least: NDArray[np.bool_]

    @classmethod
    def of(cls, parts: Sequence["PersonWeeks"]) -> "PersonWeeks":
        """Several together; one at least."""
        return cls(
            np.concatenate([each.place for each in parts]),
            np.concatenate([each.active_days for each in parts]),
            np.concatenate([each.actions for each in parts]),
            np.concatenate([each.at_least for each in parts]),
        )


@dataclass(frozen=True, slots=True)
class Quality:
    """What is to be known of the data behind the figures."""

    rows_without_access: int | None
    contradictory_records: int | None
    latest_activity_on: date | None
    periods: list[str]
    products: list[str]

    def withheld(self) -> "Quality":
        """What anybody may know: a row, and the day of one, may be one person's."""
        return replace(
            self, rows_without_access=None, contradictory_records=None, latest_activity_on=None
        )


@dataclass(frozen=True, slots=True)
class FirstUses:
    """Shape (n,) each: days from the first day of access to the first use, or to the last look where there
    was none; and whether there was one."""

    days: NDArray[np.int32]
    used: NDArray[np.bool_]


class History:
    """Access and activity of some people.

    Args:
        participants: people of a pilot, and when they have access.
        records: what they did, up to the last day that is taken into account.
        products: what the numbers of products stand for.
    """

    def __init__(
        self, participants: Participants, records: Records, products: Sequence[str]
    ) -> None:
        self.participants = participants
        self._seen = records
        self._products = products
        is_use = records.active_rows > 0
        self._has_access = is_use & participants.had_access(records.place, records.day)
        self._is_without = is_use & ~self._has_access
        used = records.at(self._has_access)
        self._first_active = np.full(len(participants), _NEVER, dtype=np.int32)
        np.minimum.at(self._first_active, used.place, used.day)
        # By week, person and product: what is asked for is always a part of some weeks.
        week = (used.day - 1) // _DAYS_A_WEEK
        number = int(used.product.max(initial=0)) + 1
        key = (week.astype(np.int64) * len(participants) + used.place) * number + used.product
        order = np.argsort(key)
        self._used, self._week = used.at(order), week[order]
        # Segments look back on the same weeks again and again.
        self._having: dict[Window, Who] = {}
        self._counted: dict[Window, PersonWeeks] = {}

    def parts(self, group: NDArray[np.intp], groups: int) -> list["History"]:
        """The histories of some groups.

        Args:
            group: shape (people,), the number of each one's group, from 0; -1 for none.
            groups: how many there are.
        """
        ends = np.arange(groups + 1)
        people = np.argsort(group, kind="stable")
        of_record = group[self._seen.place]
        records = np.argsort(of_record, kind="stable")
        cut = np.searchsorted(group[people], ends), np.searchsorted(of_record[records], ends)
        number = np.empty(len(group), dtype=np.intp)
        found = []
        for n in range(groups):
            who = people[cut[0][n] : cut[0][n + 1]]
            number[who] = np.arange(len(who))
            own = self._seen.at(records[cut[1][n] : cut[1][n + 1]])
            own = replace(own, place=number[own.place])
            found.append(History(self.participants.some(who), own, self._products))
        return found

    def with_access(self, days: Window) -> Who:
        """Shape (people,): who had access on at least one of the days."""
        if days not in self._having:
            self._having[days] = self.participants.with_access(days)
        return self._having[days]

    def first_uses(self, days: Window) -> FirstUses:
        """Of everybody with access on one of the days: how long until the first use, as seen by their end.

        Who has not used it by then was last looked at on the last day of access, or of the days.
        """
        who, end = self.with_access(days), days.ends_on.toordinal()
        first = self._first_active[who]
        used = first < end
        last = np.minimum(self.participants.last_day_after(who), end) - 1
        until = np.where(used, first, last)
        # Access that was always there is counted from the pilot's first day.
        since = self.participants.access_from[who]
        return FirstUses(np.maximum(0, until - since), used)

    def active(self, days: Window) -> Who:
        """Shape (people,): who has activity on at least one of the days while having access."""
        found = np.zeros(len(self.participants), dtype=np.bool_)
        found[self._on(days).place] = True
        return found

    def _on(self, days: Window) -> Records:
        """Records of use on some days, by week, person and product."""
        first, after = days.starts_on.toordinal(), days.ends_on.toordinal()
        weeks = ((first - 1) // _DAYS_A_WEEK, (after - 2) // _DAYS_A_WEEK + 1)
        begins, ends = np.searchsorted(self._week, weeks)
        part = self._used.at(slice(int(begins), int(max(begins, ends))))
        within = (part.day >= first) & (part.day < after)
        return part if within.all() else part.at(within)

    def person_weeks(self, days: Window) -> PersonWeeks:
        """What each person did in each ISO week, as far as it counts on one of the days."""
        parts = [self._person_weeks_of(week.clip(days)) for week in days.iso_weeks()]
        return PersonWeeks.of(parts or [_person_weeks(self._used.at(slice(0)))])

    def _person_weeks_of(self, part: Window) -> PersonWeeks:
        """Of a part of one week."""
        if part not in self._counted:
            self._counted[part] = _person_weeks(self._on(part))
        return self._counted[part]

    def quality(self, days: Window) -> Quality:
        seen = self._seen
        first, after = days.starts_on.toordinal(), days.ends_on.toordinal()
        within = (seen.day >= first) & (seen.day < after)
        weeks = set(seen.is_week[within].tolist())
        numbers = np.flatnonzero(np.bincount(seen.product[within])).tolist()
        last = seen.last_day[within]
        return Quality(
            rows_without_access=int(seen.active_rows[within & self._is_without].sum()),
            contradictory_records=int(np.count_nonzero(seen.contradicts & within)),
            latest_activity_on=date.fromordinal(int(last.max())) if len(last) else None,
            periods=sorted(Period.WEEK if is_week else Period.DAY for is_week in weeks),
            products=sorted(self._products[n] for n in numbers),
        )


def _person_weeks(done: Records) -> PersonWeeks:
    """Records of one ISO week, by person and product. Days and weeks reported of the same use are not added
    up: the larger counts."""
    place, is_week = done.place, done.is_week
    if not len(done):
        none = np.zeros(0, dtype=np.int64)
        return PersonWeeks(place, none, none, np.zeros(0, dtype=np.bool_))
    is_next = np.append(True, place[1:] != place[:-1])
    begins = np.flatnonzero(is_next)
    of_product = np.flatnonzero(is_next | np.append(True, done.product[1:] != done.product[:-1]))
    weekday = (done.day - 1) % _DAYS_A_WEEK
    days = np.where(is_week, 0, 1 << weekday.astype(np.int64))
    days_by_day = _DAYS_OF[np.bitwise_or.reduceat(days, begins)]
    # A week that says nothing of its days had one at least.
    of_week = np.where(is_week, np.where(done.days == UNKNOWN, 1, done.days), 0)
    days_by_week = np.maximum.reduceat(of_week, begins)
    has_week = np.logical_or.reduceat(is_week, begins)
    at_least = np.logical_or.reduceat(is_week & done.at_least, begins)
    products = np.diff(np.append(np.searchsorted(of_product, begins), len(of_product)))
    known = np.minimum.reduceat(done.actions, begins) != UNKNOWN
    return PersonWeeks(
        place=place[begins],
        active_days=np.maximum(days_by_day, days_by_week),
        actions=np.where(known, _actions(done, of_product, begins), UNKNOWN),
        # Of two products, too, the days may be different ones.
        at_least=at_least | (has_week & (products > 1)),
    )


def _actions(done: Records, of_product: Places, begins: Places) -> NDArray[np.int64]:
    """Actions of each person: those with each product, added up.

    Weeks that count in one ISO week overlap, so they are not added up either.
    """
    actions = np.maximum(done.actions, 0)
    by_day = np.add.reduceat(np.where(done.is_week, 0, actions), of_product)
    by_week = np.maximum.reduceat(np.where(done.is_week, actions, 0), of_product)
    with_product = np.maximum(by_day, by_week)
    found: NDArray[np.int64] = np.add.reduceat(with_product, np.searchsorted(of_product, begins))
    return found
