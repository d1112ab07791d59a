"""Time samples in bulk and one by one, beside raw COPY and the empty request of the same run."""

import asyncio
import csv
import io
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID, uuid4

from app.core.models import new_id
from benchmarks.machine import Machine

ROWS, BATCH, PEOPLE, ROUNDS = 100_000, 5_000, 1_000, 3
SINGLE, SINGLE_CLIENTS = 3_000, 32
_START = datetime(2024, 1, 1, 9, tzinfo=UTC)
_CODES = ("case_notes", "visit", "travel", "supervision")
_COLUMNS = (
    *("organisation_id", "pilot_id", "source", "source_ref", "id", "person_id", "category"),
    *("started_at", "minutes", "method", "is_deleted", "batch_id"),
    *("created_at", "updated_at", "revision"),
)


def _rows(source: str) -> Iterator[list[dict[str, Any]]]:
    """The same rows under a source of their own, in batches."""
    for start in range(0, ROWS, BATCH):
        yield [
            {
                "person_external_id": f"T{n % PEOPLE}",
                "category": _CODES[n % len(_CODES)],
                "started_at": (_START + timedelta(minutes=n)).isoformat(),
                "minutes": 5 + n % 60,
                "method": "timesheet",
                "source": source,
                "source_ref": f"{source}-{n}",
            }
            for n in range(start, start + BATCH)
        ]


def _csv(rows: list[dict[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


async def _copy(on: Machine, ids: dict[str, UUID], people: list[UUID], connections: int) -> float:
    """Rows a second of COPY into the table itself, a commit a batch."""
    organisation, pilot, batch = ids["organisation"], ids["pilot"], ids["batch"]
    now, source = datetime.now(UTC), f"raw-{uuid4().hex[:8]}"
    left = [
        [
            (organisation, pilot, source, row["source_ref"], new_id(), people[n % PEOPLE])
            + (row["category"], datetime.fromisoformat(row["started_at"]), float(row["minutes"]))
            + ("timesheet", False, batch, now, now, 1)
            for n, row in enumerate(rows)
        ]
        for rows in _rows(source)
    ]

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


async def _bulk(on: Machine, path: str, media_type: str, clients: int) -> float:
    """Rows a second over HTTP."""
    source = f"http-{uuid4().hex[:8]}"
    make = _csv if media_type == "text/csv" else lambda rows: json.dumps({"items": rows}).encode()
    bodies = [make(rows) for rows in _rows(source)]
    requests = [("POST", f"{path}/bulk", body, None) for body in bodies]
    statuses, seconds = await on.send(requests, clients, media_type)
    assert set(statuses) == {200}, set(statuses)
    return ROWS / seconds


async def run(on: Machine) -> None:
    """Print the service's rows a second, and the limits of the same run."""
    people = [{"external_id": f"T{n}"} for n in range(PEOPLE)]
    on.request("POST", "/people/bulk", json={"items": people})
    window = {"starts_on": "2024-01-01", "ends_on": "2024-04-01"}
    wanted = {"code": "BENCH", "name": "Benchmark", "kind": "social_care", **window}
    pilot = on.request("POST", "/pilots", json=wanted)["pilot_id"]
    members = [{"person_external_id": f"T{n}", "arm": "pilot"} for n in range(PEOPLE)]
    on.request("POST", f"/pilots/{pilot}/members/bulk", json={"items": members})
    path = f"/pilots/{pilot}/time-samples"
    first = on.request("POST", f"{path}/bulk", json={"items": next(_rows("warm"))})
    assert first["accepted"] == BATCH, first
    async with on.connection() as connection:
        named = await connection.fetch(
            "SELECT organisation_id, id FROM person WHERE external_id LIKE 'T%' ORDER BY external_id"
        )
    ids = {"organisation": named[0][0], "pilot": UUID(pilot), "batch": UUID(first["batch_id"])}
    who = [row[1] for row in named]
    for clients in (1, 2):
        limits, found = [], {"application/json": [], "text/csv": []}
        for _ in range(ROUNDS):
            limits.append(await _copy(on, ids, who, clients))
            for media_type, rates in found.items():
                rates.append(await _bulk(on, path, media_type, clients))
        limit = median(limits)
        for media_type, rates in found.items():
            rate = median(rates)
            print(
                f"time samples, {media_type}, {clients} in flight: {rate:,.0f} rows/s; COPY "
                f"{limit:,.0f} rows/s, ratio {rate / limit:.2f}"
            )
    row = next(_rows("single"))[0]
    requests = [
        ("POST", path, {**row, "source_ref": f"one-{n}"}, str(uuid4())) for n in range(SINGLE)
    ]
    statuses, seconds = await on.send(requests, SINGLE_CLIENTS)
    assert set(statuses) == {201}, set(statuses)
    empty, empty_seconds = await on.send([("GET", "/health", None, None)] * SINGLE, SINGLE_CLIENTS)
    rate, limit = SINGLE / seconds, len(empty) / empty_seconds
    print(
        f"time samples, one a request, {SINGLE_CLIENTS} clients: {rate:,.0f}/s; refused requests "
        f"{limit:,.0f}/s, ratio {rate / limit:.2f}"
    )
