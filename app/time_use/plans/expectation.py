"""On which days samples are expected of whom, and on how many of them there are some. Pure.

People and days are axes of arrays of truth values, because a pilot may have thousands of either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.core.periods import DAY, Window, iso_week_of
from app.core.working_days import is_bank_holiday
from app.pilots.models import Arm, Member
from app.pilots.roll import ARMS, Roll, spans

Days = NDArray[np.bool_]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Weekdays (0 is Monday) on which samples are expected, and on how many of them a week of each person."""

    weekdays: frozenset[int]
    days_per_week: int
    arms: frozenset[Arm] = frozenset(Arm)


@dataclass(frozen=True, slots=True)
class Tally:
    """Person-days by week; each of shape (members, weeks).

    `expected` is `days_per_week`, or the open days where those are fewer; `covered` how many of the open
    days have samples, up to what is expected; `unexpected` all other days with samples. So `covered` and
    `unexpected` together are the person-days with samples.
    """

    expected: Counts
    covered: Counts
    unexpected: Counts

    @property
    def missing(self) -> Counts:
        return self.expected - self.covered


def weeks_of(days: Window) -> list[Window]:
    """The ISO weeks that have a day in these days, each clipped to them."""
    return [week.clip(days) for week in days.iso_weeks()]


def membership(roll: Roll, days: Window) -> Days:
    """Shape (members, days): on which days each of them takes part in the pilot."""
    return spans(roll.since, roll.until, days)


def open_days(schedule: Schedule, roll: Roll, days: Window) -> Days:
    """Shape (members, days): on which days samples may be expected of each.

    Those are the weekdays of the schedule that are no bank holiday, while somebody of an arm that is asked
    takes part, is employed and not away.
    """
    asked = np.array(
        [_is_asked(schedule, days.starts_on + n * DAY) for n in range(days.days)], dtype=np.bool_
    )
    of_asked = np.isin(roll.arm, [ARMS.index(arm) for arm in schedule.arms])
    return roll.there(days) & asked & of_asked[:, None]


def _is_asked(schedule: Schedule, day: date) -> bool:
    return day.weekday() in schedule.weekdays and not is_bank_holiday(day)


def sampled_days(members: Sequence[Member], days: Window, seen: Mapping[UUID, set[date]]) -> Days:
    """Shape (members, days): on which days of taking part there are samples of each.

    Args:
        members: people of a pilot.
        days: the days asked for.
        seen: local days with samples by person; days outside `days` are left out.
    """
    found = np.zeros((len(members), days.days), dtype=np.bool_)
    for n, member in enumerate(members):
        places = [(d - days.starts_on).days for d in seen.get(member.person_id, ()) if d in days]
        found[n, places] = True
    return found & membership(Roll.of(members), days)


def tally(schedule: Schedule, days: Window, may: Days, sampled: Days) -> Tally:
    """Person-days expected, covered and not expected in each of `weeks_of(days)`.

    Args:
        schedule: of which days a week how many are expected.
        days: the days asked for; a week that they cut is counted for its part of it.
        may: shape (members, days), as by `open_days`.
        sampled: the same shape, as by `sampled_days`.
    """
    expected = np.minimum(_by_week(may, days), schedule.days_per_week)
    covered = np.minimum(_by_week(may & sampled, days), expected)
    return Tally(expected, covered, _by_week(sampled, days) - covered)


def _by_week(found: Days, days: Window) -> Counts:
    """Shape (members, weeks): how many of each week's days are true."""
    if not days.days:
        return np.zeros((len(found), 0), dtype=np.int64)
    firsts = [(week.starts_on - days.starts_on).days for week in weeks_of(days)]
    return np.add.reduceat(found, firsts, axis=1, dtype=np.int64)


def missing_days(days: Window, may: Days, sampled: Days, counts: Tally) -> list[list[date]]:
    """By member the open days without samples, in those weeks that lack some."""
    lacking = counts.missing > 0
    week_of = _week_places(days)
    without = may & ~sampled & lacking[:, week_of]
    return [[days.starts_on + int(place) * DAY for place in np.flatnonzero(row)] for row in without]


def _week_places(days: Window) -> NDArray[np.int64]:
    """Shape (days,): in which of `weeks_of(days)` each of them lies."""
    if not days.days:
        return np.zeros(0, dtype=np.int64)
    monday = iso_week_of(days.starts_on).starts_on
    offset = (days.starts_on - monday).days
    return (np.arange(days.days) + offset) // 7
