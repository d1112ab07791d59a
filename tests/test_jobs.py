"""Jobs by slot: each once, however many processes try; a failure stays where it is."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.jobs.models import JobRun, RunStatus
from app.core.jobs.registry import JOBS, Job, job
from app.core.jobs.runner import run_due, run_slot
from app.scheduler import tick
from tests.council import Council

HOUR = timedelta(hours=1)
SLOT = datetime(2024, 10, 27, 1, tzinfo=UTC)


async def nothing(
    _session: AsyncSession, _organisation: UUID, _slot: datetime
) -> Mapping[str, int]:
    return {"done": 1}


async def failing(session: AsyncSession, organisation: UUID, slot: datetime) -> Mapping[str, int]:
    half = JobRun(
        organisation_id=organisation,
        job="half",
        slot=slot,
        status=RunStatus.FAILED,
        started_at=slot,
        finished_at=slot,
    )
    session.add(half)
    await session.flush()
    raise IntegrityError("INSERT", {}, ValueError("secret-4711"))


@pytest.fixture
def registered() -> Iterator[dict[str, Job]]:
    """The registry with two jobs of the test's own in it."""
    before = dict(JOBS)
    job("a_test_that_fails", every=HOUR)(failing)
    job("a_test_that_works", every=HOUR)(nothing)
    yield JOBS
    JOBS.clear()
    JOBS.update(before)


async def runs(council: Council) -> list[JobRun]:
    async with council.database.transaction(read_only=True) as session:
        own = col(JobRun.organisation_id) == council.organisation.organisation_id
        return list((await session.exec(select(JobRun).where(own))).all())


async def test_of_many_that_run_a_slot_one_does(council: Council) -> None:
    work = Job("one", HOUR, nothing)
    owner = council.organisation.organisation_id
    reports = await asyncio.gather(
        *(run_slot(council.database, work, owner, SLOT) for _ in range(8))
    )
    outcomes = [report.status for report in reports]
    assert outcomes.count(RunStatus.SUCCEEDED) == 1
    assert outcomes.count(None) == 7
    assert [run.counts for run in await runs(council)] == [{"done": 1}]


async def test_a_failure_is_recorded_leaves_nothing_half_and_stops_nobody(
    council: Council, other_council: Council, registered: dict[str, Job]
) -> None:
    owners = [c.organisation.organisation_id for c in (council, other_council)]
    reports = await run_due(council.database, owners, SLOT)
    assert len(reports) == 2 * len(registered)
    for one in (council, other_council):
        found = {run.job: run for run in await runs(one)}
        assert found["a_test_that_fails"].status is RunStatus.FAILED
        assert found["a_test_that_fails"].error == "IntegrityError"
        assert found["a_test_that_works"].status is RunStatus.SUCCEEDED
        assert "half" not in found


async def test_what_was_missed_is_caught_up_once(
    council: Council, registered: dict[str, Job]
) -> None:
    with time_machine.travel("2024-10-24T00:10:00Z", tick=False):
        await tick(council.database)
    with time_machine.travel("2024-10-27T09:10:00Z", tick=False):
        await tick(council.database)
        await tick(council.database)
    slots = sorted(run.slot for run in await runs(council) if run.job == "a_test_that_works")
    assert slots == [
        datetime(2024, 10, 24, 0, tzinfo=UTC),
        datetime(2024, 10, 27, 9, tzinfo=UTC),
    ]
    assert registered


# Both clock changes of two years are in it; the strategy takes bounds without a zone.
@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from([timedelta(minutes=5), HOUR, timedelta(days=1)]),
)
def test_slots_follow_one_another_whatever_the_clocks_in_the_street_do(
    now: datetime, every: timedelta
) -> None:
    work = Job("one", every, nothing)
    slot = work.slot_at(now)
    assert slot <= now < slot + every
    assert work.slot_at(slot) == slot
    assert work.slot_at(slot + every) == slot + every


def test_two_jobs_cannot_have_one_name(registered: dict[str, Job]) -> None:
    with pytest.raises(ValueError, match="a_test_that_works"):
        job("a_test_that_works", every=HOUR)(nothing)
    assert registered
