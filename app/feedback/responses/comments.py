"""Free text, shown only where ten people or more wrote in the same weeks. Pure.

The groups do not depend on who asks: they are made from the first week on, each as short as ten writers allow,
and nothing follows from the difference of two. Once read, a group stays as it is: a text that comes late would
be told from the others by who read before, so it waits for the next. What is left at the end waits for more.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from app.core.periods import WEEK, Window
from app.feedback.responses.models import TEXTS
from app.feedback.responses.repository import Written

MINIMUM_WRITERS = 10


@dataclass(frozen=True, slots=True)
class Comment:
    """A text, what it is about, the weeks of its group, and how many wrote in those at least."""

    weeks: Window
    writers: int
    about: str
    text: str


def gathered(written: Iterable[Written]) -> tuple[list[list[Written]], bool]:
    """The groups that can be made of texts that are in none, and whether some are left over.

    Args:
        written: answers with text, in the order of their weeks.
    """
    by_week: dict[date, list[Written]] = {}
    for each in written:
        by_week.setdefault(each.week_starts_on, []).append(each)
    groups: list[list[Written]] = []
    group: list[Written] = []
    for answers in by_week.values():
        group += answers
        if _writers(group) >= MINIMUM_WRITERS:
            groups.append(group)
            group = []
    return groups, bool(group)


def comments_of(group: Sequence[Written]) -> list[Comment]:
    """The texts of a group, in the order of their weeks, as they are shown."""
    weeks = Window(group[0].week_starts_on, group[-1].week_starts_on + WEEK)
    writers = _writers(group)
    return [
        Comment(weeks, writers, name, text)
        for name in TEXTS
        # Sorted by their words, they do not stand in the order of their writers.
        for text in sorted(filter(None, (getattr(each, name) for each in group)))
    ]


def _writers(group: Sequence[Written]) -> int:
    """How many people wrote at least: an anonymous answer may be of anybody who did not write in its week."""
    named = {each.person_id for each in group if each.person_id is not None}
    by_week = Counter(each.week_starts_on for each in group)
    return max(len(named), *by_week.values(), 0)
