"""Viva Insights person query: one row a person and week, as CSV, gzipped or not.

Columns are found by name; headings come with spaces or underscores. A column that is missing is an
error unless the person who imports declares it missing: what is not in the file is never taken for zero.
"""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO, Final

from msgspec import UNSET

from app.core.errors import FieldError, Invalid
from app.core.periods import iso_week_of
from app.licences.activity.models import ANY_APP, Period
from app.licences.activity.schemas import ActivityRow
from app.licences.activity.years import counted_on
from app.people.schemas import PersonRow

Progress = Callable[[int], None]

SOURCE: Final = "viva-person-query"
MAX_ERRORS: Final = 20
_GZIP_MAGIC: Final = b"\x1f\x8b"
_MAX_DAYS: Final = 7

PERSON: Final = "PersonId"
WEEK: Final = "MetricDate"
DEPARTMENT: Final = "Organization"
JOB_FAMILY: Final = "FunctionType"
TOTAL_DAYS: Final = "Total_Copilot_active_days"

ACTIONS: Final = {
    "teams": "Copilot_actions_taken_in_Teams",
    "copilot_chat": "Copilot_actions_taken_in_Copilot_chat_(work)",
    "excel": "Copilot_actions_taken_in_Excel",
    "outlook": "Copilot_actions_taken_in_Outlook",
    "powerpoint": "Copilot_actions_taken_in_Powerpoint",
    "word": "Copilot_actions_taken_in_Word",
}
DAYS: Final = {
    "teams": "Days_of_active_Copilot_usage_in_Teams",
    "copilot_chat": "Days_of_active_Copilot_chat__work__usage",
    "excel": "Days_of_active_Copilot_usage_in_Excel",
    "outlook": "Days_of_active_Copilot_usage_in_Outlook",
    "powerpoint": "Days_of_active_Copilot_usage_in_Powerpoint",
    "word": "Days_of_active_Copilot_usage_in_Word",
    "loop": "Days_of_active_Copilot_usage_in_Loop",
    "onenote": "Days_of_active_Copilot_usage_in_OneNote",
}
_APPS: Final = tuple(dict.fromkeys((*ACTIONS, *DAYS)))
_ESSENTIAL: Final = (PERSON, WEEK, TOTAL_DAYS)
EXPECTED: Final = (
    *_ESSENTIAL,
    DEPARTMENT,
    JOB_FAMILY,
    *ACTIONS.values(),
    *DAYS.values(),
)


@dataclass(frozen=True, slots=True)
class PersonWeekRow:
    """A row of the file: counts by app, None where the file does not say."""

    line: int
    person: str
    week: date
    department: str | None
    job_family: str | None
    total_days: int | None
    actions: dict[str, int | None]
    days: dict[str, int | None]

    def activity(self, product: str) -> Iterator[ActivityRow]:
        """The rows of licence activity that this one says: the whole, then app by app."""
        parts = list(self.actions.values())
        # A sum with an unknown part is unknown, not smaller.
        total = None if None in parts else sum(count or 0 for count in parts)
        counts = {ANY_APP: (self.total_days, total)}
        counts |= {app: (self.days.get(app), self.actions.get(app)) for app in _APPS}
        for app, (active_days, actions) in counts.items():
            if active_days is not None or actions is not None:
                yield ActivityRow(
                    product=product,
                    person_external_id=self.person,
                    period=Period.WEEK,
                    period_starts_on=self.week,
                    app=app,
                    active_days=UNSET if active_days is None else active_days,
                    actions=UNSET if actions is None else actions,
                    source=SOURCE,
                )


@dataclass(slots=True)
class PersonSummary:
    """What the file says of a person: attributes from the newest week, and the first week."""

    person: str
    first_week: date
    newest_week: date
    department: str | None
    job_family: str | None

    def note(self, row: PersonWeekRow) -> None:
        self.first_week = min(self.first_week, row.week)
        if row.week >= self.newest_week:
            self.newest_week = row.week
            self.department, self.job_family = row.department, row.job_family

    @property
    def joins_on(self) -> date:
        """The Monday of the first ISO week in which the person's activity counts.

        From the week's own first day, a Sunday, access would reach into an ISO week in which nothing
        of the person's can count.
        """
        return iso_week_of(counted_on(Period.WEEK, self.first_week)).starts_on

    def as_row(self) -> PersonRow:
        """The person; attributes that the file does not give stay as they are recorded."""
        return PersonRow(
            external_id=self.person,
            department=self.department or UNSET,
            job_family=self.job_family or UNSET,
        )


@dataclass(frozen=True, slots=True)
class PersonQuery:
    """A person query on disk, and what is declared about it.

    Args:
        path: the file.
        date_format: how its dates are written, as for `strptime`; declared, never guessed.
        without: columns that the file is known not to have.
    """

    path: Path
    date_format: str = "%Y-%m-%d"
    without: frozenset[str] = frozenset()

    def check(self, on_progress: Progress = lambda _: None) -> dict[str, PersonSummary]:
        """Check the whole file; returns the people in it.

        Raises:
            Invalid: something in it cannot be read; every error names its line and column.
        """
        found: dict[str, PersonSummary] = {}
        seen: set[tuple[str, date]] = set()
        errors: list[FieldError] = []
        for position, row in self._rows(errors):
            if len(errors) >= MAX_ERRORS:
                break
            if row is None:
                continue
            if (row.person, row.week) in seen:
                detail = "This person and week stand in the file twice."
                errors.append(FieldError(f"/line/{row.line}", "duplicate_row", detail))
                continue
            seen.add((row.person, row.week))
            summary = found.setdefault(
                row.person,
                PersonSummary(row.person, row.week, row.week, row.department, row.job_family),
            )
            summary.note(row)
            on_progress(position)
        if errors:
            more = " (first ones)" if len(errors) >= MAX_ERRORS else ""
            raise Invalid(
                f"{self.path.name} cannot be imported; nothing was written. Mend these rows{more} "
                "and import it again.",
                code="rows_rejected",
                errors=errors,
            )
        if not found:
            raise Invalid(f"{self.path.name} holds no rows.", code="empty_file")
        return found

    def rows(self) -> Iterator[tuple[int, PersonWeekRow]]:
        """The rows of a file that `check` has passed, with how far it is read (bytes)."""
        errors: list[FieldError] = []
        for position, row in self._rows(errors):
            if row is None:
                raise Invalid(
                    f"{self.path.name} changed while it was imported; nothing was written. Try again.",
                    code="file_changed",
                    errors=errors,
                )
            yield position, row

    def _rows(self, errors: list[FieldError]) -> Iterator[tuple[int, PersonWeekRow | None]]:
        """Rows as they stand; None for one that cannot be read, its errors added to `errors`."""
        try:
            with self.path.open("rb") as raw, _text(raw) as text:
                reader = csv.reader(text, strict=True)
                columns = _columns(next(reader, []), self.path.name, self.without)
                for cells in reader:
                    if cells:
                        yield raw.tell(), self._row(reader.line_num, cells, columns, errors)
        except FileNotFoundError:
            raise Invalid(f"There is no file {self.path}.", code="no_such_file") from None
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise Invalid(
                f"{self.path.name} is not a complete gzip file; nothing was written. Copy it again.",
                code="broken_gzip",
            ) from None
        except UnicodeDecodeError:
            raise Invalid(
                f"{self.path.name} is not UTF-8; nothing was written. Save it as CSV UTF-8.",
                code="not_utf8",
            ) from None
        except csv.Error as error:
            raise Invalid(
                f"{self.path.name} is not valid CSV ({error}); nothing was written.",
                code="malformed_csv",
            ) from None

    def _row(
        self,
        line: int,
        cells: list[str],
        columns: dict[str, int],
        errors: list[FieldError],
    ) -> PersonWeekRow | None:
        before = len(errors)

        def wrong(column: str, code: str, detail: str) -> None:
            errors.append(FieldError(f"/line/{line}/{column}", code, detail))

        if len(cells) != columns[""]:
            detail = f"The line has {len(cells)} cells where the header has {columns['']}."
            wrong("", "wrong_number_of_cells", detail + " Was the file cut short?")
            return None

        def cell(column: str) -> str:
            return cells[columns[column]].strip() if column in columns else ""

        def count(column: str, largest: int) -> int | None:
            text = cell(column)
            if not text:
                return None
            if not text.isascii() or not text.isdigit() or int(text) > largest:
                wrong(column, "out_of_range", f"must be a whole number from 0 to {largest}")
                return None
            return int(text)

        person, week = cell(PERSON), self._date(cell(WEEK))
        if not person or len(person) > 100 or not person.isprintable():
            wrong(PERSON, "missing_field", "must be there, and at most 100 characters")
        if week is None:
            detail = f"must be a date written as {self.date_format}; declare another order with --date-format"
            wrong(WEEK, "wrong_format", detail)
        row = PersonWeekRow(
            line=line,
            person=person,
            week=week or date.min,
            department=cell(DEPARTMENT)[:200] or None,
            job_family=cell(JOB_FAMILY)[:200] or None,
            total_days=count(TOTAL_DAYS, _MAX_DAYS),
            actions={app: count(column, 1_000_000) for app, column in ACTIONS.items()},
            days={app: count(column, _MAX_DAYS) for app, column in DAYS.items()},
        )
        return row if len(errors) == before else None

    def _date(self, text: str) -> date | None:
        try:
            return datetime.strptime(text, self.date_format).date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            return None


def _text(raw: IO[bytes]) -> IO[str]:
    """The file as text, unzipped where it begins as gzip does."""
    magic = raw.read(2)
    raw.seek(0)
    binary: IO[bytes] = gzip.GzipFile(fileobj=raw) if magic == _GZIP_MAGIC else raw  # type: ignore[assignment]  # both are binary files
    return io.TextIOWrapper(binary, encoding="utf-8-sig", newline="")


def _plain(heading: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", heading.lower()).strip("_")


def _columns(header: list[str], name: str, without: Collection[str]) -> dict[str, int]:
    """Where each expected column stands; under "" how many there are.

    Raises:
        Invalid: a column is missing that was not declared so, or is there twice.
    """
    places: dict[str, list[int]] = {}
    for place, heading in enumerate(header):
        places.setdefault(_plain(heading), []).append(place)
    unknown = [column for column in without if column not in EXPECTED or column in _ESSENTIAL]
    if unknown:
        raise Invalid(
            f"--without {unknown[0]}: that column is not one of those that can be left out: "
            + ", ".join(c for c in EXPECTED if c not in _ESSENTIAL),
            code="unknown_column",
        )
    errors = []
    found = {"": len(header)}
    for column in EXPECTED:
        there = places.get(_plain(column), [])
        if len(there) > 1:
            errors.append(FieldError(f"/{column}", "duplicate_column", "stands there twice"))
        elif there:
            found[column] = there[0]
        elif column not in without:
            errors.append(FieldError(f"/{column}", "missing_column", "is not in the file"))
    if errors:
        named = ", ".join(error.pointer.removeprefix("/") for error in errors)
        raise Invalid(
            f"{name} lacks a column, or has it twice: {named}; nothing was written. Export it again with "
            "it, or declare that the file has none with --without COLUMN.",
            code=errors[0].code,
            errors=errors,
        )
    return found
