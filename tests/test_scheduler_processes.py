"""Schedulers as real processes: three on PostgreSQL with one killed, one alone on SQLite."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from app.audit_log import service as audit_log
from app.core.jobs.models import JobRun, RunStatus
from app.core.pagination import PageQuery
from app.jobs import service as jobs
from tests.council import Council
from tests.scheduler_process import ACTION, EVERY, PARTS
from tests.server import COMMAND, environment_for, free_port, stop

# Two minutes are asked for by PILOTLIGHT_TEST_SCHEDULER_SECONDS=120; the suite takes less.
SECONDS = float(os.environ.get("PILOTLIGHT_TEST_SCHEDULER_SECONDS", "12"))
# Three processes that start at once on a busy machine take their time.
_PATIENCE = 300.0
ROOT = Path(__file__).resolve().parent.parent

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(database_url: str, tmp_path: Path) -> Iterator[Start]:
    """Starts a scheduler on the test's database; they end with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(*words: str) -> subprocess.Popen[bytes]:
        with (tmp_path / f"{len(started)}.log").open("wb") as log:
            process = subprocess.Popen(
                words or [sys.executable, "-m", "tests.scheduler_process", str(len(started))],
                env=environment_for(database_url),
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        started.append(process)
        return process

    yield begin
    for process in started:
        stop(process)


async def until(done: Callable[[], Awaitable[bool]], seconds: float = _PATIENCE) -> None:
    """Look again and again, for so long at most."""
    deadline = time.monotonic() + seconds
    while not await done():
        assert time.monotonic() < deadline, f"not within {seconds} seconds"
        await asyncio.sleep(0.05)


async def events(council: Council) -> list[Mapping[str, str]]:
    """What was done: slot, part and by which process, in order."""
    found: list[Mapping[str, str]] = []
    query = PageQuery(limit=200)
    async with council.database.transaction(read_only=True) as session:
        while True:
            rows, cursor = await audit_log.page(
                session, council.system, query, action=ACTION, resource_id=None
            )
            found += [row.details for row in rows]
            if cursor is None:
                return found[::-1]
            query = PageQuery(limit=200, cursor=cursor)


async def runs(council: Council) -> list[JobRun]:
    query = PageQuery(limit=200)
    async with council.database.transaction(read_only=True) as session:
        rows, _ = await jobs.page(session, council.system, query, job=None, status=None)
        return rows


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
async def test_three_schedulers_run_each_slot_once_though_one_is_killed(
    council: Council, start: Start
) -> None:
    first, *_ = [start() for _ in range(3)]

    async def begun() -> bool:
        return {event["by"] for event in await events(council)} == {"0", "1", "2"}

    await until(begun)

    async def in_the_middle() -> bool:
        """Whether the first process has just done a part, and so is about to do the next."""
        last = (await events(council))[-1]
        return last["by"] == "0" and last["part"] != PARTS[-1]

    since = time.monotonic()
    await until(in_the_middle)
    first.send_signal(signal.SIGKILL)
    first.wait()
    start()

    async def over() -> bool:
        return time.monotonic() - since > SECONDS and "3" in {
            event["by"] for event in await events(council)
        }

    await until(over, SECONDS + _PATIENCE)
    done = Counter((event["slot"], event["part"]) for event in await events(council))
    slots = sorted({datetime.fromisoformat(slot) for slot, _ in done})
    ended = slots[:-1]  # the last may be under way
    assert max(done.values()) == 1, "nothing is done twice"
    assert [b - a for a, b in pairwise(slots)] == [EVERY] * (len(slots) - 1)
    assert all(done[slot.isoformat(), part] for slot in ended for part in PARTS)
    found = {run.slot: run for run in await runs(council)}
    for slot in ended:
        if slot in found:
            run = found[slot]
            assert (run.status, run.counts) == (RunStatus.SUCCEEDED, dict.fromkeys(PARTS, 1))
    by = Counter(event["by"] for event in await events(council))
    print(f"{len(slots)} slots, {sum(done.values())} parts, by process {dict(by)}")  # noqa: T201 - the figures


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_second_scheduler_of_an_sqlite_file_is_refused_until_the_first_is_gone(
    council: Council, start: Start, database_url: str, tmp_path: Path
) -> None:
    first = start()

    async def working() -> bool:
        return bool(await events(council))

    await until(working)

    def second(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *words],
            env=environment_for(database_url),
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            timeout=_PATIENCE,
            check=False,
        )

    for words in (("scheduler",), ("serve", "--port", str(free_port()))):
        refused = second(*words)
        assert refused.returncode == 1
        assert "Another process runs the jobs of this database" in refused.stderr
        assert "--no-scheduler" in refused.stderr
        assert "Traceback" not in refused.stderr
    first.send_signal(signal.SIGKILL)
    first.wait()
    # Nothing is left behind: the next one starts, and goes on where the first was killed.
    before = len(await events(council))
    start()

    async def going_on() -> bool:
        return len(await events(council)) > before + len(PARTS)

    await until(going_on)
    done = Counter((event["slot"], event["part"]) for event in await events(council))
    assert max(done.values()) == 1


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_serving_an_sqlite_file_runs_its_jobs(council: Council, start: Start) -> None:
    start(str(COMMAND), "serve", "--port", str(free_port()))

    async def run() -> bool:
        return RunStatus.SUCCEEDED in {run.status for run in await runs(council)}

    await until(run)
