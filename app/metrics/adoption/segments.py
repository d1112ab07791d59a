"""Usage segments: people by how regularly they use the tool.

Source of the thresholds: Microsoft, Copilot usage segments of Viva Insights (see docs/metrics.md).
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from app.core.periods import Window
from app.metrics.adoption.history import History, PersonWeek
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


@dataclass(frozen=True, slots=True)
class Ladder:
    """How many weeks are looked back on, and in how many of them a habit shows."""

    metric: Metric
    weeks: int
    active_weeks_of_a_habit: int


def segment_of(ladder: Ladder, active_weeks: int, average: float) -> Segment:
    """The segment of somebody with so many active weeks and so many actions a week on average."""
    if active_weeks >= ladder.active_weeks_of_a_habit:
        return Segment.POWER if average >= POWER_ACTIONS_A_WEEK else Segment.HABITUAL
    if average >= NOVICE_ACTIONS_A_WEEK:
        return Segment.NOVICE
    return Segment.LOW if average > 0 else Segment.NON_USER


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
    weeks_with_access: dict[UUID, int] = defaultdict(int)
    for week in weeks:
        for person in history.with_access(week):
            weeks_with_access[person] += 1
    done: dict[UUID, list[PersonWeek]] = defaultdict(list)
    for person_week in history.person_weeks(looked_at):
        done[person_week.person_id].append(person_week)
    by_days = any(week.actions is None for used in done.values() for week in used)
    counts: dict[str, int | None] = {segment.value: 0 for segment in Segment}
    for person, had_access in weeks_with_access.items():
        amounts = [
            week.active_days if by_days else (week.actions or 0) for week in done.get(person, ())
        ]
        active_weeks = sum(amount > 0 for amount in amounts)
        segment = segment_of(ladder, active_weeks, sum(amounts) / had_access)
        counts[segment] = (counts[segment] or 0) + 1
    flags = size_flags(len(weeks_with_access))
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
        people=len(weeks_with_access),
        flags=flags,
    )
