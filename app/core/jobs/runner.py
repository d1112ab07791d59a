"""Running slots: each once, however many processes try, and on from where it stopped after a crash.

A run is a row, unique by organisation, job and slot, and its lock is the row's own: whoever does a part
holds it until that part and its progress are committed together. There is no lease and no clock to get
wrong. A process that dies drops the lock with its connection and leaves parts that are whole; whoever
comes next goes on with the first one that is not done. What was missed while nothing ran is caught up
once: only the newest slot is due.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core import clock
from app.core.database import Database, problem_of
from app.core.errors import Unavailable
from app.core.jobs import repository
from app.core.jobs.models import JobRun, RunStatus
from app.core.jobs.registry import JOBS, Job

MOST_FAILURES = 5
FIRST_RETRY = timedelta(minutes=1)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RunReport:
    """What became of a slot: None where another process has it or had it."""

    organisation_id: UUID
    job: str
    slot: datetime
    status: RunStatus | None


async def run_due(
    database: Database, organisation_ids: Iterable[UUID], now: datetime
) -> list[RunReport]:
    """Go on with every run that has not ended, then run every job's newest slot, organisation by organisation.

    A failure stays with its organisation and job.
    """
    reports: list[RunReport] = []
    for organisation_id in organisation_ids:
        try:
            for run in await _due(database, organisation_id, now):
                reports.append(await _carry_out(database, JOBS[run.job], run))  # noqa: PERF401 - each ends before the next begins
        except Exception as error:  # noqa: BLE001 - one organisation's failure must not stop the others
            _log.error("jobs_not_looked_up", exc_info=error)
    return reports


async def run_slot(
    database: Database, job: Job, organisation_id: UUID, slot: datetime
) -> RunReport:
    """Run one slot of a job for one organisation now; one that has failed is tried again."""
    try:
        run = await _run_of(database, job, organisation_id, slot)
    except Unavailable:
        return RunReport(organisation_id, job.name, slot, None)
    return await _carry_out(database, job, run)


def may_retry(run: JobRun, now: datetime) -> bool:
    """Whether a run that failed is to be tried again: at first after a minute, then after twice as long."""
    if run.failures >= MOST_FAILURES or run.finished_at is None:
        return False
    waits: timedelta = FIRST_RETRY * 2 ** (run.failures - 1)
    return now >= run.finished_at + waits


async def _due(database: Database, organisation_id: UUID, now: datetime) -> list[JobRun]:
    """What an organisation has to have done by now: what has not ended first, the oldest of it before."""
    slots = {job.name: job.schedule.slot_at(now) for job in JOBS.values()}
    async with database.transaction(read_only=True) as session:
        known = await repository.open_or_of(session, organisation_id, list(slots.items()))
    there = {
        run.job for run in known if run.requested_by is None and run.slot == slots.get(run.job)
    }
    added = [
        await _run_of(database, JOBS[name], organisation_id, slot)
        for name, slot in slots.items()
        if name not in there and not JOBS[name].is_too_late(slot, now)
    ]
    return [run for run in (*known, *added) if _is_due(run, now)]


def _is_due(run: JobRun, now: datetime) -> bool:
    if run.job not in JOBS or run.status is RunStatus.SUCCEEDED:
        return False  # a newer release may have jobs that this one lacks
    if run.status is RunStatus.FAILED:
        return may_retry(run, now) and not JOBS[run.job].is_too_late(run.slot, now)
    return True


async def _run_of(database: Database, job: Job, organisation_id: UUID, slot: datetime) -> JobRun:
    """The run of a slot of the schedule, made where there is none."""
    async with database.transaction(read_only=True) as session:
        found = await repository.scheduled(session, organisation_id, job.name, slot)
    if found is not None:
        return found
    async with database.transaction() as session:
        wanted = JobRun(organisation_id=organisation_id, job=job.name, slot=slot)
        await repository.enqueue(session, wanted)
        found = await repository.scheduled(session, organisation_id, job.name, slot)
    assert found is not None  # noqa: S101 - it was there, or has just been put there
    return found


async def _carry_out(database: Database, job: Job, seen: JobRun) -> RunReport:
    """Do what is left of a run, part by part; a failure stays within it."""
    status: RunStatus | None = RunStatus.RUNNING
    told = {"job": job.name, "slot": seen.slot.isoformat()}
    try:
        while status is RunStatus.RUNNING:
            status = await _step(database, job, seen)
            if status is RunStatus.RUNNING and job.reaches_out:
                status = await _reach_out(database, job, seen)
    except Unavailable as error:
        # The database is busy or going down; the next tick comes here again.
        _log.info("job_put_off", **told, reason=error.code)
        status = None
    except Exception as error:  # noqa: BLE001 - one organisation's failure must not stop the others
        # Not even that could be written; the next tick tries again.
        _log.error("job_failed", **told, exc_info=error)
        status = RunStatus.FAILED
    return RunReport(seen.organisation_id, job.name, seen.slot, status)


async def _step(database: Database, job: Job, seen: JobRun) -> RunStatus | None:
    """Begin a run, or do its next part, in one transaction; a failure is recorded in it, and nothing else.

    Returns:
        How far it has come; None where that is somebody else's business.
    """
    async with database.transaction() as session:
        run = await repository.lock(session, seen.organisation_id, seen.id)
        if run is None or run.status is RunStatus.SUCCEEDED or run.failures != seen.failures:
            return None
        begins = run.status is not RunStatus.RUNNING
        if job.reaches_out and not begins:
            return run.status  # its parts are done outside
        clocked = run.organisation_id, run.slot
        try:
            async with session.begin_nested():
                if begins:
                    # What was done before a failure stays done, and is not planned again.
                    parts = run.parts if run.done else await job.parts_of(session, *clocked)
                else:
                    counts = await job.do(session, *clocked, run.parts[run.done])
        except Exception as error:
            if isinstance(error, Unavailable) or isinstance(problem_of(error), Unavailable):
                raise
            await _fail(session, run, error)
            return run.status
        if begins:
            await _begin(session, run, parts)
        else:
            _add(run, counts)
        if run.done == len(run.parts):
            await _succeed(session, run)
        return run.status


async def _reach_out(database: Database, job: Job, seen: JobRun) -> RunStatus | None:
    """Do the next part of a run that has begun outside any transaction of ours; then count it as done.

    Returns:
        How far it has come; None where somebody else holds it, or ended it.
    """
    async with database.transaction() as session:
        run = await repository.lock(session, seen.organisation_id, seen.id)
        if run is None or run.status is not RunStatus.RUNNING:
            return None
        clocked, done, part = (run.organisation_id, run.slot), run.done, run.parts[run.done]
    failure: Exception | None = None
    counts: Mapping[str, int] = {}
    try:
        counts = await job.do(database, *clocked, part)
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - recorded, as that of any other job
        failure = error
    async with database.transaction() as session:
        # What has been done is counted, whoever looks at the row meanwhile.
        run = await repository.lock(session, seen.organisation_id, seen.id, waits=True)
        if run is None or run.status is not RunStatus.RUNNING:
            return None
        if run.done != done:
            return run.status  # somebody else counted it, who may have left since: the next one
        if failure is not None:
            await _fail(session, run, failure)
            return run.status
        _add(run, counts)
        if run.done == len(run.parts):
            await _succeed(session, run)
        return run.status


async def _begin(session: AsyncSession, run: JobRun, parts: list[str]) -> None:
    """Seen by everybody before the first part is done."""
    run.parts = parts
    run.status = RunStatus.RUNNING
    run.started_at = run.started_at or clock.now()
    run.finished_at = run.error = None
    await repository.state_of(session, run)


def _add(run: JobRun, counts: Mapping[str, int]) -> None:
    run.counts = _sums(run.counts, counts)
    run.done += 1


def _sums(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {n: one.get(n, 0) + other.get(n, 0) for n in dict.fromkeys((*one, *other))}


async def _succeed(session: AsyncSession, run: JobRun) -> None:
    run.status = RunStatus.SUCCEEDED
    run.finished_at = clock.now()
    state = await repository.state_of(session, run)
    state.succeeded_slot = max(run.slot, state.succeeded_slot or run.slot)
    state.succeeded_at = run.finished_at
    state.totals = _sums(state.totals, run.counts)
    if run.started_at is not None:
        state.seconds = (run.finished_at - run.started_at).total_seconds()


async def _fail(session: AsyncSession, run: JobRun, error: Exception) -> None:
    _log.error("job_failed", job=run.job, slot=run.slot.isoformat(), exc_info=error)
    run.status = RunStatus.FAILED
    run.failures += 1
    run.finished_at = clock.now()
    run.started_at = run.started_at or run.finished_at
    run.error = type(error).__name__[:200]  # a message may hold what somebody sent
    state = await repository.state_of(session, run)
    state.failures += 1
