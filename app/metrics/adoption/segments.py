"""Usage segments: people by how regularly they use the tool.

Source of the thresholds: Microsoft, Copilot usage segments of Viva Insights (see docs/metrics.md).
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.core.periods import Window
from app.metrics.adoption.history import History
from app.metrics.adoption.records import UNKNOWN
from app.metrics.figures import Flag, Segments, size_flags
from app.metrics.registry import Metric

POWER_ACTIONS_A_WEEK = 15
NOVICE_ACTIONS_A_WEEK = 1


class Segment(StrEnum):
    """From the most to the least regular; the first that fits counts."""

    POWER = "power"
    HABITUAL = "habitual"
    NOVICE = "novice"
    LOW = "low"
    NON_USER = "non_user"


_SEGMENTS: Final = tuple(Segment)


@dataclass(frozen=True, slots=True)
class Ladder:
    """How many weeks are looked back on, and in how many of them a habit shows."""

    metric: Metric
    weeks: int
    active_weeks_of_a_habit: int


def segments_of(
    ladder: Ladder, active_weeks: NDArray[np.int64], average: NDArray[np.float64]
) -> dict[str, int | None]:
    """How many people are in each segment.

    Args:
        ladder: what makes a habit.
        active_weeks: shape (n,), in how many weeks each was active.
        average: shape (n,), how many actions a week each had.
    """
    is_habit = active_weeks >= ladder.active_weeks_of_a_habit
    fits = (
        is_habit & (average >= POWER_ACTIONS_A_WEEK),
        is_habit,
        average >= NOVICE_ACTIONS_A_WEEK,
        average > 0,
    )
    segment = np.select(fits, range(len(fits)), default=len(fits))
    counts = np.bincount(segment, minlength=len(_SEGMENTS)).tolist()
    return {each.value: count for each, count in zip(_SEGMENTS, counts, strict=True)}


def segments(
    history: History, ladder: Ladder, window: Window, ends_on: date, as_of: date
) -> Segments:
    """Everybody who had access in the newest ISO weeks that end in the window before `ends_on`.

    A person's average is over those of the weeks in which the person had access.
    """
    weeks = [
        week for week in Window(window.starts_on, ends_on).iso_weeks() if week.ends_on <= ends_on
    ][-ladder.weeks :]
    looked_at = Window(weeks[0].starts_on, weeks[-1].ends_on) if weeks else Window(ends_on, ends_on)
    people = len(history.participants)
    had_access = np.zeros(people, dtype=np.int64)
    for week in weeks:
        had_access += history.with_access(week)
    who = had_access > 0
    done = history.person_weeks(looked_at)
    by_days = bool((done.actions == UNKNOWN).any())
    amounts = done.active_days if by_days else done.actions
    total = np.bincount(done.place, amounts, people)[who]
    active_weeks = np.bincount(done.place[amounts > 0], minlength=people)[who]
    counts = segments_of(ladder, active_weeks, total / had_access[who])
    k = int(np.count_nonzero(who))
    flags = size_flags(k)
    if len(weeks) < ladder.weeks:
        flags = (*flags, Flag.SHORT_HISTORY)
    if by_days:
        flags = (*flags, Flag.BASIS_ACTIVE_DAYS)
    return Segments(
        metric=ladder.metric,
        window=looked_at,
        as_of=as_of,
        weeks=len(weeks),
        basis="active_days" if by_days else "actions",
        counts=counts,
        people=k,
        flags=flags,
    )
