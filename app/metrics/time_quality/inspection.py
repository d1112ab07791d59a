"""What is to be known of samples before figures are made of them: impossible days, and what will not count.

Nothing is dropped for it. Pure: samples in, counts out; they come by person, in the order of time.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from app.core.local_days import day_of, length
from app.core.periods import Window
from app.time_use.samples.models import SampleMethod
from app.time_use.samples.repository import Recorded
from app.time_use.samples.service import OUTSIDE_MEMBERS, OUTSIDE_WINDOWS, UNMAPPED
from app.time_use.taxonomies.codebook import Codebook

UNCOUNTED = (OUTSIDE_MEMBERS, OUTSIDE_WINDOWS, UNMAPPED)


class DayFlag(StrEnum):
    """Why a person-day cannot be true."""

    OVER_24_HOURS = "over_24_hours"
    OVERLAPPING_SAMPLES = "overlapping_samples"


SENTENCES: dict[DayFlag, str] = {
    DayFlag.OVER_24_HOURS: "More time is recorded than the day has: 24 hours, 23 or 25 where the clocks change.",
    DayFlag.OVERLAPPING_SAMPLES: "Samples of one person overlap: the person would have been in two places at once.",
}


@dataclass(slots=True)
class Amount:
    """How many of something, and of whom."""

    count: int = 0
    people: set[UUID] = field(default_factory=set)

    def add(self, person_id: UUID) -> None:
        self.count += 1
        self.people.add(person_id)


@dataclass(frozen=True, slots=True)
class FlaggedDay:
    """A person-day that cannot be true, with what is recorded for it."""

    person_id: UUID
    day: date
    minutes: float
    samples: int
    flags: tuple[DayFlag, ...]


@dataclass(slots=True)
class _Day:
    minutes: float = 0.0
    samples: int = 0
    overlaps: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides whether a sample counts: who takes part when, the windows, and what codes mean."""

    zone: ZoneInfo
    windows: Sequence[Window]
    members: Mapping[UUID, Window]
    codebook: Codebook


def overlapping(spans: Sequence[tuple[datetime, float]]) -> list[bool]:
    """Which of one person's samples overlap another of them.

    Args:
        spans: start and minutes of each, in the order of their starts; a sample covers
            `[start, start + minutes)`, so that one may begin as another ends.

    Returns:
        For each whether it does.
    """
    found = [False] * len(spans)
    # Of those that have begun, the one that ends last: whoever overlaps any of them overlaps it.
    latest, ends = -1, None
    for n, (begins, minutes) in enumerate(spans):
        if ends is not None and begins < ends:
            found[n] = found[latest] = True
        end = begins + timedelta(minutes=minutes)
        if ends is None or end > ends:
            latest, ends = n, end
    return found


class Inspection:
    """Looks through the samples of a pilot that began in `[since, until)`; None leaves that side open.

    Samples of a day before and after may come too: what begins in the window may overlap them.
    """

    def __init__(self, rules: Rules, since: datetime | None, until: datetime | None) -> None:
        self._rules, self._since, self._until = rules, since, until
        self._category_is_known: dict[tuple[str, str], bool] = {}
        self._of_person: list[Recorded] = []
        self.samples = Amount()
        self.sources: dict[str, Amount] = defaultdict(Amount)
        self.methods: dict[SampleMethod, Amount] = defaultdict(Amount)
        # Which sources took samples in which ways: both add up to all samples.
        self.ways: set[tuple[str, SampleMethod]] = set()
        self.uncounted = {reason: Amount() for reason in UNCOUNTED}
        self.flags: dict[str, Amount] = {flag: Amount() for flag in DayFlag}
        self.days: list[FlaggedDay] = []

    def take(self, rows: Iterable[Recorded]) -> None:
        """Look at some more samples."""
        for row in rows:
            if self._of_person and self._of_person[0].person_id != row.person_id:
                self._close_person()
            self._of_person.append(row)

    def close(self) -> None:
        """Say that these were all."""
        if self._of_person:
            self._close_person()

    def _close_person(self) -> None:
        rows, self._of_person = self._of_person, []
        lasting = [row for row in rows if _lasts(row)]
        twice = overlapping([(row.started_at, row.minutes or 0.0) for row in lasting])
        days: dict[date, _Day] = defaultdict(_Day)
        for row, overlaps in zip(lasting, twice, strict=True):
            if self._is_asked(row.started_at):
                day = days[day_of(row.started_at, self._rules.zone)]
                day.minutes += row.minutes or 0.0
                day.samples += 1
                day.overlaps |= overlaps
        for row in rows:
            if self._is_asked(row.started_at):
                self._count(row)
        for on, day in sorted(days.items()):
            self._flag(rows[0].person_id, on, day)

    def _is_asked(self, instant: datetime) -> bool:
        after = self._since is None or instant >= self._since
        return after and (self._until is None or instant < self._until)

    def _count(self, row: Recorded) -> None:
        person_id, rules = row.person_id, self._rules
        self.samples.add(person_id)
        self.sources[row.source].add(person_id)
        self.methods[row.method].add(person_id)
        self.ways.add((row.source, row.method))
        day = day_of(row.started_at, rules.zone)
        takes_part = rules.members.get(person_id)
        if takes_part is None or day not in takes_part:
            self.uncounted[OUTSIDE_MEMBERS].add(person_id)
        if not any(day in window for window in rules.windows):
            self.uncounted[OUTSIDE_WINDOWS].add(person_id)
        code = (row.source, row.category)
        if code not in self._category_is_known:
            self._category_is_known[code] = rules.codebook.category_of(*code) is not None
        if not self._category_is_known[code]:
            self.uncounted[UNMAPPED].add(person_id)

    def _flag(self, person_id: UUID, on: date, day: _Day) -> None:
        found = []
        if timedelta(minutes=day.minutes) > length(on, self._rules.zone):
            found.append(DayFlag.OVER_24_HOURS)
        if day.overlaps:
            found.append(DayFlag.OVERLAPPING_SAMPLES)
        for flag in found:
            self.flags[flag].add(person_id)
        if found:
            self.days.append(FlaggedDay(person_id, on, day.minutes, day.samples, tuple(found)))


def _lasts(row: Recorded) -> bool:
    """Whether a sample is one of a duration; a prompt asks about a moment, whatever it says of minutes."""
    return row.minutes is not None and row.method is not SampleMethod.RANDOM_MOMENT
