"""Rows for a spreadsheet, with no cell that it runs."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi.responses import PlainTextResponse

from app.core.bulk.formats import CSV
from app.core.bulk.spreadsheets import guarded


class CsvResponse(PlainTextResponse):
    """Rows for a spreadsheet."""

    media_type = CSV


def sheet(name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> CsvResponse:
    """Rows as a file of a name, their columns in an order; what is not known is blank."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in columns])
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return CsvResponse(written.getvalue(), headers=headers)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return guarded(value) if isinstance(value, str) else repr(value)
