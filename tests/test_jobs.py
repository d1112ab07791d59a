"""Jobs by slot: each once, however many processes try; a failure stays where it is and is tried again."""

import asyncio
from calendar import MONDAY
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.jobs.models import JobRun, RunStatus
from app.core.jobs.registry import JOBS, Job, job
from app.core.jobs.runner import MOST_FAILURES, run_due, run_slot
from app.core.jobs.schedules import Schedule, daily, every, weekly
from app.scheduler import tick
from tests.council import Council

HOURLY = every(minutes=60)
SLOT = datetime(2024, 10, 27, 1, tzinfo=UTC)
PARTS = ("first", "second", "third", "fourth")


async def nothing(
    _session: AsyncSession, _organisation: UUID, _slot: datetime
) -> Mapping[str, int]:
    return {"done": 1}


async def failing(session: AsyncSession, organisation: UUID, slot: datetime) -> Mapping[str, int]:
    session.add(JobRun(organisation_id=organisation, job="half", slot=slot))
    await session.flush()
    raise IntegrityError("INSERT", {}, ValueError("secret-4711"))


@pytest.fixture
def registered() -> Iterator[dict[str, Job]]:
    """The registry with jobs of the test's own in it, and put back after."""
    before = dict(JOBS)
    job("a_test_that_fails", HOURLY)(failing)
    job("a_test_that_works", HOURLY)(nothing)
    yield JOBS
    JOBS.clear()
    JOBS.update(before)


async def runs(council: Council, name: str | None = None) -> list[JobRun]:
    """The runs of a council, of one job or of all, by their slots."""
    async with council.database.transaction(read_only=True) as session:
        own = col(JobRun.organisation_id) == council.organisation.organisation_id
        found = (await session.exec(select(JobRun).where(own).order_by(col(JobRun.slot)))).all()
        return [run for run in found if name in (None, run.job)]


async def run_at(council: Council, moment: str) -> None:
    """Let the scheduler tick at a moment."""
    with time_machine.travel(moment, tick=False):
        await tick(council.database)


async def test_of_many_that_run_a_slot_one_does(council: Council) -> None:
    work = Job("one", HOURLY, nothing)
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


async def test_an_organisation_for_which_it_fails_does_not_stop_the_rest(
    council: Council, other_council: Council, registered: dict[str, Job]
) -> None:
    ours = council.organisation.organisation_id

    async def picky(_s: AsyncSession, organisation: UUID, _slot: datetime) -> Mapping[str, int]:
        if organisation == ours:
            raise ValueError("secret-4711")
        return {}

    job("a_test_of_theirs", HOURLY)(picky)
    owners = [ours, other_council.organisation.organisation_id]
    await run_due(council.database, owners, SLOT)
    assert [run.status for run in await runs(council, "a_test_of_theirs")] == ["failed"]
    assert [run.status for run in await runs(other_council, "a_test_of_theirs")] == ["succeeded"]
    # Nor one that cannot even be asked what it has to have done.
    broken = [UUID(int=7), owners[1]]
    later = await run_due(council.database, broken, SLOT + timedelta(hours=1))
    assert {r.job for r in later if r.organisation_id == owners[1]} >= {"a_test_of_theirs"}
    assert registered


async def test_a_failed_slot_is_tried_again_later_and_not_for_ever(
    council: Council, registered: dict[str, Job]
) -> None:
    minutes = []
    for minute in range(59):
        before = [run.failures for run in await runs(council, "a_test_that_fails")]
        await run_at(council, f"2024-10-24T00:{minute:02}:00Z")
        if [run.failures for run in await runs(council, "a_test_that_fails")] != before:
            minutes.append(minute)
    assert minutes == [0, 1, 3, 7, 15]
    (given_up,) = await runs(council, "a_test_that_fails")
    assert (given_up.failures, given_up.status) == (MOST_FAILURES, RunStatus.FAILED)
    await run_at(council, "2024-10-24T01:00:00Z")
    old, new = await runs(council, "a_test_that_fails")
    assert (old.failures, new.failures) == (MOST_FAILURES, 1)
    assert registered


async def test_of_many_that_fail_at_a_slot_one_is_counted(
    council: Council, registered: dict[str, Job]
) -> None:
    """Those that saw it before it failed do not try it again at once."""
    tried = []

    async def failing_once(_s: AsyncSession, _o: UUID, slot: datetime) -> Mapping[str, int]:
        tried.append(slot)
        raise ValueError

    job("a_test_of_many", HOURLY)(failing_once)
    with time_machine.travel("2024-10-24T00:10:00Z", tick=False):
        await asyncio.gather(*(tick(council.database) for _ in range(6)))
    (run,) = await runs(council, "a_test_of_many")
    assert run.failures == 1
    assert len(tried) == 1
    assert registered


async def test_what_fails_once_succeeds_at_a_later_tick(
    council: Council, registered: dict[str, Job]
) -> None:
    tried = []

    async def at_second(_s: AsyncSession, _o: UUID, slot: datetime) -> Mapping[str, int]:
        tried.append(slot)
        if len(tried) == 1:
            raise ValueError
        return {"done": 1}

    job("a_test_of_two", HOURLY)(at_second)
    for moment in ("00:10:00", "00:10:30", "00:11:00", "00:12:00"):
        await run_at(council, f"2024-10-24T{moment}Z")
    assert tried == [datetime(2024, 10, 24, tzinfo=UTC)] * 2
    (run,) = await runs(council, "a_test_of_two")
    assert (run.status, run.failures, run.error) == (RunStatus.SUCCEEDED, 1, None)
    assert registered


async def test_what_was_missed_in_three_days_is_caught_up_once_a_job(
    council: Council, registered: dict[str, Job]
) -> None:
    await run_at(council, "2024-10-24T00:10:00Z")
    before = {run.id for run in await runs(council)}
    for moment in ("09:10:00", "09:10:30", "09:11:00"):
        await run_at(council, f"2024-10-27T{moment}Z")
    caught_up = [run for run in await runs(council) if run.id not in before]
    back = datetime(2024, 10, 27, 9, 10, tzinfo=UTC)
    # Weekly ones had nothing to catch up with: they are due on Mondays, and this is a Sunday.
    assert sorted((run.job, run.slot) for run in caught_up) == sorted(
        (name, each.schedule.slot_at(back))
        for name, each in registered.items()
        if each.schedule.every < timedelta(weeks=1)
    )
    assert {run.job for run in caught_up} >= {"reclaim_candidates", "a_test_that_works"}


async def test_a_slot_that_nothing_ran_within_its_grace_is_passed_over(
    council: Council, registered: dict[str, Job]
) -> None:
    job("a_test_in_time", daily(time(2)), grace=timedelta(hours=1))(nothing)
    for moment in ("24T03:01", "25T02:59", "26T09:00"):
        await run_at(council, f"2024-10-{moment}:00Z")
    slots = [run.slot for run in await runs(council, "a_test_in_time")]
    assert slots == [datetime(2024, 10, 25, 2, tzinfo=UTC)]
    assert registered


@pytest.mark.parametrize("change", ["2024-03-31", "2024-10-27"])
async def test_a_change_of_the_clocks_neither_doubles_nor_drops_a_slot(
    council: Council, registered: dict[str, Job], change: str
) -> None:
    """Ticks every ten minutes of local time, which skips an hour or has one twice."""
    for hour in (0, 1):
        job(f"a_test_at_{hour}", daily(time(hour, 30)))(nothing)
    zone = ZoneInfo("Europe/London")
    day = datetime.fromisoformat(change)
    since, until = (day.replace(hour=h, tzinfo=zone).astimezone(UTC) for h in (0, 4))
    owner = council.organisation.organisation_id
    for minutes in range(0, int((until - since) / timedelta(minutes=1)), 10):
        await run_due(council.database, [owner], since + timedelta(minutes=minutes))
    midnight = day.replace(tzinfo=UTC)
    within = [run for run in await runs(council) if since <= run.slot < until]
    by_job = {name: [r.slot for r in within if r.job == name] for name in registered}
    assert by_job["a_test_at_0"] == [midnight + timedelta(minutes=30)]
    assert by_job["a_test_at_1"] == [midnight + timedelta(minutes=90)]
    hours = int((until - since) / timedelta(hours=1))
    assert hours == {3: 3, 10: 5}[day.month]
    assert by_job["a_test_that_works"] == [since + timedelta(hours=n) for n in range(hours)]


_INSTANTS = st.datetimes(
    datetime(2024, 1, 1),  # noqa: DTZ001 - the strategy takes bounds without a zone
    datetime(2026, 1, 1),  # noqa: DTZ001 - likewise
    timezones=st.just(UTC),
)
_TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))


# Both clock changes of two years are in it.
@given(
    _INSTANTS,
    st.one_of(
        st.sampled_from([5, 15, 60]).map(every),
        _TIMES.map(daily),
        st.tuples(st.integers(0, 6), _TIMES).map(lambda chosen: weekly(*chosen)),
    ),
)
def test_slots_follow_one_another_whatever_the_clocks_in_the_street_do(
    now: datetime, schedule: Schedule
) -> None:
    slot = schedule.slot_at(now)
    assert slot <= now < slot + schedule.every
    assert schedule.slot_at(slot) == slot
    assert schedule.next_after(now) == schedule.slot_at(slot + schedule.every)
    assert schedule.slot_of(now.date(), datetime.max.replace(tzinfo=UTC)).date() <= now.date()
    assert schedule.slot_of(now.date(), now) == slot


@given(_INSTANTS, st.integers(0, 6), _TIMES)
def test_slots_lie_at_the_time_and_on_the_day_that_is_said(
    now: datetime, day: int, at: time
) -> None:
    assert daily(at).slot_at(now).time() == at
    slot = weekly(day, at).slot_at(now)
    assert (slot.weekday(), slot.time()) == (day, at)
    assert weekly(MONDAY, time(5)).words == "Mondays at 05:00 UTC"


def test_lag_is_how_long_the_first_slot_has_waited() -> None:
    work = Job("one", HOURLY, nothing)
    now = SLOT + timedelta(minutes=10)
    assert work.lag(SLOT, now) == timedelta(0)
    assert work.lag(SLOT - timedelta(hours=1), now) == timedelta(minutes=10)
    assert work.lag(SLOT - timedelta(days=3), now) == timedelta(days=2, hours=23, minutes=10)
    assert work.lag(None, now) == timedelta(minutes=10)


def test_two_jobs_cannot_have_one_name(registered: dict[str, Job]) -> None:
    with pytest.raises(ValueError, match="a_test_that_works"):
        job("a_test_that_works", HOURLY)(nothing)
    assert registered


def test_every_job_says_in_a_sentence_what_it_does() -> None:
    for each in JOBS.values():
        assert each.what.endswith("."), each.name
        assert each.schedule.words, each.name


class Parted:
    """A job of four parts that tells what it did, and what others see of it meanwhile."""

    def __init__(self, council: Council, *, dies_at: str = "", error: type[BaseException]) -> None:
        self.council = council
        self.dies_at, self.error = dies_at, error
        self.done: list[str] = []
        self.seen: list[tuple[str, float]] = []

    async def parts(self, _session: AsyncSession, _o: UUID, _slot: datetime) -> list[str]:
        return list(PARTS)

    async def work(
        self, _session: AsyncSession, _o: UUID, _slot: datetime, part: str
    ) -> Mapping[str, int]:
        (run,) = await runs(self.council, "parted")  # on a connection of its own
        self.seen.append((run.status.value, run.progress))
        if part == self.dies_at:
            self.dies_at = ""
            raise self.error
        self.done.append(part)
        return {"parts": 1, part: 1}

    async def run(self) -> RunStatus | None:
        work = Job("parted", HOURLY, self.work, parts=self.parts)
        owner = self.council.organisation.organisation_id
        return (await run_slot(self.council.database, work, owner, SLOT)).status


async def test_progress_is_seen_to_move_while_a_job_runs(council: Council) -> None:
    parted = Parted(council, error=ValueError)
    assert await parted.run() is RunStatus.SUCCEEDED
    assert parted.seen == [("running", n / 4) for n in range(4)]
    (run,) = await runs(council)
    assert (run.progress, run.counts) == (1.0, {"parts": 4, **dict.fromkeys(PARTS, 1)})


@pytest.mark.parametrize("error", [ValueError, asyncio.CancelledError])
async def test_a_run_that_ended_in_the_middle_goes_on_with_the_part_that_was_not_done(
    council: Council, error: type[BaseException]
) -> None:
    """A failure, and a process that is stopped or dies: nothing is recorded of the latter."""
    parted = Parted(council, dies_at="third", error=error)
    failed = error is ValueError
    if failed:
        assert await parted.run() is RunStatus.FAILED
    else:
        with pytest.raises(asyncio.CancelledError):
            await parted.run()
    (run,) = await runs(council)
    assert (run.status.value, run.progress) == ("failed" if failed else "running", 0.5)
    assert run.failures == int(failed)
    assert await parted.run() is RunStatus.SUCCEEDED
    assert parted.done == list(PARTS)
    (run,) = await runs(council)
    assert (run.progress, run.counts) == (1.0, {"parts": 4, **dict.fromkeys(PARTS, 1)})


async def test_of_many_that_do_the_parts_of_a_run_each_is_done_once(council: Council) -> None:
    parted = Parted(council, error=ValueError)
    outcomes = await asyncio.gather(*(parted.run() for _ in range(6)))
    assert outcomes.count(RunStatus.SUCCEEDED) == 1
    assert parted.done == list(PARTS)


async def test_what_a_process_left_behind_is_ended_before_a_newer_slot_is_run(
    council: Council, registered: dict[str, Job]
) -> None:
    order = []

    async def dying(_s: AsyncSession, _o: UUID, slot: datetime) -> Mapping[str, int]:
        order.append(slot)
        if len(order) == 1:
            raise asyncio.CancelledError
        return {}

    job("a_test_that_dies", HOURLY)(dying)
    with pytest.raises(asyncio.CancelledError):
        await run_at(council, "2024-10-24T00:10:00Z")
    await run_at(council, "2024-10-24T05:10:00Z")
    midnight = datetime(2024, 10, 24, tzinfo=UTC)
    assert order == [midnight, midnight, midnight + timedelta(hours=5)]
    statuses = [run.status for run in await runs(council, "a_test_that_dies")]
    assert statuses == [RunStatus.SUCCEEDED] * 2
    assert registered


async def test_a_run_of_a_job_that_this_release_lacks_is_left_alone(
    council: Council, registered: dict[str, Job]
) -> None:
    owner = council.organisation.organisation_id
    async with council.database.transaction() as session:
        session.add(JobRun(organisation_id=owner, job="of_tomorrow", slot=SLOT))
    await run_due(council.database, [owner], SLOT)
    (run,) = await runs(council, "of_tomorrow")
    assert run.status is RunStatus.QUEUED
    assert registered


async def test_runs_that_ended_long_ago_are_forgotten(council: Council) -> None:
    for day in ("2024-01-10", "2024-03-01", "2024-06-01"):
        await run_at(council, f"{day}T12:00:00Z")
    days = {f"{run.finished_at:%Y-%m-%d}" for run in await runs(council) if run.finished_at}
    assert days == {"2024-06-01"}
    await run_at(council, "2024-06-20T12:00:00Z")
    days = {f"{run.finished_at:%Y-%m-%d}" for run in await runs(council) if run.finished_at}
    assert days == {"2024-06-01", "2024-06-20"}
