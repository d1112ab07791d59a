"""Rows as CSV for a spreadsheet, with no cell that it runs."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi.responses import PlainTextResponse

from app.core.bulk.formats import CSV
from app.core.bulk.spreadsheets import guarded


class CsvResponse(PlainTextResponse):
    """Rows for a spreadsheet."""

    media_type = CSV


def sheet(name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> CsvResponse:
    """Rows as a file of a name, to be sent."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return CsvResponse(written(columns, rows), headers=headers)


def written(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as CSV, their columns in an order, the header first.

    What is not known is blank; truth and what holds others is written as JSON has it.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in columns])
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | dict | list):
        value = json.dumps(value, ensure_ascii=False)
    return guarded(str(value))
