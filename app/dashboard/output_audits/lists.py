"""A list of outputs as somebody pastes it. Pure."""

import csv
import io
from typing import Final

import msgspec

from app.assurance.output_audits.schemas import OutputRow

# In the order in which a line without a header says them.
COLUMNS: Final = tuple(field.name for field in msgspec.structs.fields(OutputRow))


def as_csv(pasted: str) -> str:
    """Pasted lines as CSV with a header, which may stand above them already.

    Cells are parted by commas, or by tabs, as a spreadsheet parts them.
    """
    lines = [line for line in pasted.splitlines() if line.strip()]
    parted = "\t" if any("\t" in line for line in lines) else ","
    cells = [[cell.strip() for cell in line.split(parted)] for line in lines]
    if cells and COLUMNS[0] not in cells[0]:
        cells = [list(COLUMNS), *(row + [""] * (len(COLUMNS) - len(row)) for row in cells)]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(cells)
    return out.getvalue()
