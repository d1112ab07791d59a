"""Instants and dates as files write them: their order and zone are declared, never guessed. Pure."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import partial
from zoneinfo import ZoneInfo, available_timezones

from app.core.errors import Invalid

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


_ZONES = available_timezones()


def zone_of(name: str | None) -> ZoneInfo | None:
    """The zone that is called so; None where none is named.

    Raises:
        Invalid: there is no such zone.
    """
    if name is None:
        return None
    if name not in _ZONES:
        raise Invalid.field("/zone", "unknown_zone", "zone must be one of the IANA time zones")
    return ZoneInfo(name)


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


_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", re.ASCII)


def iso_date(text: str, order: DateOrder) -> str:
    """A date of a file as ISO 8601 has it; one that is said to be written so stays as it is.

    Raises:
        InstantProblem: it is no date in that order.
    """
    if order is DateOrder.YEAR_FIRST:
        return text
    found = _DATE.fullmatch(text)
    if found is not None:
        first, second, year = map(int, found.groups())
        day, month = (first, second) if order is DateOrder.DAY_FIRST else (second, first)
        with suppress(ValueError):
            return date(year, month, day).isoformat()
    raise InstantProblem("wrong_format", "This is not a date in the declared order.")


_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", re.ASCII)


def next_time(after: datetime, text: str, zone: ZoneInfo) -> datetime:
    """The first instant after another at which the clocks of a zone show a time of day.

    So work that ends at an earlier time of day than it began has gone past midnight, and on the night the
    clocks go back it lasts as long as it did. The same time of day is the instant itself.

    Args:
        after: an aware instant.
        text: a time of day, HH:MM or HH:MM:SS.
        zone: whose clocks.

    Raises:
        InstantProblem: it is no time of day, or the clocks went forward over it.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise InstantProblem("wrong_format", "This is not a time of day as HH:MM.")
    hour, minute, second = (int(part or 0) for part in found.groups())
    shown = time(hour, minute, second)
    began = after.astimezone(zone).replace(tzinfo=None)
    if shown == began.time():
        return after
    for days in (0, 1):
        told = datetime.combine(began.date() + timedelta(days), shown)
        instants = [told.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
        there = [i for i in instants if i.astimezone(zone).replace(tzinfo=None) == told]
        later = [instant for instant in there if instant > after]
        if later:
            return min(later)
        if told > began and not there:
            raise InstantProblem("nonexistent_time", DETAIL_SKIPPED)
    raise InstantProblem("nonexistent_time", DETAIL_SKIPPED)
