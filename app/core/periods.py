"""Days, ISO weeks and half-open windows of dates."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

DAY = timedelta(days=1)
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The days from `starts_on` to the day before `ends_on`."""

    starts_on: date
    ends_on: date

    @property
    def days(self) -> int:
        return max(0, (self.ends_on - self.starts_on).days)

    def __contains__(self, day: date) -> bool:
        return self.starts_on <= day < self.ends_on

    def clip(self, other: "Window") -> "Window":
        """The part of this window within the other; it may be empty."""
        return Window(max(self.starts_on, other.starts_on), min(self.ends_on, other.ends_on))

    def until(self, last_day: date) -> "Window":
        """The part of this window up to the end of a day; where it begins later, none at that end."""
        ends_on = min(self.ends_on, last_day + DAY)
        return Window(min(self.starts_on, ends_on), ends_on)

    def counts_week(self, monday: date) -> bool:
        """Whether what is known of a whole ISO week counts here: on its fourth day."""
        return monday + 3 * DAY in self

    def overlaps(self, other: "Window") -> bool:
        return self.clip(other).days > 0

    def iso_weeks(self) -> Iterator["Window"]:
        """Every ISO week that has a day in this window, whole, in order."""
        week = iso_week_of(self.starts_on)
        while week.starts_on < self.ends_on and self.days:
            yield week
            week = Window(week.ends_on, week.ends_on + WEEK)


def iso_week_of(day: date) -> Window:
    """The ISO week (from Monday) that holds the day."""
    monday = day - timedelta(days=day.weekday())
    return Window(monday, monday + WEEK)
