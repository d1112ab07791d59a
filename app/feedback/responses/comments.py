"""Free text, shown only where ten people or more wrote in the same weeks. Pure.

The groups of weeks are fixed: made from the first week on, each as short as ten writers allow, so that no
two of them overlap and nothing follows from their difference. What is left at the end waits for more.
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


def shown(written: Iterable[Written]) -> tuple[list[Comment], bool]:
    """The texts that may be shown, and whether there are others.

    Args:
        written: answers with text, in the order of their weeks.
    """
    by_week: dict[date, list[Written]] = {}
    for each in written:
        by_week.setdefault(each.week_starts_on, []).append(each)
    comments: list[Comment] = []
    gathered: list[Written] = []
    for week, answers in by_week.items():
        gathered += answers
        writers = _writers(gathered)
        if writers >= MINIMUM_WRITERS:
            weeks = Window(gathered[0].week_starts_on, week + WEEK)
            comments += [
                Comment(weeks, writers, name, text)
                for name in TEXTS
                # Sorted by their words, they do not stand in the order of their writers.
                for text in sorted(filter(None, (getattr(each, name) for each in gathered)))
            ]
            gathered = []
    return comments, bool(gathered)


def _writers(gathered: Sequence[Written]) -> int:
    """How many people wrote at least: an anonymous answer may be of anybody who did not write in its week."""
    named = {each.person_id for each in gathered if each.person_id is not None}
    by_week = Counter(each.week_starts_on for each in gathered)
    return max(len(named), *by_week.values(), 0)
