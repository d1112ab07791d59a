"""When jobs run: slots in UTC, so that the clocks in the street neither double nor drop one. Pure."""

from calendar import day_name
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MONDAY = timedelta(days=4)
_HOUR = 60


@dataclass(frozen=True, slots=True)
class Schedule:
    """Slots that lie `every` apart, one of them `offset` after the beginning of 1970; `words` say so."""

    every: timedelta
    offset: timedelta = timedelta(0)
    words: str = ""

    def slot_at(self, now: datetime) -> datetime:
        """The newest slot that has come by `now`."""
        return now - (now - _EPOCH - self.offset) % self.every

    def slot_of(self, day: date, now: datetime) -> datetime:
        """The newest slot by the end of a day in UTC, of those that have come by `now`."""
        ends = datetime.combine(day, time.max, UTC)
        return self.slot_at(min(ends, now))

    def next_after(self, now: datetime) -> datetime:
        """The first slot that has not come by `now`."""
        return self.slot_at(now) + self.every


def every(minutes: int) -> Schedule:
    """Every so many minutes."""
    words = "every hour" if minutes == _HOUR else f"every {minutes} minutes"
    return Schedule(timedelta(minutes=minutes), words=words)


def daily(at: time) -> Schedule:
    """Every day at a time of day in UTC."""
    return Schedule(timedelta(days=1), _since_midnight(at), f"daily at {at:%H:%M} UTC")


def weekly(day: int, at: time) -> Schedule:
    """Every week on a day (`calendar.MONDAY` and so on) at a time of day in UTC."""
    offset = _FIRST_MONDAY + timedelta(days=day) + _since_midnight(at)
    return Schedule(timedelta(weeks=1), offset, f"{day_name[day]}s at {at:%H:%M} UTC")


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute)
