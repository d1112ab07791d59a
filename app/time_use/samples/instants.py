"""When a sample began, as files write it. Pure."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache, partial
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)

DETAIL_OFFSET = (
    "started_at must carry its offset (2024-02-08T09:00:00+00:00), or the request must state the "
    "zone of its local times (?zone=Europe/London)"
)
DETAIL_FORMAT = "started_at is not a date and time in the declared order"
DETAIL_SKIPPED = "this local time does not exist: the clocks went forward over it"


class DateOrder(StrEnum):
    """How a file writes the day of a date."""

    YEAR_FIRST = "ymd"
    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


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
            self._bounds[day] = begins(day, self._zone), begins(day + _DAY, self._zone)
        first, after = self._bounds[day]
        if instant < first:
            return day - _DAY
        return day if instant < after else day + _DAY


class InstantProblem(ValueError):
    """Why a time is none; `code` and `detail` say what to do about it, and repeat nothing."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code, self.detail = code, detail


_SHORTEST = len("2024-02-08T09:00")
_FORMATS = {
    DateOrder.DAY_FIRST: ("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S"),
    DateOrder.MONTH_FIRST: ("%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S"),
}


def reader_of(order: DateOrder, zone: ZoneInfo | None) -> Callable[[str], datetime]:
    """What turns a text of a file into an instant in UTC.

    A local time that the clocks pass twice in autumn is taken for the first of the two: both are of the
    same day, and the day is all that figures look at. One that they skip in spring is refused.

    Args:
        order: how dates are written; other than ISO 8601 they are DD/MM/YYYY HH:MM or MM/DD/YYYY HH:MM.
        zone: of times without an offset; None where there are none.

    Raises:
        InstantProblem: (by what is returned) it is no such time.
    """
    if order is DateOrder.YEAR_FIRST:
        return partial(_iso, zone)
    formats = _FORMATS[order]
    return lambda text: _instant(_spelt(text, formats), zone)


def _iso(zone: ZoneInfo | None, text: str) -> datetime:
    # Python also takes weeks, bare dates and 20240208: two of them are likelier mistakes.
    if len(text) < _SHORTEST or text[4] != "-" or text[7] != "-" or text[10] not in "Tt ":
        raise InstantProblem("wrong_format", DETAIL_FORMAT)
    try:
        told = datetime.fromisoformat(text.upper())
    except ValueError:
        raise InstantProblem("wrong_format", DETAIL_FORMAT) from None
    return told if told.tzinfo is UTC else _instant(told, zone)


def _spelt(text: str, formats: tuple[str, ...]) -> datetime:
    for each in formats:
        try:
            return datetime.strptime(text.replace(".", "/").replace("-", "/"), each)  # noqa: DTZ007 - a local time; the zone is applied next
        except ValueError:
            continue
    raise InstantProblem("wrong_format", DETAIL_FORMAT)


def _instant(told: datetime, zone: ZoneInfo | None) -> datetime:
    try:
        if told.tzinfo is not None:
            return told.astimezone(UTC)
        if zone is None:
            raise InstantProblem("missing_offset", DETAIL_OFFSET)
        instant = told.replace(tzinfo=zone).astimezone(UTC)
        back = instant.astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        raise InstantProblem("wrong_format", DETAIL_FORMAT) from None
    if abs(back - told) > timedelta(0):
        raise InstantProblem("nonexistent_time", DETAIL_SKIPPED)
    return instant
