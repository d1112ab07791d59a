"""The ratio of admin to direct work among many samples, over HTTP; facts made anew beside a full rebuild.

The number of samples is `PILOTLIGHT_BENCH_SAMPLES` (10,000,000 are those of the target), spread over 300 pilots,
a hundred a person and year. One pilot more has 20,000 people and twelve weeks.
"""

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from statistics import median, quantiles
from typing import Any
from uuid import UUID, uuid4

import httpx

from app.core.models import new_id
from benchmarks.machine import Machine

SAMPLES = int(os.environ.get("PILOTLIGHT_BENCH_SAMPLES", "300_000"))
PILOTS, A_PERSON, DIRTY_DAYS, ASKED = 300, 100, 300, 300
LARGE_PEOPLE = int(os.environ.get("PILOTLIGHT_BENCH_LARGE_PILOT", "20_000"))
_FIRST = date(2024, 1, 1)
_YEAR = 364
_CODES = ("case_notes", "visit", "forms", "travel", "email_scheduling")
_COLUMNS = (
    *("organisation_id", "pilot_id", "source", "source_ref", "id", "person_id", "category"),
    *("started_at", "minutes", "method", "is_deleted", "created_at", "updated_at", "revision"),
)
_AT_A_TIME = 100_000


def _pilot(on: Machine, code: str, numbers: list[str], weeks: int) -> str:
    """A pilot of these people: four weeks of baseline, two between, then its own."""
    starts_on = _FIRST + timedelta(weeks=6)
    wanted = {
        "code": code,
        "name": code,
        "kind": "social_care",
        "baseline_starts_on": str(_FIRST),
        "baseline_ends_on": str(_FIRST + timedelta(weeks=4)),
        "starts_on": str(starts_on),
        "ends_on": str(starts_on + timedelta(weeks=weeks)),
    }
    pilot_id: str = on.request("POST", "/pilots", json=wanted)["pilot_id"]
    rows = [
        {"person_external_id": number, "arm": "comparison" if n % 2 else "pilot"}
        for n, number in enumerate(numbers)
    ]
    on.request("POST", f"/pilots/{pilot_id}/members/bulk", json={"items": rows})
    return pilot_id


def _people(on: Machine, prefix: str, count: int) -> list[str]:
    numbers = [f"{prefix}{n}" for n in range(count)]
    for start in range(0, count, _AT_A_TIME):
        items = [{"external_id": number} for number in numbers[start : start + _AT_A_TIME]]
        on.request("POST", "/people/bulk", json={"items": items})
    return numbers


def _samples(
    organisation: UUID, pilot: UUID, who: list[UUID], days: int, a_person: int
) -> Iterator[tuple[Any, ...]]:
    now = datetime.now(UTC)
    begins = datetime(_FIRST.year, _FIRST.month, _FIRST.day, 10, tzinfo=UTC)
    for n, person in enumerate(who):
        for k in range(a_person):
            at = begins + timedelta(days=(n * 7 + k * days // a_person) % days)
            yield (
                *(organisation, pilot, "bench", f"{n}-{k}", new_id(), person),
                *(_CODES[(n + k) % len(_CODES)], at, float(10 + (n * k) % 50), "timesheet"),
                *(False, now, now, 1),
            )


_MARK = ("organisation_id", "pilot_id", "local_day", "mark_id")


async def _load(
    on: Machine, organisation: UUID, pilots: dict[UUID, list[UUID]], days: int, a_person: int
) -> int:
    """The samples by COPY, and a mark for every day that has some; returns how many samples."""
    loaded = 0
    async with on.connection() as connection:
        for pilot, who in pilots.items():
            records = list(_samples(organisation, pilot, who, days, a_person))
            await connection.copy_records_to_table(
                "time_sample", records=records, columns=list(_COLUMNS)
            )
            marks = [
                (organisation, pilot, _FIRST + timedelta(days=n), uuid4()) for n in range(days)
            ]
            await connection.copy_records_to_table(
                "time_use_day_mark", records=marks, columns=list(_MARK)
            )
            loaded += len(records)
        await connection.execute("ANALYZE")
    return loaded


def _recompute(on: Machine) -> float:
    """Seconds of the job, all days that are marked."""
    started = time.perf_counter()
    on.server.run("jobs", "run", "recompute_daily_facts", "--as-of", _next_day())
    return time.perf_counter() - started


_DAYS = iter(range(1, 1000))


def _next_day() -> str:
    """A slot of its own for each run."""
    return (date(2025, 1, 1) + timedelta(days=next(_DAYS))).isoformat()


def _asked(on: Machine, pilots: list[UUID], times: int) -> list[float]:
    """Milliseconds of each request, on one connection; the first of each pilot does not count."""
    found = []
    headers = {"Authorization": f"Bearer {on.key}"}
    with httpx.Client(
        base_url=f"{on.server.base_url}/api/v1", headers=headers, timeout=60
    ) as client:
        for n in range(times + len(pilots)):
            path = f"/pilots/{pilots[n % len(pilots)]}/metrics/time-use"
            started = time.perf_counter()
            assert client.get(path).is_success
            if n >= len(pilots):
                found.append(1000 * (time.perf_counter() - started))
    return found


async def run(on: Machine) -> None:
    """Print the milliseconds of the ratio, and the seconds of the job beside a full rebuild."""
    people = SAMPLES // A_PERSON
    numbers = _people(on, "U", people)
    each = people // PILOTS
    codes = [
        _pilot(on, f"TU{n}", numbers[n * each : (n + 1) * each], weeks=6) for n in range(PILOTS)
    ]
    large_numbers = _people(on, "L", LARGE_PEOPLE)
    large = _pilot(on, "LARGE", large_numbers, weeks=12)
    async with on.connection() as connection:
        rows = await connection.fetch("SELECT organisation_id, id, external_id FROM person")
    organisation = rows[0][0]
    id_of = {row[2]: row[1] for row in rows}
    pilots = {
        UUID(code): [id_of[number] for number in numbers[n * each : (n + 1) * each]]
        for n, code in enumerate(codes)
    }
    loaded = await _load(on, organisation, pilots, _YEAR, A_PERSON)
    full = _recompute(on)
    async with on.connection() as connection:
        marks = [
            (organisation, pilot, _FIRST + timedelta(weeks=7), uuid4())
            for pilot in list(pilots)[:DIRTY_DAYS]
        ]
        await connection.copy_records_to_table(
            "time_use_day_mark", records=marks, columns=list(_MARK)
        )
    start = _recompute(on)
    idle = median(_recompute(on) for _ in range(3))
    part = max(0.0, start - idle)
    print(
        f"time use, daily facts: {loaded:,} samples made anew in {full - idle:.2f} s; {len(marks)} "
        f"pilot-days in {part:.3f} s, {100 * part / (full - idle):.1f} % of it"
    )
    found = _asked(on, list(pilots), ASKED)
    print(
        f"time use, one of {PILOTS} pilots among {loaded:,} samples: median {median(found):.1f} ms, "
        f"p99 {quantiles(found, n=100)[98]:.1f} ms over HTTP"
    )
    of_large = {UUID(large): [id_of[number] for number in large_numbers]}
    in_large = await _load(on, organisation, of_large, 18 * 7, 25)
    _recompute(on)
    found = _asked(on, [UUID(large)], 12)
    print(
        f"time use, a pilot of {LARGE_PEOPLE:,} people ({in_large:,} samples): median "
        f"{median(found):.0f} ms over HTTP"
    )
