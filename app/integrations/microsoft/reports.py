"""The usage user detail of Microsoft 365 Copilot, as CSV or as JSON: whom it names, and when each was last active.

Columns are found by name, never by place: orders differ between addresses, and headings have stray blanks. An
app is whatever has a date of last activity, so that an app which is new to the report is read as well. Pure.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from app.core.outward import errors
from app.licences.activity.models import ANY_APP

_REFRESHED: Final = "reportrefreshdate"
_USER: Final = "userprincipalname"
_LAST: Final = "lastactivitydate"
_NOT_IN_A_NAME: Final = re.compile(r"[^a-z0-9]+")
# What the apps are called elsewhere, as in a person query of Viva Insights.
_APPS: Final = {"": ANY_APP, "microsoftteams": "teams", "copilotchat": "copilot_chat"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the report.

    Args:
        user_name: whom it speaks of: a user principal name, or a hash of it.
        refreshed_on: the last day that the report knows of.
        last_active: by app, the last day of activity, as it is written; apps without one are left out.
    """

    user_name: str
    refreshed_on: date
    last_active: Mapping[str, str]

    @property
    def is_named(self) -> bool:
        """Whether it says who it is; where names are concealed there is a hash in their place."""
        return "@" in self.user_name


def entries_of_csv(body: bytes) -> list[Entry]:
    """The entries of a report as CSV.

    Raises:
        OutwardError: it is cut short, or another report.
    """
    try:
        lines = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        header, *rows = [cells for cells in lines if any(cell.strip() for cell in cells)]
    except (UnicodeDecodeError, csv.Error, ValueError):
        raise errors.malformed() from None
    if any(len(cells) != len(header) for cells in rows):
        raise errors.malformed()
    _check(header)
    return [_entry(zip(header, cells, strict=True)) for cells in rows]


def entries_of_json(values: Iterable[Mapping[str, Any]]) -> list[Entry]:
    """The entries of a page of the report as JSON.

    Raises:
        OutwardError: it is another report.
    """
    found = []
    for value in values:
        _check(value)
        found.append(_entry(value.items()))
    return found


def app_of(column: str) -> str | None:
    """The app whose last activity stands in a column; None where it is another one.

    `Word Copilot Last Activity Date` and `wordCopilotLastActivityDate` are both of `word`.
    """
    plain = _plain(column)
    if not plain.endswith(_LAST):
        return None
    app = plain.removesuffix(_LAST)
    app = app.removesuffix("copilot")[:64]
    return _APPS.get(app, app)


def _plain(name: str) -> str:
    return _NOT_IN_A_NAME.sub("", name.lower())


def _check(columns: Iterable[str]) -> None:
    names = [_plain(column) for column in columns]
    if not {_REFRESHED, _USER, _LAST} <= set(names) or len(set(names)) < len(names):
        raise errors.malformed()


def _entry(cells: Iterable[tuple[str, Any]]) -> Entry:
    said: dict[str, str] = {}
    last_active: dict[str, str] = {}
    for column, value in cells:
        text = value.strip() if isinstance(value, str) else ""
        if not text:
            continue  # an empty date is blank, "" or null
        app = app_of(column)
        if app is None:
            said[_plain(column)] = text
        else:
            last_active[app] = text
    try:
        return Entry(said[_USER], date.fromisoformat(said[_REFRESHED]), last_active)
    except (KeyError, ValueError):
        raise errors.malformed() from None
