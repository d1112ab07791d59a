"""The SQL of running jobs."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, delete, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.jobs.models import JobRun, JobState, RunStatus

_OPEN = (RunStatus.QUEUED, RunStatus.RUNNING)


async def enqueue(session: AsyncSession, run: JobRun) -> None:
    """Add a run of the schedule, unless its slot has one; waits for whoever is adding it."""
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    await session.exec(make(JobRun).values(**run.model_dump()).on_conflict_do_nothing())


async def scheduled(
    session: AsyncSession, organisation_id: UUID, job: str, slot: datetime
) -> JobRun | None:
    """The run of a slot of the schedule."""
    statement = select(JobRun).where(
        col(JobRun.organisation_id) == organisation_id,
        col(JobRun.job) == job,
        col(JobRun.slot) == slot,
        col(JobRun.requested_by).is_(None),
    )
    return (await session.exec(statement)).one_or_none()


async def open_or_of(
    session: AsyncSession, organisation_id: UUID, slots: Collection[tuple[str, datetime]]
) -> list[JobRun]:
    """An organisation's runs that have not ended, and those of these slots of jobs; the oldest first."""
    r = JobRun
    of_slots = (
        and_(col(r.job) == job, col(r.slot) == slot, col(r.requested_by).is_(None))
        for job, slot in slots
    )
    statement = (
        select(r)
        .where(col(r.organisation_id) == organisation_id, or_(col(r.status).in_(_OPEN), *of_slots))
        .order_by(col(r.id))
    )
    return list((await session.exec(statement)).all())


async def lock(
    session: AsyncSession, organisation_id: UUID, run_id: UUID, *, waits: bool = False
) -> JobRun | None:
    """A run, held until the transaction ends; None where somebody else holds it, unless one waits."""
    statement = (
        select(JobRun)
        .where(col(JobRun.organisation_id) == organisation_id, col(JobRun.id) == run_id)
        .with_for_update(skip_locked=not waits)
    )
    return (await session.exec(statement)).one_or_none()


async def state_of(session: AsyncSession, run: JobRun) -> JobState:
    """How the run's job stands, held until the transaction ends; this run is its last."""
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    first = JobState(organisation_id=run.organisation_id, job=run.job, last_run_id=run.id)
    await session.exec(make(JobState).values(**first.model_dump()).on_conflict_do_nothing())
    own = (
        col(JobState.organisation_id) == run.organisation_id,
        col(JobState.job) == run.job,
    )
    state = (await session.exec(select(JobState).where(*own).with_for_update())).one()
    state.last_run_id = run.id
    return state


async def states(session: AsyncSession) -> list[JobState]:
    """How all jobs stand with all organisations: for figures about the service itself."""
    return list((await session.exec(select(JobState))).all())


async def forget_ended(session: AsyncSession, organisation_id: UUID, before: datetime) -> int:
    """Delete an organisation's runs that ended before an instant; returns how many."""
    result = await session.exec(
        delete(JobRun)
        .where(col(JobRun.organisation_id) == organisation_id, col(JobRun.finished_at) < before)
        .returning(col(JobRun.id))
    )
    return len(result.all())
