"""Importing as a user does, on the command line: what is told, what is refused, and a kill -9."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text

from app.core.database import Database
from tests.command import Run
from tests.databases import settings_for
from tests.viva import FILE, needs_the_file, read, write

pytestmark = needs_the_file

_COMMAND = [sys.executable, "-c", "from app.cli import main; main()"]
_WRITTEN = ("person", "licence_activity", "import_batch", "pilot_member")


@pytest.fixture
def prepared(database_url: str, run: Run) -> str:
    """A database with one organisation, made on the command line."""
    assert run(database_url, "organisation", "create", "Test Council").status == 0
    return database_url


def rows_in(url: str, table: str) -> int:
    async def count() -> int:
        database = Database(settings_for(url))
        try:
            async with database.engine.connect() as connection:
                found = await connection.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 - fixed names
                return int(found or 0)
        finally:
            await database.close()

    return asyncio.run(count())


def written(url: str) -> dict[str, int]:
    return {table: rows_in(url, table) for table in _WRITTEN}


NOTHING = dict.fromkeys(_WRITTEN, 0)


def counts(output: str, label: str) -> list[int]:
    """New, updated, unchanged and rejected from the printed table."""
    line = next(line for line in output.splitlines() if f"│ {label}" in line)
    return [int(cell) for cell in line.replace(label, "").split("│") if cell.strip()]


def test_the_command_says_what_became_of_the_rows(prepared: str, run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "query.csv", read()[:600])
    dry = run(prepared, "import", "viva", str(path), "--dry-run")
    assert dry.status == 0, dry.err
    assert "dry run" in dry.out
    assert counts(dry.out, "activity") == [5400, 0, 0, 0]
    assert written(prepared) == NOTHING
    first = run(prepared, "import", "viva", str(path))
    assert first.status == 0, first.err
    assert "600 person-weeks" in first.out
    assert counts(first.out, "people") == [300, 0, 0, 0]
    assert counts(first.out, "activity") == [5400, 0, 0, 0]
    second = run(prepared, "import", "viva", str(path))
    assert counts(second.out, "people") == [0, 0, 300, 0]
    assert counts(second.out, "activity") == [0, 0, 5400, 0]


def _changed(column: str, value: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        rows = read()[:50]
        rows[7][column] = value
        write(path, rows)

    return make


def _without_a_column(path: Path) -> None:
    write(path, [{k: v for k, v in row.items() if "Word" not in k} for row in read()[:50]])


def _with_a_row_twice(path: Path) -> None:
    write(path, [*read()[:50], read()[0]])


def _cut_within_a_row(path: Path) -> None:
    write(path, read()[:50])
    path.write_bytes(path.read_bytes()[:-40])


def _broken_gzip(path: Path) -> None:
    path.write_bytes(FILE.read_bytes()[:20_000])


def _header_alone(path: Path) -> None:
    path.write_text(",".join(read()[0]) + "\n")


_TEAMS = "Copilot_actions_taken_in_Teams"
_NO_WORD = "Copilot_actions_taken_in_Word"


@pytest.mark.parametrize(
    ("make", "words", "named"),
    [
        (_without_a_column, (), _NO_WORD),
        (_changed("MetricDate", "31/03/2024"), (), "/line/9/MetricDate"),
        (_changed(_TEAMS, "several"), (), f"/line/9/{_TEAMS}"),
        (_changed(_TEAMS, "-1"), (), f"/line/9/{_TEAMS}"),
        (_changed("Total_Copilot_active_days", "8"), (), "/line/9/Total_Copilot_active_days"),
        (_with_a_row_twice, (), "twice"),
        (_cut_within_a_row, (), "cut short"),
        (_broken_gzip, (), "gzip"),
        (_header_alone, (), "no rows"),
        (_changed(_TEAMS, "1"), ("--pilot", "NONE"), "NONE"),
        (_changed(_TEAMS, "1"), ("--organisation", "Nowhere"), "Nowhere"),
        (_changed(_TEAMS, "1"), ("--without", "PersonId"), "PersonId"),
        (lambda _: None, (), "no file"),
    ],
)
def test_a_file_that_cannot_be_taken_whole_is_not_taken_at_all(
    prepared: str,
    run: Run,
    tmp_path: Path,
    make: Callable[[Path], None],
    words: tuple[str, ...],
    named: str,
) -> None:
    path = tmp_path / "query.csv"
    make(path)
    result = run(prepared, "import", "viva", str(path), *words)
    assert result.status == 1
    assert named in result.err
    assert "Traceback" not in result.err
    assert "several" not in result.err
    assert written(prepared) == NOTHING


def test_a_killed_import_leaves_nothing_and_the_next_completes_it(
    prepared: str, run: Run, tmp_path: Path
) -> None:
    # Long enough to be met at work, in the database as in the eyes of the one who looks.
    file = write(tmp_path / "query.csv", read()[:2000])
    with subprocess.Popen(
        [*_COMMAND, "import", "viva", str(file)],
        env={**os.environ, "PILOTLIGHT_DATABASE_URL": prepared},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        deadline = time.monotonic() + 300
        while not _is_writing(prepared):
            assert process.poll() is None, "it ended before it was seen writing"
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGKILL)
        assert process.wait(30) == -signal.SIGKILL
    assert written(prepared) == NOTHING
    result = run(prepared, "import", "viva", str(file))
    assert counts(result.out, "activity") == [18000, 0, 0, 0]
    assert rows_in(prepared, "licence_activity") == 18000


def _is_writing(url: str) -> bool:
    """Whether rows are being written that are not committed yet."""
    if url.startswith("sqlite:///"):
        # A large transaction spills into the write-ahead log before it commits.
        log = Path(url.removeprefix("sqlite:///") + "-wal")
        return log.exists() and log.stat().st_size > 2_000_000

    async def ask() -> bool:
        connection = await asyncpg.connect(url)
        try:
            return bool(
                await connection.fetchval(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND backend_xid IS NOT NULL AND query LIKE '%licence_activity%'"
                )
            )
        finally:
            await connection.close()

    return asyncio.run(ask())
