"""CSV cells that a spreadsheet does not run, and that are read back as they were. Pure.

A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@`, blanks before it or not, for a formula,
and a tab or a line end at its beginning can hide one (OWASP, CSV Injection). Such a cell is written with an
apostrophe before it, which is how spreadsheets themselves mark text; reading takes exactly that one away.
A plain negative number stays as it is: there is nothing in it to run.

The files are separated by commas. A spreadsheet that is told to split at another character sees other
cells than were written, and no mark helps there.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import compress
from typing import Final

from app.core.bulk.results import RowError, miscounted

# What a file of rejected rows says about each beside its values. With the first of these names among its
# columns it is such a file, and every column that begins with the mark is a remark: no part of the row.
REMARKS: Final = ("_row", "_field", "_code", "_problem")
_MARK: Final = "_"

# Full-width signs as well, which some spreadsheets take for the plain ones.
_RUNS = re.compile(r"'*[\x00-\x20\s]*[=+\-@＝＋－＠\t\r\n]")
_NEGATIVE = re.compile(r"-(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?", re.ASCII)

Records = Iterator[list[str] | RowError]


def guarded(value: str) -> str:
    """A value as a cell that no spreadsheet runs."""
    if _RUNS.match(value) and not _NEGATIVE.fullmatch(value):
        return "'" + value
    return value


def unguarded(cell: str) -> str:
    """The value of a cell that `guarded` wrote; every other cell as it is."""
    return cell[1:] if cell.startswith("'") and _RUNS.match(cell, 1) else cell


def are_values(names: Sequence[str]) -> list[bool]:
    """Of each column or field of a file, whether it is part of the row, and not a remark on it."""
    plain = [name.strip() for name in names]
    remarked = REMARKS[0] in plain
    return [not (remarked and name.startswith(_MARK)) for name in plain]


def without_remarks(records: Records) -> Records:
    """The records of a CSV file, the header first, as their values: without remarks and guards."""
    header = next(records, None)
    if not isinstance(header, list):
        return
    kept = are_values(header)
    yield list(compress(header, kept))
    whole = all(kept)
    for cells in records:
        if isinstance(cells, RowError) or not cells:
            yield cells
        elif len(cells) != len(header):
            yield miscounted(len(cells), len(header))
        else:
            values = cells if whole else compress(cells, kept)
            yield [unguarded(cell) if cell[:1] == "'" else cell for cell in values]
