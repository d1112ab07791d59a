"""Files to import on the command line, and what became of their rows."""

import asyncio
import csv
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.access.principals import Principal
from app.core.database import Database
from app.organisations import service as organisations
from app.pilots import service as pilots
from app.pilots.models import PilotKind
from app.pilots.schemas import PilotIn
from tests.command import Ran, Run
from tests.databases import settings_for


def counts(ran: Ran, label: str) -> list[int]:
    """New, updated, unchanged and rejected from the printed table."""
    line = next(line for line in ran.out.splitlines() if f"│ {label} " in line)
    return [int(cell) for cell in line.replace(label, "").split("│") if cell.strip()]


def write_csv(path: Path, header: Sequence[str], *rows: Sequence[str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def mend(path: Path, **values: str) -> None:
    """Put values into the one column of each that is wrong, as somebody does in a spreadsheet."""
    rows = read_csv(path)
    header = list(rows[0])
    write_csv(path, header, *([{**row, **values}[name] for name in header] for row in rows))


def rows_of(url: str, statement: str) -> list[tuple[Any, ...]]:
    """What a statement finds."""

    async def ask() -> list[tuple[Any, ...]]:
        database = Database(settings_for(url))
        try:
            async with database.engine.connect() as connection:
                return [tuple(row) for row in await connection.execute(text(statement))]
        finally:
            await database.close()

    return asyncio.run(ask())


def make_pilot(url: str, code: str = "SOCIAL", **dates: date) -> None:
    """Set a pilot up in the one organisation there is."""
    wanted = PilotIn(
        code=code,
        name="A pilot",
        kind=PilotKind.SOCIAL_CARE,
        **{"starts_on": date(2024, 1, 1), "ends_on": date(2025, 1, 1), **dates},  # type: ignore[arg-type]  # dates by name
    )

    async def make() -> None:
        database = Database(settings_for(url))
        try:
            async with database.transaction() as session:
                (owner,) = await organisations.every(session)
                await pilots.create(session, Principal.system(owner), wanted)
        finally:
            await database.close()

    asyncio.run(make())


def staff(run: Run, url: str, folder: Path, numbers: Iterable[str]) -> None:
    """Record people."""
    file = write_csv(folder / "staff.csv", ["external_id"], *([number] for number in numbers))
    assert run(url, "import", "people", str(file)).status == 0


@pytest.fixture
def council(database_url: str, run: Run) -> str:
    """The address of a database with one organisation."""
    assert run(database_url, "organisation", "create", "Test Council").status == 0
    return database_url
