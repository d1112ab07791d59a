"""The columns of somebody else's CSV file made into ours, a record at a time. Pure."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.core.bulk.results import RowError, miscounted
from app.core.bulk.spreadsheets import Records
from app.core.errors import FieldError, Invalid
from app.core.instants import DateOrder, InstantProblem, iso_date, next_time, reader_of

MINUTES, STARTED_AT = "minutes", "started_at"
_MOST_NAMED = 50


class MinutesUnit(StrEnum):
    """What a duration is counted in."""

    MINUTES = "minutes"
    HOURS = "hours"
    CLOCK = "hh:mm"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a field is read: one column, or several joined."""

    columns: tuple[str, ...]
    separator: str = " "


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """How the rows of a file become ours.

    Args:
        sources: by field of ours, where it is read.
        constants: by field of ours, what it is in every row.
        dates: those of our fields that hold a date.
        unit: what `minutes` are counted in.
        ends_at: the column with the time of day at which what began at `started_at` ended; minutes come
            from it. None where they are read, or there are none.
        order: how dates are written.
        zone: of times without an offset; None where there are none.
        ignored: columns that are known and not wanted.
    """

    sources: Mapping[str, Source]
    constants: Mapping[str, str]
    dates: frozenset[str] = frozenset()
    unit: MinutesUnit = MinutesUnit.MINUTES
    ends_at: str | None = None
    order: DateOrder = DateOrder.YEAR_FIRST
    zone: ZoneInfo | None = None
    ignored: frozenset[str] = frozenset()

    def rewrite(self, records: Records) -> Records:
        """The records of a file, its header first, as records of ours.

        Raises:
            Invalid: a column of the file is neither mapped nor ignored, or one that is mapped is not there.
        """
        first = next(records, None)
        names = [name.strip() for name in first] if isinstance(first, list) else []
        self._check(names)
        ours = [*self.sources, *([MINUTES] if self.ends_at is not None else []), *self.constants]
        yield ours
        place_of = {name: place for place, name in enumerate(names)}
        makers = list(self._makers(place_of))
        for cells in records:
            if isinstance(cells, RowError) or not cells:
                yield cells
            elif len(cells) != len(names):
                yield miscounted(len(cells), len(names))
            else:
                yield _made(makers, [cell.strip() for cell in cells])

    def restated(self, error: RowError) -> RowError:
        """An error about a field of ours, told about the column that the field is read from."""
        field = error.pointer.removeprefix("/")
        columns = self._columns_of(field)
        if not columns:
            return error
        detail = f"{error.detail.rstrip('.')}. ({field} is read from {', '.join(columns)}.)"
        return replace(error, pointer=pointer_to(columns[-1]), detail=detail[:500])

    def _columns_of(self, field: str) -> tuple[str, ...]:
        if field == MINUTES and self.ends_at is not None:
            return (self.ends_at,)
        source = self.sources.get(field)
        return source.columns if source is not None else ()

    def _check(self, names: Sequence[str]) -> None:
        mapped = [column for source in self.sources.values() for column in source.columns]
        mapped += [self.ends_at] if self.ends_at is not None else []
        problems = [
            (
                [name for name in mapped if name not in names],
                "missing_column",
                "is a column of the mapping, and not of the file",
            ),
            (
                [name for name in names if name not in mapped and name not in self.ignored],
                "unmapped_column",
                "is a column of the file that the mapping neither takes nor ignores",
            ),
            (
                [name for name in names if names.count(name) > 1],
                "duplicate_column",
                "is a column that stands there twice",
            ),
        ]
        errors = [
            FieldError(pointer_to(name), code, f"{name[:100]!r} {meaning}.")
            for found, code, meaning in problems
            for name in list(dict.fromkeys(found))[:_MOST_NAMED]
        ]
        if errors:
            raise Invalid(
                f"The columns are not those of the mapping; nothing was written. {errors[0].detail}",
                code=errors[0].code,
                errors=errors,
            )

    def _makers(self, place_of: Mapping[str, int]) -> "Iterator[_Maker]":
        """What makes the cell of each of our fields from the cells of a row, in their order."""
        for field, source in self.sources.items():
            places = [place_of[column] for column in source.columns]
            join = _joining(field, source, places)
            if field in self.dates:
                yield _then(join, lambda text: iso_date(text, self.order), field)
            elif field == MINUTES:
                yield _then(join, lambda text: minutes_of(text, self.unit), field)
            else:
                yield join
        if self.ends_at is not None:
            begins = self.sources[STARTED_AT]
            join = _joining(STARTED_AT, begins, [place_of[name] for name in begins.columns])
            yield self._until(join, place_of[self.ends_at])
        for value in self.constants.values():
            yield _always(value)

    def _until(self, begins: "_Maker", place: int) -> "_Maker":
        """Makes the minutes from when a row began and the time of day at which it ended."""
        read = reader_of(self.order, self.zone)

        def make(cells: Sequence[str]) -> str | RowError:
            text = begins(cells)
            if isinstance(text, RowError) or not cells[place] or self.zone is None:
                return ""
            try:
                began = read(text)
            except InstantProblem:
                return ""  # whoever reads started_at says what is wrong with it
            try:
                return _minutes_between(began, next_time(began, cells[place], self.zone))
            except InstantProblem as problem:
                return RowError(0, problem.code, problem.detail, f"/{MINUTES}")

        return make


_Maker = Callable[[Sequence[str]], str | RowError]


def _made(makers: Collection[_Maker], cells: Sequence[str]) -> list[str] | RowError:
    made: list[str] = []
    for make in makers:
        value = make(cells)
        if isinstance(value, RowError):
            return value
        made.append(value)
    return made


def _joining(field: str, source: Source, places: Sequence[int]) -> _Maker:
    """Puts the columns of a field together. All may be blank, but not some of them."""
    if len(places) == 1:
        (only,) = places
        return lambda cells: cells[only]

    def make(cells: Sequence[str]) -> str | RowError:
        parts = [cells[place] for place in places]
        if all(parts):
            return source.separator.join(parts)
        if not any(parts):
            return ""
        blank = source.columns[parts.index("")]
        detail = f"{blank} is blank, and {field} is made of it."
        return RowError(0, "missing_field", detail, pointer_to(blank))

    return make


def _always(value: str) -> _Maker:
    return lambda _: value


def _then(make: _Maker, rewrite: Callable[[str], str], field: str) -> _Maker:
    """The same, rewritten where it is not blank."""

    def made(cells: Sequence[str]) -> str | RowError:
        text = make(cells)
        if isinstance(text, RowError) or not text:
            return text
        try:
            return rewrite(text)
        except InstantProblem as problem:
            return RowError(0, problem.code, problem.detail, f"/{field}")

    return made


_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
_CLOCK = re.compile(r"(\d{1,4}):([0-5]\d)(?::([0-5]\d))?", re.ASCII)


def minutes_of(text: str, unit: MinutesUnit) -> str:
    """A duration in minutes, as a decimal; one that is said to be in minutes stays as it is.

    Raises:
        InstantProblem: it is not a duration of that unit.
    """
    if unit is MinutesUnit.MINUTES:
        return text
    if unit is MinutesUnit.HOURS and _NUMBER.fullmatch(text):
        return _decimal(Decimal(text) * 60)
    if unit is MinutesUnit.CLOCK and (found := _CLOCK.fullmatch(text)):
        hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return _decimal(Decimal(hours * 60 + minutes) + Decimal(seconds) / 60)
    detail = f"This is not a duration in the declared unit, {unit.value}."
    raise InstantProblem("wrong_format", detail)


def _minutes_between(began: datetime, ended: datetime) -> str:
    return _decimal(Decimal((ended - began).total_seconds()) / 60)


def _decimal(minutes: Decimal) -> str:
    return format(minutes.quantize(Decimal("0.000001")).normalize(), "f")


def pointer_to(column: str) -> str:
    """The JSON pointer of a column."""
    return "/" + column.replace("~", "~0").replace("/", "~1")[:100]
