"""Daily facts held against their samples: what differs is told, counted and made anew."""

from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
import time_machine
from sqlalchemy import text
from structlog.testing import capture_logs

from app.core.bulk.formats import Parsed
from app.core.bulk.requests import BulkOptions
from app.scheduler import tick
from app.time_use.samples import service as time_samples
from app.time_use.samples.schemas import SampleRow
from app.time_use.samples.service import Notation
from tests.council import Council, good
from tests.feedback import lead_of
from tests.scheduled import run_job
from tests.time_use import marks, member_of, pilot_of, read, record, recorded

JOB = "verify_facts"
MORNING = "2024-03-20T03:00"


async def facts_of(council: Council, *rows: dict[str, Any]) -> tuple[httpx.AsyncClient, str]:
    """A pilot whose samples have been made into facts; returns its lead and address."""
    admin, path = await pilot_of(council, [member_of(1)])
    await record(admin, path, list(rows))
    with time_machine.travel("2024-03-19T12:00Z", tick=False):
        await tick(council.database)
    assert await marks(council) == []
    return await lead_of(council, path), path


async def damage(council: Council, change: str) -> None:
    async with council.database.engine.begin() as connection:
        await connection.execute(text(f"{change} WHERE organisation_id IS NOT NULL"))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE time_use_day SET samples = 0, entries = (SELECT min(entries) FROM time_use_day"
        " WHERE organisation_id IS NOT NULL AND local_day = '2024-03-06')",
        "DELETE FROM time_use_day",
    ],
)
async def test_a_day_that_differs_is_told_counted_and_made_anew(
    council: Council, change: str
) -> None:
    five = [recorded(1, "2024-03-05", "visit", 60), recorded(1, "2024-03-06", "forms", 30)]
    lead, path = await facts_of(council, *five)
    assert await run_job(council, JOB, "2024-03-18T03:00") == {
        "pilots": 1,
        "days": 35,
        "differences": 0,
    }
    await damage(council, change)
    wrong = 1 if change.startswith("UPDATE") else 2
    with capture_logs() as told:
        assert (await run_job(council, JOB, MORNING))["differences"] == wrong
    days = ["2024-03-05", "2024-03-06"][:wrong]
    assert [each["day"] for each in told if each["event"] == "daily_facts_differ"] == days
    assert [day for day, _ in await marks(council)] == days
    # Marked days are read from their samples at once, and are facts again after the next run.
    for _ in range(2):
        share = (await read(lead, path))["pilot"]["admin_share"]
        assert (share["numerator"], share["denominator"]) == (30, 90)
        with time_machine.travel(f"{MORNING}Z", tick=False):
            await tick(council.database)
    assert (await run_job(council, JOB, "2024-03-21T03:00"))["differences"] == 0
    lead.base_url = "http://pilotlight.test"  # type: ignore[assignment]  # a str is taken
    shown = (await lead.get("/internal/metrics")).text
    assert f'pilotlight_job_done_total{{job="{JOB}",what="differences"}} {wrong}.0' in shown


async def test_what_has_just_changed_does_not_differ(council: Council) -> None:
    _, path = await facts_of(council, recorded(1, "2024-03-05", "visit", 60))
    await record(await council.admin(), path, [recorded(1, "2024-03-05", "visit", 90)])
    assert (await run_job(council, JOB, MORNING))["differences"] == 0


async def test_pilots_of_other_days_are_not_gone_through(council: Council) -> None:
    await facts_of(council, recorded(1, "2024-03-05", "visit", 60))
    assert await run_job(council, JOB, "2025-03-20T03:00") == {}


@pytest.mark.parametrize("zone", ["Europe/Helsinki", "Pacific/Kiritimati", "Pacific/Honolulu"])
async def test_a_load_that_ends_after_the_council_has_moved_is_counted_on_the_right_day(
    council: Council, zone: str
) -> None:
    """Its marks are of days of the zone before, and the facts of the new zone were made without it."""
    late = {**recorded(1, "2024-03-05", "visit", 60), "started_at": "2024-03-05T22:30:00Z"}
    lead, path = await facts_of(council, late, recorded(1, "2024-03-12", "visit", 60))
    admin = await council.admin()
    before = council.system  # as the load began
    good(await admin.patch("/organisation", json={"zone": zone}))
    with time_machine.travel("2024-03-19T12:10Z", tick=False):
        await tick(council.database)
    rows = [{**late, "source_ref": "late", "minutes": 90}]
    rows.append({**late, "source_ref": "early", "started_at": "2024-03-05T00:30:00Z"})
    typed = msgspec.convert(rows, list[SampleRow])
    loaded = [Parsed(n, row=row) for n, row in enumerate(typed)]
    async with council.database.transaction() as session:
        await time_samples.upsert_many(
            session, before, UUID(path.rpartition("/")[2]), [loaded], BulkOptions(), Notation()
        )
    expected = {
        "Europe/Helsinki": {"2024-03-05": 60, "2024-03-06": 150},
        "Pacific/Kiritimati": {"2024-03-05": 60, "2024-03-06": 150},
        "Pacific/Honolulu": {"2024-03-04": 60, "2024-03-05": 150},
    }[zone]
    for _ in range(2):
        for day, minutes in expected.items():
            query = f"?starts_on={day}&ends_on={day[:8]}{int(day[8:]) + 1:02}"
            share = (await read(lead, path, query))["pilot"]["admin_share"]
            assert share["denominator"] == minutes, day
        with time_machine.travel("2024-03-19T12:20Z", tick=False):
            await tick(council.database)
    assert (await run_job(council, JOB, MORNING))["differences"] == 0
