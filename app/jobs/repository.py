"""All SQL about runs of jobs as an organisation sees them; what carries them out is in the core."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped
from app.core.jobs.models import JobRun, JobState, RunStatus
from app.core.pagination import PageQuery, paginate


async def states(session: AsyncSession, principal: Principal) -> list[JobState]:
    return list((await session.exec(scoped(principal, JobState))).all())


async def runs(
    session: AsyncSession, principal: Principal, run_ids: Collection[UUID]
) -> list[JobRun]:
    statement = scoped(principal, JobRun).where(col(JobRun.id).in_(run_ids))
    return list((await session.exec(statement)).all())


async def find(session: AsyncSession, principal: Principal, run_id: UUID) -> JobRun | None:
    statement = scoped(principal, JobRun).where(col(JobRun.id) == run_id)
    return (await session.exec(statement)).one_or_none()


async def queued(
    session: AsyncSession, principal: Principal, job: str, slot: datetime
) -> JobRun | None:
    """A run of a slot that was asked for and has not begun."""
    statement = scoped(principal, JobRun).where(
        col(JobRun.job) == job,
        col(JobRun.slot) == slot,
        col(JobRun.status) == RunStatus.QUEUED,
        col(JobRun.requested_by).is_not(None),
    )
    return (await session.exec(statement.limit(1))).one_or_none()


async def page(
    session: AsyncSession,
    principal: Principal,
    query: PageQuery,
    *,
    job: str | None,
    status: RunStatus | None,
) -> tuple[list[JobRun], str | None]:
    statement = scoped(principal, JobRun)
    if job is not None:
        statement = statement.where(col(JobRun.job) == job)
    if status is not None:
        statement = statement.where(col(JobRun.status) == status)
    return await paginate(session, statement, col(JobRun.id), query, newest_first=True)
