"""Expected and covered person-days and overlaps, counted one by one: slow, and by another way than the service."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

# England's, as gov.uk lists them for the days that the tests use.
BANK_HOLIDAYS = {
    *(date(2024, 1, 1), date(2024, 3, 29), date(2024, 4, 1), date(2024, 5, 6), date(2024, 5, 27)),
    *(date(2024, 8, 26), date(2024, 12, 25), date(2024, 12, 26)),
}

Span = tuple[date, date]


@dataclass(frozen=True)
class Somebody:
    """A member: the arm, and half-open spans of taking part, of employment and of absence."""

    arm: str
    takes_part: Span
    employed: Span
    away: tuple[Span, ...]
    samples: frozenset[date]


def within(day: date, span: Span) -> bool:
    return span[0] <= day < span[1]


def days_of(span: Span) -> list[date]:
    return [span[0] + timedelta(days=n) for n in range((span[1] - span[0]).days)]


def is_open(day: date, who: Somebody, weekdays: Iterable[int], arms: Iterable[str]) -> bool:
    return (
        who.arm in arms
        and day.weekday() in weekdays
        and day not in BANK_HOLIDAYS
        and within(day, who.takes_part)
        and within(day, who.employed)
        and not any(within(day, span) for span in who.away)
    )


def counts(
    who: Somebody, span: Span, weekdays: Iterable[int], per_week: int, arms: Iterable[str]
) -> dict[tuple[int, int], tuple[int, int, int]]:
    """By ISO year and week: expected, covered, unexpected."""
    could: dict[tuple[int, int], int] = defaultdict(int)
    done: dict[tuple[int, int], int] = defaultdict(int)
    seen: dict[tuple[int, int], int] = defaultdict(int)
    for day in days_of(span):
        week = day.isocalendar()[:2]
        sampled = day in who.samples and within(day, who.takes_part)
        could[week] += is_open(day, who, weekdays, arms)
        done[week] += is_open(day, who, weekdays, arms) and sampled
        seen[week] += sampled
    found = {}
    for week, most in could.items():
        expected = min(per_week, most)
        covered = min(expected, done[week])
        found[week] = (expected, covered, seen[week] - covered)
    return found


def overlaps(spans: Sequence[tuple[datetime, float]]) -> list[bool]:
    """Each against every other."""
    ends = [begins + timedelta(minutes=minutes) for begins, minutes in spans]
    return [
        any(i != j and spans[i][0] < ends[j] and spans[j][0] < ends[i] for j in range(len(spans)))
        for i in range(len(spans))
    ]
