"""Seats to test with that were last used so many days ago."""

from collections.abc import Mapping
from datetime import date, timedelta

import httpx

from tests.adoption import days, record
from tests.council import good, people
from tests.licences import pool

TODAY = date(2024, 6, 30)
TERM = {"term_starts_on": "2024-01-01", "term_ends_on": "2025-01-01", "seats": 30}
# HR number to: how many days ago the seat was given, and last used (None: never).
Staff = Mapping[str, tuple[int, int | None]]


def back(number: int) -> str:
    """The day that lies so many days before today; a negative number for one to come."""
    return str(TODAY - timedelta(days=number))


async def prepare(client: httpx.AsyncClient, staff: Staff, *, newest: int | None = 0) -> str:
    """A pool and who has its seats; somebody without one used the product so many days ago."""
    await people(client, "BUSY", *staff)
    path = await pool(client, **TERM)
    seats = [
        {"person_external_id": name, "allocated_on": back(given)}
        for name, (given, _) in staff.items()
    ]
    answer = good(await client.post(f"{path}/allocations/bulk", json={"items": seats}))
    assert answer["accepted"] == len(seats), answer
    used = [
        row
        for name, (_, last) in staff.items()
        if last is not None
        for row in days(name, back(last))
    ]
    await record(client, *used, *([] if newest is None else days("BUSY", back(newest))))
    return path
