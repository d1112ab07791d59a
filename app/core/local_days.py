"""Local days as instants: when they begin, how long they are, which minutes they have. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.core.periods import DAY

_MINUTE = timedelta(minutes=1)


def begins(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """The local day on which an instant falls."""
    return instant.astimezone(zone).date()


def length(day: date, zone: ZoneInfo) -> timedelta:
    """How long a local day is: 23 or 25 hours where the clocks change on it."""
    return begins(day + DAY, zone) - begins(day, zone)


def minutes_between(day: date, since: time, until: time, zone: ZoneInfo) -> list[datetime]:
    """The minutes of a local day whose wall time lies in `[since, until)`, as instants in UTC.

    A minute that the clocks skip in spring is not among them; one that they pass twice in autumn is
    there twice, as two instants.
    """
    first = begins(day, zone)
    every = (first + n * _MINUTE for n in range(int(length(day, zone) / _MINUTE)))
    return [m for m in every if since <= m.astimezone(zone).time() < until]
