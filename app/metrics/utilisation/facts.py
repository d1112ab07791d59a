"""What is counted of a pool's seats over a window: sums by day and by person, from the matrix. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.core.periods import DAY, Window, iso_week_of
from app.core.working_days import working_days
from app.licences.activity.years import (
    IN_THE_WEEK,
    LOWER_BOUND,
    ON_THE_DAY,
    WEEK_DAYS,
    WEEK_DAYS_SHIFT,
)
from app.licences.usage.matrix import Bytes, SeatUse
from app.licences.usage.service import last_active, records

TRAILING: Final = 28
Counts = NDArray[np.int64]


class Basis(StrEnum):
    """Which days count."""

    CALENDAR_DAYS = "calendar_days"
    WORKING_DAYS = "working_days"


def looked_at(window: Window) -> Window:
    """The days that are needed for a window: 27 more before it."""
    return Window(window.starts_on - (TRAILING - 1) * DAY, window.ends_on)


@dataclass(frozen=True, slots=True)
class Facts:
    """Sums over w days and k people (each who held a seat in the window).

    Attributes:
        held, in_use: shape (w,), seats held, and those whose holder was active in the trailing 28 days.
        active: shape (w,), people active on the day with a seat.
        person: shape (k,), who.
        held_days, active_days: shape (k,), by the calendar.
        held_days_by_basis, active_days_by_basis: shape (k,), on the days of the basis.
        was_active: shape (k,), in the window at all.
        seats: places in the matrix of the seats held on the last day.
        seat_person: shape (seats,), each one's place among the people.
        seat_active, seat_used: shape (seats,), holder active in the trailing 28 days; used since given.
        last_active: shape (n,), each seat's holder's last active day as an ordinal, 0 for never.
        records_without_seat: days and weeks of anybody's activity without any seat of the product.
    """

    held: Counts
    in_use: Counts
    active: Counts
    person: NDArray[np.bytes_]
    held_days: Counts
    active_days: Counts
    held_days_by_basis: Counts
    active_days_by_basis: Counts
    was_active: NDArray[np.bool_]
    seats: NDArray[np.intp]
    seat_person: NDArray[np.intp]
    seat_active: NDArray[np.bool_]
    seat_used: NDArray[np.bool_]
    last_active: NDArray[np.int32]
    records_without_seat: int
    by_week: bool
    lower_bound: bool


def facts_of(use: SeatUse, pool_ids: Collection[UUID], window: Window, basis: Basis) -> Facts:
    """The facts of one pool, or of several of one product taken together.

    Args:
        use: every seat of its product over `looked_at(window)`.
        pool_ids: the pools.
        window: the days that count, one at least; the last is the date as of which seats are counted.
        basis: which of them count in seat-days.
    """
    first = TRAILING - 1
    has_seat = _has_seat(use)
    covered = use.activity * has_seat.view(np.uint8)
    people, holder = _people(use.person)
    mine = np.isin(use.pool, [n for n, pool in enumerate(use.pools) if pool.id in pool_ids])
    seats_mine = has_seat[first:] if mine.all() else has_seat[first:] & mine
    active_28 = _active_in_trailing_days(_by_person(covered, holder, len(people)))
    if len(people) < len(holder):
        active_28 = active_28[:, holder]
    in_use = np.logical_and(seats_mine, active_28, out=active_28)
    of_person = _by_person(covered[first:] * seats_mine.view(np.uint8), holder, len(people))
    held_by_person = _by_person(seats_mine.view(np.uint8), holder, len(people)).view(np.bool_)
    held_days = _sums(held_by_person)
    member = held_days > 0
    if not member.all():
        of_person, held_by_person = of_person[:, member], held_by_person[:, member]
        held_days = held_days[member]
    counted = None if basis is Basis.CALENDAR_DAYS else working_days(window)
    seats = np.flatnonzero(seats_mine[-1])
    used_here = covered.any(axis=0) | (use.before >= use.starts)
    every = int(np.bitwise_or.reduce(of_person, axis=None)) if of_person.size else 0
    by_week = bool(every & IN_THE_WEEK)
    active = of_person.astype(np.bool_)
    active_days = _active_days(of_person, window, None, by_week=by_week)
    return Facts(
        held=np.count_nonzero(seats_mine, axis=1),
        in_use=np.count_nonzero(in_use, axis=1),
        active=np.count_nonzero(active, axis=1),
        person=people[member],
        held_days=held_days,
        active_days=active_days,
        held_days_by_basis=held_days if counted is None else _sums(held_by_person[counted]),
        active_days_by_basis=(
            active_days
            if counted is None
            else _active_days(of_person, window, counted, by_week=by_week)
        ),
        was_active=np.count_nonzero(active, axis=0) > 0,
        seats=seats,
        seat_person=(np.cumsum(member) - 1)[holder[seats]],
        seat_active=in_use[-1, seats],
        seat_used=used_here[seats],
        last_active=last_active(use),
        records_without_seat=records(use.activity[first:, _once(holder, len(people))])
        - records(covered[first:]),
        by_week=by_week,
        lower_bound=bool(every & LOWER_BOUND),
    )


def _has_seat(use: SeatUse) -> NDArray[np.bool_]:
    """Shape (d, n): whether each seat is held on each day."""
    first, days = use.days.starts_on.toordinal(), use.days.days
    starts = np.clip(use.starts - first, 0, days).astype(np.int16)
    ends = np.clip(use.ends - first, 0, days).astype(np.int16)
    day = np.arange(days, dtype=np.int16)[:, None]
    held: NDArray[np.bool_] = day >= starts
    held &= day < ends
    return held


def _sums(days: NDArray[np.bool_]) -> Counts:
    """How many of the days are true of each person."""
    sums: Counts = days.sum(axis=0, dtype=np.int16).astype(np.int64)
    return sums


def _people(person: NDArray[np.bytes_]) -> tuple[NDArray[np.bytes_], NDArray[np.intp]]:
    """The distinct holders, and each seat's place among them."""
    # Most have one seat. Ids whose halves differ in sum are different ones, and numbers sort faster.
    halves = np.ascontiguousarray(person).view(np.uint64).reshape(-1, 2)
    sums = np.sort(halves[:, 0] + halves[:, 1])
    if np.all(sums[1:] != sums[:-1]):
        return person, np.arange(len(person))
    people, holder = np.unique(person, return_inverse=True)
    return people, holder


def _once(holder: NDArray[np.intp], people: int) -> slice | NDArray[np.intp]:
    """Each person's first place."""
    return slice(None) if people == len(holder) else np.unique(holder, return_index=True)[1]


def _by_person(of_seat: Bytes, holder: NDArray[np.intp], people: int) -> Bytes:
    """Columns of one person put together; a person's seats never overlap, so nothing is lost."""
    if people == of_seat.shape[1]:
        return of_seat
    order = np.argsort(holder, kind="stable")
    begins = np.searchsorted(holder[order], np.arange(people))
    return np.bitwise_or.reduceat(of_seat[:, order], begins, axis=1)


def _active_in_trailing_days(activity: Bytes) -> NDArray[np.bool_]:
    """Whether there was activity in the 28 days up to each day of the window, shape (w, people)."""
    days, people = activity.shape
    found = np.empty((days - TRAILING + 1, people), dtype=np.bool_)
    # Day by day: a row of all people at once is what the processor is fastest with.
    last_seen = np.zeros(people, dtype=np.int16)
    for day in range(1, days + 1):
        on_the_day = (activity[day - 1] != 0) * np.int16(day)
        np.maximum(last_seen, on_the_day, out=last_seen)
        if day >= TRAILING:
            np.greater(last_seen, day - TRAILING, out=found[day - TRAILING])
    return found


def _active_days(
    of_person: Bytes, window: Window, counted: NDArray[np.bool_] | None, *, by_week: bool
) -> Counts:
    """Active days of each person: by ISO week the larger of the days seen and the days reported.

    `counted` None: every day counts.

    Days reported by the week lie anywhere in it: there are at most as many as days of it that count.
    """
    on_days = of_person & ON_THE_DAY
    if counted is not None:
        on_days = on_days * counted[:, None].astype(np.uint8)
    if not by_week:
        return _sums(on_days.view(np.bool_))
    reported = (of_person & WEEK_DAYS) >> WEEK_DAYS_SHIFT
    weeks = list(window.iso_weeks())
    begins = [max(0, (week.starts_on - window.starts_on).days) for week in weeks]
    if counted is not None:
        most = np.zeros((window.days, 1), dtype=np.uint8)
        for row in range(window.days):
            week = iso_week_of(window.starts_on + row * DAY)
            most[row] = working_days(week).sum()
        reported = np.minimum(reported, most)
    seen = np.add.reduceat(on_days, begins, axis=0, dtype=np.int64)
    told = np.maximum.reduceat(reported, begins, axis=0).astype(np.int64)
    larger: Counts = np.maximum(seen, told).sum(axis=0)
    return larger
