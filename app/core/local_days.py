"""Local days as instants: when they begin, how long they are, which minutes they have. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from app.core.periods import DAY

_MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=4096)
def begins(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


class LocalDays:
    """On which local day of a zone an instant falls: the zone is asked once a day of UTC."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._bounds: dict[date, tuple[datetime, datetime]] = {}

    def of(self, instant: datetime) -> date:
        """The local day of an instant in UTC; at most a day away from that of UTC."""
        day = instant.date()
        if day not in self._bounds:
            self._bounds[day] = begins(day, self._zone), begins(day + DAY, self._zone)
        first, after = self._bounds[day]
        if instant < first:
            return day - DAY
        return day if instant < after else day + DAY


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """The local day on which an instant falls."""
    return instant.astimezone(zone).date()


def overlapped(day: date, of: ZoneInfo, zone: ZoneInfo) -> list[date]:
    """The local days of a zone that a day of another has a part in; the day itself where they are one."""
    first = day_of(begins(day, of), zone)
    last = day_of(begins(day + DAY, of) - timedelta.resolution, zone)
    return [first + n * DAY for n in range((last - first).days + 1)]


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
