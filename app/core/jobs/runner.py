"""Running slots: each once, however many processes try, and again after a crash.

The run's row is inserted first, in the transaction of the work. A second process waits on its unique
key and then finds the slot done; a process that dies leaves nothing, and the next tick starts over.
What was missed while nothing ran is caught up once: only the newest slot is due.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from app.core import clock
from app.core.database import Database
from app.core.errors import ProblemError, Unavailable
from app.core.jobs.models import JobRun, RunStatus
from app.core.jobs.registry import JOBS, Job

_log = structlog.get_logger(__name__)


class _SlotTaken(Exception):
    """The run's row is there already."""


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
    """Run every job's newest slot for every organisation that has not had it."""
    return [
        await run_slot(database, job, organisation_id, job.slot_at(now))
        for organisation_id in organisation_ids
        for job in JOBS.values()
    ]


async def run_slot(
    database: Database, job: Job, organisation_id: UUID, slot: datetime
) -> RunReport:
    """Run one slot of a job for one organisation; a failure is recorded and stays within it."""
    started_at = clock.now()
    status: RunStatus | None = RunStatus.SUCCEEDED
    try:
        if await _is_done(database, job, organisation_id, slot):
            return RunReport(organisation_id, job.name, slot, None)
        await _run(database, job, organisation_id, slot, started_at)
    except (_SlotTaken, Unavailable) as error:
        # Another process ran the slot, or holds it; if that one fails, the next tick comes here again.
        reason = type(error).__name__
        _log.info("job_slot_taken", job=job.name, slot=slot.isoformat(), reason=reason)
        status = None
    except Exception as error:  # noqa: BLE001 - one organisation's failure must not stop the others
        _log.error("job_failed", job=job.name, slot=slot.isoformat(), exc_info=error)
        # Where even that cannot be written the log has it, and the next tick tries again.
        with suppress(ProblemError, IntegrityError):
            await _record_failure(database, job, organisation_id, slot, started_at, error)
        status = RunStatus.FAILED
    return RunReport(organisation_id, job.name, slot, status)


async def _is_done(database: Database, job: Job, organisation_id: UUID, slot: datetime) -> bool:
    async with database.transaction(read_only=True) as session:
        statement = select(JobRun.id).where(
            col(JobRun.organisation_id) == organisation_id,
            col(JobRun.job) == job.name,
            col(JobRun.slot) == slot,
        )
        return (await session.exec(statement)).first() is not None


async def _run(
    database: Database, job: Job, organisation_id: UUID, slot: datetime, started_at: datetime
) -> None:
    async with database.transaction() as session:
        run = JobRun(
            organisation_id=organisation_id,
            job=job.name,
            slot=slot,
            status=RunStatus.SUCCEEDED,
            started_at=started_at,
            finished_at=started_at,
        )
        session.add(run)
        try:
            await session.flush()
        except IntegrityError as error:
            raise _SlotTaken from error
        run.counts = dict(await job.work(session, organisation_id, slot))
        run.finished_at = clock.now()


async def _record_failure(
    database: Database,
    job: Job,
    organisation_id: UUID,
    slot: datetime,
    started_at: datetime,
    error: Exception,
) -> None:
    async with database.transaction() as session:
        session.add(
            JobRun(
                organisation_id=organisation_id,
                job=job.name,
                slot=slot,
                status=RunStatus.FAILED,
                started_at=started_at,
                finished_at=clock.now(),
                error=type(error).__name__[:200],  # a message may hold what somebody sent
            )
        )
