"""Time samples in bulk and one by one, each beside its limit in the same run: see docs/decisions/0024."""

import asyncio
import csv
import io
import json
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import httpx

from app.core.models import new_id
from benchmarks.empty import serving_nothing
from benchmarks.machine import Machine
from tests.databases import migrate
from tests.server import serving

ROWS, BATCH, PEOPLE, ROUNDS = 100_000, 5_000, 1_000, 3
SINGLE, SINGLE_CLIENTS = 2_000, 32
LARGE = 1_000_000
_START = datetime(2024, 1, 1, 9, tzinfo=UTC)
_CODES = ("case_notes", "visit", "travel", "supervision")
_COLUMNS = (
    *("organisation_id", "pilot_id", "source", "source_ref", "id", "person_id", "category"),
    *("started_at", "minutes", "method", "is_deleted", "batch_id"),
    *("created_at", "updated_at", "revision"),
)
_MEBIBYTE = 1024


def _rows(source: str, count: int = ROWS) -> Iterator[list[dict[str, Any]]]:
    """The same rows under a source of their own, in batches."""
    for start in range(0, count, BATCH):
        yield [
            {
                "person_external_id": f"T{n % PEOPLE}",
                "category": _CODES[n % len(_CODES)],
                "started_at": (_START + timedelta(minutes=n % ROWS)).isoformat(),
                "minutes": 5 + n % 60,
                "method": "timesheet",
                "source": source,
                "source_ref": f"{source}-{n}",
            }
            for n in range(start, start + BATCH)
        ]


def _json(rows: list[dict[str, Any]]) -> bytes:
    return json.dumps({"items": rows}).encode()


def _csv(rows: list[dict[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


_FORMS = {"application/json": _json, "text/csv": _csv}


class _Prepared:
    """A pilot with members on a service, and the rows as its database keeps them."""

    def __init__(self, on: Machine) -> None:
        people = [{"external_id": f"T{n}"} for n in range(PEOPLE)]
        on.request("POST", "/people/bulk", json={"items": people})
        window = {"starts_on": "2024-01-01", "ends_on": "2024-04-01"}
        wanted = {"code": "BENCH", "name": "Benchmark", "kind": "social_care", **window}
        self.pilot = UUID(on.request("POST", "/pilots", json=wanted)["pilot_id"])
        members = [{"person_external_id": f"T{n}", "arm": "pilot"} for n in range(PEOPLE)]
        on.request("POST", f"/pilots/{self.pilot}/members/bulk", json={"items": members})
        self.path = f"/pilots/{self.pilot}/time-samples"
        first = on.request("POST", f"{self.path}/bulk", json={"items": next(_rows("warm"))})
        assert first["accepted"] == BATCH, first
        self.batch = UUID(first["batch_id"])
        people = on.request("GET", "/people?limit=200")["items"]
        self.people = [UUID(person["person_id"]) for person in people]
        self.organisation = UUID(on.request("GET", "/organisation")["organisation_id"])
        self.on = on

    def ready(self) -> list[list[tuple[Any, ...]]]:
        """Batches of rows under a source of their own."""
        now, source = datetime.now(UTC), f"raw-{uuid4().hex[:8]}"
        return [
            [
                (self.organisation, self.pilot, source, row["source_ref"], new_id())
                + (self.people[n % len(self.people)], row["category"])
                + (datetime.fromisoformat(row["started_at"]), float(row["minutes"]))
                + ("timesheet", False, self.batch, now, now, 1)
                for n, row in enumerate(rows)
            ]
            for rows in _rows(source)
        ]

    async def bulk(self, media_type: str, clients: int) -> float:
        """Rows a second over HTTP."""
        bodies = [_FORMS[media_type](rows) for rows in _rows(f"http-{uuid4().hex[:8]}")]
        requests = [("POST", f"{self.path}/bulk", body, None) for body in bodies]
        statuses, seconds = await self.on.send(requests, clients, media_type)
        assert set(statuses) == {200}, set(statuses)
        return ROWS / seconds


async def run(on: Machine) -> None:
    """Print the service's rows a second, and the limits of the same run."""
    prepared = _Prepared(on)
    for clients in (1, 2):
        limits: list[float] = []
        found: dict[str, list[float]] = {media_type: [] for media_type in _FORMS}
        for _ in range(ROUNDS):
            limits.append(await _copy(on, prepared.ready(), clients))
            for media_type, rates in found.items():
                rates.append(await prepared.bulk(media_type, clients))
        _print(f"PostgreSQL, {clients} in flight", found, "COPY", limits)
    await _singles(on, prepared.path)
    await _sqlite(on.folder)
    await _memory(on, prepared.path)


def _print(where: str, found: dict[str, list[float]], limit: str, limits: list[float]) -> None:
    for what, rates in found.items():
        rate, most = median(rates), median(limits)
        print(
            f"time samples, {what}, {where}: {rate:,.0f}/s; {limit} {most:,.0f}/s, "
            f"ratio {rate / most:.2f}",
            flush=True,
        )


async def _copy(on: Machine, left: list[list[tuple[Any, ...]]], connections: int) -> float:
    """Rows a second of COPY into the table itself, a commit a batch."""

    async def copier() -> None:
        async with on.connection() as connection:
            while left:
                records = left.pop()
                await connection.copy_records_to_table(
                    "time_sample", records=records, columns=list(_COLUMNS)
                )

    started = time.perf_counter()
    await asyncio.gather(*(copier() for _ in range(connections)))
    return ROWS / (time.perf_counter() - started)


async def _singles(on: Machine, path: str) -> None:
    """One sample a request, beside the empty POST of a bare FastAPI application."""
    row, found, limits = next(_rows("single"))[0], [], []
    with serving_nothing(on.folder) as nothing:
        for turn in range(ROUNDS):
            empty = [("POST", "/empty", row, str(uuid4())) for _ in range(SINGLE)]
            statuses, seconds = await on.send(empty, SINGLE_CLIENTS, to=nothing)
            assert set(statuses) == {201}, set(statuses)
            limits.append(SINGLE / seconds)
            requests = [
                ("POST", path, {**row, "source_ref": f"one-{turn}-{n}"}, str(uuid4()))
                for n in range(SINGLE)
            ]
            statuses, seconds = await on.send(requests, SINGLE_CLIENTS)
            assert set(statuses) == {201}, set(statuses)
            found.append(SINGLE / seconds)
    where = f"PostgreSQL, {SINGLE_CLIENTS} clients"
    _print(where, {"one a request": found}, "empty POST", limits)


async def _sqlite(folder: Path) -> None:
    """Bulk on SQLite, beside `executemany` of rows as they are stored there."""
    file = folder / "benchmark.db"
    url = f"sqlite:///{file}"
    await asyncio.to_thread(asyncio.run, migrate(url))
    with serving(url, folder / "on_sqlite") as server:
        prepared = _Prepared(Machine(server, await server.founded("Benchmark"), url, folder))
        limits: list[float] = []
        found: dict[str, list[float]] = {media_type: [] for media_type in _FORMS}
        for _ in range(ROUNDS):
            limits.append(_executemany(file, prepared.ready()))
            for media_type, rates in found.items():
                rates.append(await prepared.bulk(media_type, 1))
    _print("SQLite", found, "executemany", limits)


def _executemany(file: Path, batches: list[list[tuple[Any, ...]]]) -> float:
    """Rows a second, a durable commit a batch; all values are as SQLite keeps them before it starts."""
    ready = [[tuple(map(_as_stored, row)) for row in rows] for rows in batches]
    connection = sqlite3.connect(file, isolation_level=None, timeout=30)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    marks = ", ".join("?" * len(_COLUMNS))
    statement = f"INSERT INTO time_sample ({', '.join(_COLUMNS)}) VALUES ({marks})"  # noqa: S608 - our own names
    started = time.perf_counter()
    for rows in ready:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(statement, rows)
        connection.execute("COMMIT")
    seconds = time.perf_counter() - started
    connection.close()
    return ROWS / seconds


def _as_stored(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(" ", "microseconds")
    return value


async def _memory(on: Machine, path: str) -> None:
    """How much the service's memory grows while it takes a body of many rows in."""
    file, process = on.folder / "large.ndjson", on.server.process.pid
    with file.open("wb") as out:
        for rows in _rows("large", LARGE):
            out.writelines(json.dumps(row).encode() + b"\n" for row in rows)
    _forget_the_most(process)
    before, started = _memory_of(process, "VmRSS"), time.perf_counter()
    headers = {
        "Authorization": f"Bearer {on.key}",
        "Content-Type": "application/x-ndjson",
        "Content-Length": str(file.stat().st_size),
    }
    url = f"{on.server.base_url}/api/v1{path}/bulk"
    async with httpx.AsyncClient(timeout=600) as client:
        answer = await client.post(url, headers=headers, content=_parts(file))
    assert answer.json()["accepted"] == LARGE, answer.text
    seconds = time.perf_counter() - started
    growth = (_memory_of(process, "VmHWM") - before) / _MEBIBYTE
    size = file.stat().st_size / _MEBIBYTE / _MEBIBYTE
    print(
        f"time samples, one NDJSON body of {LARGE:,} rows ({size:.0f} MiB): {LARGE / seconds:,.0f}/s; "
        f"memory {before / _MEBIBYTE:.0f} MiB before, grew by {growth:.0f} MiB at most; limit 100 MiB",
        flush=True,
    )


async def _parts(file: Path) -> Any:
    with file.open("rb") as source:
        while part := source.read(1 << 18):
            yield part


def _forget_the_most(process: int) -> None:
    """Let the kernel note the most memory of a process anew, as `VmHWM`."""
    Path(f"/proc/{process}/clear_refs").write_text("5", encoding="ascii")


def _memory_of(process: int, what: str) -> int:
    """KiB."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what + ":"))
