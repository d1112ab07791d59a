"""How many seats might go to somebody else, as the daily job counts and keeps them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from app.core import clock
from app.core.jobs.registry import JOBS
from app.core.jobs.runner import run_slot
from app.licences.reclaim import service
from app.licences.reclaim.models import ReclaimCount
from tests.council import Council, good
from tests.licences import on, pool
from tests.reclaim import TERM, TODAY, back, prepare


async def run_job(council: Council) -> dict[str, Any]:
    """Run today's slot; returns its counts."""
    job = JOBS["reclaim_candidates"]
    slot = job.schedule.slot_at(clock.now())
    owner = council.organisation.organisation_id
    report = await run_slot(council.database, job, owner, slot)
    assert report.status == "succeeded"
    client = await council.admin()
    runs = good(await client.get("/job-runs?job=reclaim_candidates&limit=1"))["items"]
    counts: dict[str, Any] = runs[0]["counts"]
    return counts


async def kept(council: Council) -> list[dict[str, Any]]:
    """The newest count of each pool."""
    count = ReclaimCount
    own = col(count.organisation_id) == council.organisation.organisation_id
    ordered = select(count).where(own).order_by(col(count.as_of))
    async with council.database.transaction(read_only=True) as session:
        newest = {row.pool_id: row for row in await session.exec(ordered)}
    return [row.model_dump(mode="json", exclude={"organisation_id"}) for row in newest.values()]


async def test_candidates_are_counted_by_tier_and_pool_as_they_are_listed(
    council: Council,
) -> None:
    with on(str(TODAY)):
        client = await council.admin()
        staff = {"W": (180, 40), "P": (180, 70), "C1": (180, 100), "C2": (120, None), "U": (9, 1)}
        path = await prepare(client, staff)
        empty = await pool(client, **TERM, name="Empty", product="other")
        await pool(
            client,
            name="Over",
            term_starts_on="2023-01-01",
            term_ends_on=back(0),
        )
        counts = await run_job(council)
        assert counts == {"pools": 2, "stale": 1, "warn": 1, "propose": 1, "certain": 2}
        listed = good(await client.get(f"{path}/reclaim-candidates"))["items"]
        found = {row["pool_id"]: row for row in await kept(council)}
        assert set(found) == {address.rpartition("/")[2] for address in (path, empty)}
        ours = found[path.rpartition("/")[2]]
        for tier in ("warn", "propose", "certain"):
            assert ours[tier] == sum(each["tier"] == tier for each in listed)
        assert (ours["as_of"], ours["is_stale"]) == (str(TODAY), False)
        assert found[empty.rpartition("/")[2]]["is_stale"]
        # Nobody was named, so nobody's reading is on record but that of the list.
        events = good(await client.get("/audit-events?action=reclaim_candidates.read"))["items"]
        assert len(events) == 1


async def test_each_day_has_its_count_and_the_last_is_shown(council: Council) -> None:
    with on(str(TODAY)):
        client = await council.admin()
        await prepare(client, {"W": (180, 40)})
        await run_job(council)
    with on(str(TODAY + timedelta(days=2))):
        await run_job(council)
    (last,) = await kept(council)
    assert last["as_of"] == str(TODAY + timedelta(days=2))
    assert last["warn"] == 1
    # Counted again it is one row, and newer.
    async with council.database.transaction() as session:
        for _ in range(2):
            await service.count(session, council.system, UUID(last["pool_id"]), TODAY)
    assert await kept(council) == [last]


async def test_the_day_is_the_organisation_s_own(council: Council) -> None:
    """Three in the morning in UTC is the day before in New York, in summer and in winter."""
    client = await council.admin()
    good(await client.patch("/organisation", json={"zone": "America/New_York"}))
    days = []
    for day in ("2024-03-09", "2024-03-10", "2024-11-03", "2024-11-04"):
        with on(day):
            slot = datetime.fromisoformat(f"{day}T03:00").replace(tzinfo=UTC)
            days.append(slot.astimezone(ZoneInfo("America/New_York")).date())
            if len(days) == 1:
                await pool(client, **TERM)
            await run_job(council)
            (last,) = await kept(council)
            assert last["as_of"] == str(days[-1])
