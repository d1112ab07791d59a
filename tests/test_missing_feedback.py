"""Weeks about which nobody answered, as the weekly job finds and keeps them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import httpx
import time_machine
from sqlmodel import col, select

from app.core.jobs.registry import JOBS
from app.core.jobs.runner import run_slot
from app.metrics.feedback.models import MissingFeedbackWeek
from tests.council import Council, good
from tests.feedback import answer, feedback_pilot


async def run_job(council: Council, moment: str) -> Mapping[str, int]:
    """Run the newest slot of a moment; returns its counts."""
    job = JOBS["missing_feedback"]
    with time_machine.travel(moment, tick=False):
        slot = job.schedule.slot_at(datetime.fromisoformat(moment).replace(tzinfo=UTC))
        owner = council.organisation.organisation_id
        report = await run_slot(council.database, job, owner, slot)
        assert report.status == "succeeded"
        client = await council.admin()
        runs = good(await client.get("/job-runs?job=missing_feedback&limit=1"))["items"]
        counts: dict[str, int] = runs[0]["counts"]
        return counts


async def known(council: Council) -> list[tuple[str, str, date]]:
    week = MissingFeedbackWeek
    own = col(week.organisation_id) == council.organisation.organisation_id
    ordered = select(week).where(own).order_by(col(week.pilot_id), col(week.week_starts_on))
    async with council.database.transaction(read_only=True) as session:
        rows = (await session.exec(ordered)).all()
    return [(str(row.pilot_id), f"{row.week_starts_on:%m-%d}", row.found_at.date()) for row in rows]


async def running(client: httpx.AsyncClient, *numbers: str, **fields: str) -> str:
    path = await feedback_pilot(client, *numbers, **fields)
    for step in ("planned", "running"):
        good(await client.post(f"{path}/transitions", json={"to": step}), 201)
    return path


async def test_weeks_that_are_over_and_have_no_answer_are_noted_pilot_by_pilot(
    council: Council,
) -> None:
    client = await council.admin()
    one = await running(client, "E1", "E2", code="ONE")
    two = await running(client, "E3", code="TWO", starts_on="2024-04-08")
    await feedback_pilot(client, "E4", code="DRAFT")
    ours, theirs = (path.rpartition("/")[2] for path in (one, two))
    good(await client.post(f"{one}/feedback", json=answer("E1", "2024-04-08")), 201)
    # Monday 15 April: the weeks of the 1st and the 8th are over.
    counts = await run_job(council, "2024-04-15T06:00:00")
    assert counts == {"pilots": 2, "missing_weeks": 2, "newly_missing": 2}
    found = date(2024, 4, 15)
    assert await known(council) == sorted([(ours, "04-01", found), (theirs, "04-08", found)])
    with time_machine.travel("2024-04-15T06:00:00Z", tick=False):
        for path, weeks in ((one, ["2024-04-01"]), (two, ["2024-04-08"])):
            summary = good(await client.get(f"{path}/feedback-summary"))
            assert summary["missing_weeks"] == weeks
    # The first is answered late, and another goes by.
    good(await client.post(f"{one}/feedback", json=answer("E2", "2024-04-01")), 201)
    counts = await run_job(council, "2024-04-22T06:00:00")
    assert counts == {"pilots": 2, "missing_weeks": 3, "newly_missing": 2}
    later = date(2024, 4, 22)
    assert await known(council) == sorted(
        [(ours, "04-15", later), (theirs, "04-08", found), (theirs, "04-15", later)]
    )


async def test_a_week_is_not_missing_before_it_is_over(council: Council) -> None:
    """On Monday at five in UTC the week before is over in London, and not yet in Los Angeles."""
    client = await council.admin()
    await running(client, "E1")
    assert (await run_job(council, "2024-04-01T05:00:00"))["missing_weeks"] == 0
    assert (await run_job(council, "2024-04-08T05:00:00"))["missing_weeks"] == 1
    good(await client.patch("/organisation", json={"zone": "America/Los_Angeles"}))
    assert (await run_job(council, "2024-04-15T05:00:00"))["missing_weeks"] == 1
    assert (await run_job(council, "2024-04-22T05:00:00"))["missing_weeks"] == 2


async def test_weeks_before_and_after_the_pilot_are_nobody_s(council: Council) -> None:
    client = await council.admin()
    await running(client, "E1", starts_on="2024-04-08", ends_on="2024-04-22")
    assert (await run_job(council, "2024-04-01T06:00:00"))["missing_weeks"] == 0
    assert (await run_job(council, "2024-06-03T06:00:00"))["missing_weeks"] == 2
    assert [week for _, week, _ in await known(council)] == ["04-08", "04-15"]
