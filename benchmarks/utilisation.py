"""Utilisation of 20,000 seats over a quarter, out of a year's activity, beside the bare SQL."""

from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

import asyncpg
import numpy as np
from numpy.typing import NDArray

from app.licences.activity.years import LENGTH, ON_THE_DAY
from benchmarks.machine import Machine, typical

SEATS = 20_000
PRODUCT = "Large"
QUARTER = {"starts_on": "2023-04-01", "ends_on": "2023-07-01"}

_SEED = 20230101
_DAYS = 365
# A tenth of the working days and up to half; one person in twelve never begins, one in seven leaves off.
_NEVER, _LEAVES_OFF, _LEFT_BY = 12, 7, 90

_PEOPLE = """
INSERT INTO person (organisation_id, id, external_id, created_at, updated_at, revision)
SELECT organisation_id, gen_random_uuid(), 'L' || n, now(), now(), 1
FROM organisation, generate_series(1, $1::int) n
"""
_ROWS = """
SELECT count(*), count(DISTINCT a.person_id)
FROM seat_allocation s
JOIN licence_activity a ON a.organisation_id = s.organisation_id AND a.person_id = s.person_id
    AND a.product = s.product AND a.period = 'day' AND a.period_starts_on >= s.allocated_on
    AND (s.released_on IS NULL OR a.period_starts_on < s.released_on)
WHERE s.product = $1 AND a.period_starts_on >= '2023-04-01' AND a.period_starts_on < '2023-07-01'
"""
_MATRIX = """
SELECT string_agg(uuid_send(s.person_id) || int4send(s.allocated_on - date '2000-01-01')
    || substr(y.days, 64, 118), ''::bytea)
FROM seat_allocation s
LEFT JOIN licence_activity_year y ON y.organisation_id = s.organisation_id
    AND y.product = s.product AND y.person_id = s.person_id AND y.year = 2023
WHERE s.product = $1
"""


def used() -> NDArray[np.bool_]:
    """Who used it on which day of the year, shape (people, days)."""
    chance = np.random.default_rng(_SEED)
    liking = chance.uniform(0.1, 0.5, (SEATS, 1))
    days = np.arange(_DAYS)
    active = chance.random((SEATS, _DAYS)) < liking
    active[:, (days + date(2023, 1, 1).weekday()) % 7 >= 5] = False
    active[::_NEVER] = False
    active[3::_LEAVES_OFF, _LEFT_BY:] = False
    return active


async def _record(connection: asyncpg.Connection) -> None:
    """A year's activity, a row a person and day, and the years that follow from it."""
    organisation, batch = await connection.fetchrow("SELECT organisation_id, id FROM import_batch")
    people = [
        row[0]
        for row in await connection.fetch("SELECT id FROM person WHERE external_id LIKE 'L%'")
    ]
    active, now = used(), datetime.now(UTC)
    first = date(2023, 1, 1)
    rows = (
        (organisation, people[who], PRODUCT, "day", first + timedelta(days=int(day)), "any", 5)
        + ("benchmark", batch, now, now, 1)
        for who, day in zip(*np.nonzero(active), strict=True)
    )
    await connection.copy_records_to_table(
        "licence_activity",
        records=rows,
        columns=[
            *("organisation_id", "person_id", "product", "period", "period_starts_on", "app"),
            *("actions", "source", "batch_id", "created_at", "updated_at", "revision"),
        ],
    )
    year = np.zeros((SEATS, LENGTH), dtype=np.uint8)
    year[:, :_DAYS] = active * np.uint8(ON_THE_DAY)
    await connection.copy_records_to_table(
        "licence_activity_year",
        records=[
            (organisation, PRODUCT, who, 2023, of_person.tobytes(), now, now, 1)
            for who, of_person in zip(people, year, strict=True)
        ],
        columns=[
            *("organisation_id", "product", "person_id", "year", "days"),
            *("created_at", "updated_at", "revision"),
        ],
    )


async def run(on: Machine) -> None:
    """Print how long a pool's utilisation takes over HTTP, and the bare SQL of the same run."""
    made = on.request(
        "POST",
        "/licence-pools",
        json={
            "name": "Large",
            "product": PRODUCT,
            "seat_price": "300.00",
            "term_starts_on": "2023-01-01",
            "term_ends_on": "2024-01-01",
            "seats": SEATS + 500,
        },
    )
    pool_id = made["pool_id"]
    async with on.connection() as connection:
        await connection.execute(_PEOPLE, SEATS)
        rows = [
            {"person_external_id": f"L{n}", "allocated_on": f"2023-01-{2 + n % 27:02}"}
            for n in range(1, SEATS + 1)
        ]
        result = on.request(
            "POST", f"/licence-pools/{pool_id}/allocations/bulk", json={"items": rows}
        )
        assert result["accepted"] == SEATS, result
        await _record(connection)
        await connection.execute("VACUUM ANALYZE")
        activity = await connection.fetchval(
            "SELECT count(*) FROM licence_activity WHERE product = $1", PRODUCT
        )
        from_rows = await typical(lambda: connection.fetch(_ROWS, PRODUCT), 3)
        matrix = await typical(lambda: connection.fetch(_MATRIX, PRODUCT), 20)
        counted = (await connection.fetchrow(_ROWS, PRODUCT))[0]
    path = f"/licence-pools/{pool_id}/utilisation"
    asked = [("GET", f"{path}?{urlencode(QUARTER)}", None, None)]
    whole = await typical(lambda: on.send(asked, clients=1), 20)
    answer = on.request("GET", path, params=QUARTER)
    active = answer["figures"]["active_user_days"]["value"]
    assert active == counted, (active, counted)
    print(
        f"utilisation, {SEATS} seats, a quarter of {activity} activity rows: {whole:.0f} ms over HTTP; "
        f"bare SQL that reads the same matrix {matrix:.0f} ms, ratio {whole / matrix:.1f}; bare sum over "
        f"the activity rows {from_rows:.0f} ms, ratio {whole / from_rows:.2f}"
    )
