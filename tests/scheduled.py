"""Jobs run at a moment, to test with."""

from datetime import UTC, datetime

import time_machine

from app.core.jobs.registry import JOBS
from app.core.jobs.runner import run_slot
from tests.council import Council, good


async def run_job(council: Council, name: str, moment: str) -> dict[str, int]:
    """Run the slot of a moment; returns what it counted."""
    job = JOBS[name]
    instant = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    with time_machine.travel(instant, tick=False):
        slot = job.schedule.slot_at(instant)
        owner = council.organisation.organisation_id
        report = await run_slot(council.database, job, owner, slot)
        assert report.status == "succeeded"
        client = await council.admin()
        runs = good(await client.get(f"/job-runs?job={name}&limit=1"))["items"]
    counts: dict[str, int] = runs[0]["counts"]
    return counts
