"""The ratio of admin to direct work among many samples, over HTTP; facts made anew beside a full rebuild.

The number of samples is `PILOTLIGHT_BENCH_SAMPLES` (10,000,000 are those of the target), spread over up to 300
pilots, a hundred a person and year; the ratio is asked for when a tenth of them is there, and when all are. One
pilot more has `PILOTLIGHT_BENCH_LARGE_PILOT` people and twelve weeks.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median, quantiles
from uuid import UUID

import httpx

from benchmarks.machine import Machine

SAMPLES = int(os.environ.get("PILOTLIGHT_BENCH_SAMPLES", "300_000"))
LARGE_PEOPLE = int(os.environ.get("PILOTLIGHT_BENCH_LARGE_PILOT", "20_000"))
ASKED = int(os.environ.get("PILOTLIGHT_BENCH_REQUESTS", "300"))
A_PERSON, DIRTY_DAYS, ROUNDS = 100, 300, 3
PILOTS = max(1, min(300, SAMPLES // A_PERSON // 10))
_FIRST = date(2024, 1, 1)
_YEAR = 364
_CODES = ("case_notes", "visit", "forms", "travel", "email_scheduling")
_AT_A_TIME = 100_000

# Of some of the members of pilots, by their order: $5 <= n % 10 < $6.
_SAMPLES = """
INSERT INTO time_sample (organisation_id, pilot_id, source, source_ref, id, person_id, category,
    started_at, minutes, method, is_deleted, created_at, updated_at, revision)
SELECT organisation_id, pilot_id, 'bench', n || '-' || k, gen_random_uuid(), person_id,
    ($2::text[])[1 + (n + k) % 5],
    timestamptz '2024-01-01 10:00Z' + make_interval(days => (n * 7 + k * $3 / $4) % $3),
    10 + (n * k) % 50, 'timesheet', false, now(), now(), 1
FROM (SELECT *, (row_number() OVER (PARTITION BY pilot_id ORDER BY person_id))::int AS n
      FROM pilot_member WHERE pilot_id = ANY($1)) m, generate_series(0, $4 - 1) k
WHERE n % 10 >= $5 AND n % 10 < $6
"""
_MARKS = """
INSERT INTO time_use_day_mark (organisation_id, pilot_id, local_day, mark_id)
SELECT organisation_id, id, $2::date + n, gen_random_uuid()
FROM pilot, generate_series(0, $3 - 1) n WHERE id = ANY($1)
"""


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


async def _load(
    on: Machine, pilots: Sequence[UUID], days: int, a_person: int, part: tuple[int, int]
) -> int:
    """Samples of so many tenths of the people, and a mark for every day; returns how many samples."""
    async with on.connection() as connection:
        done = await connection.execute(
            _SAMPLES, pilots, _CODES, days, a_person, *part, timeout=_LONGEST
        )
        await connection.execute(_MARKS, pilots, _FIRST, days)
        await connection.execute("VACUUM ANALYZE", timeout=_LONGEST)
    return int(done.split()[-1])


_LONGEST = 3600


def _recompute(on: Machine) -> float:
    """Seconds of the job, all days that are marked."""
    started = time.perf_counter()
    slot = ("--as-of", _next_day())
    on.server.run("jobs", "run", "recompute_daily_facts", *slot, timeout=_LONGEST)
    return time.perf_counter() - started


_DAYS = iter(range(1, 1000))


def _next_day() -> str:
    """A slot of its own for each run."""
    return (date(2025, 1, 1) + timedelta(days=next(_DAYS))).isoformat()


@dataclass(frozen=True)
class _Round:
    """Milliseconds of some requests one after another."""

    typical: float
    worst: float

    def __str__(self) -> str:
        return f"median {self.typical:.1f} ms, p99 {self.worst:.1f} ms"


def _asked(on: Machine, pilots: Sequence[UUID], times: int) -> _Round:
    """The quietest of some rounds on one connection; the first request of each pilot does not count."""
    headers = {"Authorization": f"Bearer {on.key}"}
    with httpx.Client(
        base_url=f"{on.server.base_url}/api/v1", headers=headers, timeout=60
    ) as client:

        def milliseconds(pilot: UUID) -> float:
            started = time.perf_counter()
            assert client.get(f"/pilots/{pilot}/metrics/time-use").is_success
            return 1000 * (time.perf_counter() - started)

        for pilot in pilots:
            milliseconds(pilot)
        rounds = []
        for _ in range(ROUNDS):
            found = [milliseconds(pilots[n % len(pilots)]) for n in range(times)]
            rounds.append(_Round(median(found), quantiles(found, n=100)[98]))
    return min(rounds, key=lambda each: each.worst)


def _load_average() -> str:
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


async def _mark(on: Machine, pilots: Sequence[UUID]) -> int:
    """One day of each of some pilots; returns how many."""
    async with on.connection() as connection:
        await connection.execute(_MARKS, pilots, _FIRST + timedelta(weeks=7), 1)
    return len(pilots)


async def run(on: Machine) -> None:
    """Print the milliseconds of the ratio, and the seconds of the job beside a full rebuild."""
    people = SAMPLES // A_PERSON
    numbers = _people(on, "U", people)
    each = people // PILOTS
    pilots = [
        UUID(_pilot(on, f"TU{n}", numbers[n * each : (n + 1) * each], weeks=6))
        for n in range(PILOTS)
    ]
    few = await _load(on, pilots, _YEAR, A_PERSON, (0, 1))
    _recompute(on)
    among_few = _asked(on, pilots, ASKED)
    loaded = few + await _load(on, pilots, _YEAR, A_PERSON, (1, 10))
    full = _recompute(on)
    marked = await _mark(on, pilots[:DIRTY_DAYS])
    start = _recompute(on)
    idle = median(_recompute(on) for _ in range(3))
    # On a busy machine a process may start more slowly than it works.
    part, whole = max(0.0, start - idle), max(0.001, full - idle)
    print(
        f"time use, daily facts: {loaded:,} samples made anew in {whole:.2f} s; {marked} "
        f"pilot-days in {part:.3f} s, {100 * part / whole:.1f} % of it; {_load_average()}"
    )
    among_all = _asked(on, pilots, ASKED)
    print(
        f"time use, one of {PILOTS} pilots among {loaded:,} samples: {among_all} over HTTP; among "
        f"{few:,}: {among_few}, ratio {among_all.typical / among_few.typical:.2f}; {_load_average()}"
    )
    large = UUID(_pilot(on, "LARGE", _people(on, "L", LARGE_PEOPLE), weeks=12))
    in_large = await _load(on, [large], 18 * 7, 25, (0, 10))
    _recompute(on)
    print(
        f"time use, a pilot of {LARGE_PEOPLE:,} people ({in_large:,} samples): "
        f"{_asked(on, [large], 12)} over HTTP; {_load_average()}"
    )
