"""Sheets as a file of a spreadsheet (.xlsx). Text is text: nothing in it is run, followed or marked up."""

import io
from datetime import date
from decimal import Decimal
from typing import Any, Final

import xlsxwriter

from app.dashboard.workbooks.contents import Cell, Making, Sheet

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_OPTIONS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
# What a spreadsheet would run if somebody went into the cell and out again.
_RUN: Final = tuple("=+-@\t\r")
_MOST: Final = 32_767


def written(sheets: list[Sheet], making: Making) -> bytes:
    """The file."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, _OPTIONS) as book:
        book.set_properties({"title": "Figures of a pilot", "created": making.made_at})
        looks = {
            "head": book.add_format({"bold": True, "bottom": 1}),
            "day": book.add_format({"num_format": "yyyy-mm-dd"}),
            "text": book.add_format({"quote_prefix": True}),
        }
        for sheet in sheets:
            page = book.add_worksheet(sheet.name)
            for column, name in enumerate(sheet.columns):
                page.write_string(0, column, name, looks["head"])
            for number, row in enumerate(sheet.rows, start=1):
                for column, cell in enumerate(row):
                    _write(page, (number, column), cell, looks)
            page.freeze_panes(1, 0)
            page.autofit(max_width=400)
            page.set_landscape()
            page.repeat_rows(0)
            page.set_header("&LPilotlight: &A" + "&RSIMULATED DATA" * making.is_simulated)
            page.set_footer("&RPage &P of &N")
    return out.getvalue()


def _write(page: Any, at: tuple[int, int], cell: Cell, looks: dict[str, Any]) -> None:
    """A cell as what it is; never as what the library takes its text for."""
    if cell is None or cell == "":
        return
    if isinstance(cell, bool):
        page.write_boolean(*at, cell)
    elif isinstance(cell, int | float | Decimal):
        page.write_number(*at, cell)
    elif isinstance(cell, date):
        page.write_datetime(*at, cell, looks["day"])
    else:
        guarded = [looks["text"]] if cell.startswith(_RUN) else []
        page.write_string(*at, _plain(cell), *guarded)


def _plain(text: str) -> str:
    """A text that the library writes as one: it takes `<r>…</r>` for markup of its own."""
    text = text[: _MOST - 1]
    return f"{text} " if text.startswith("<r>") else text
