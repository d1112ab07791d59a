"""Jobs of the core itself."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.core import idempotency
from app.core.jobs import repository
from app.core.jobs.registry import job
from app.core.jobs.schedules import daily, every

RUNS_KEPT = timedelta(days=90)


@job("idempotency_cleanup", every(minutes=60))
async def idempotency_cleanup(
    session: AsyncSession, organisation_id: UUID, slot: datetime
) -> Mapping[str, int]:
    """Forget the answers to Idempotency-Keys that have expired."""
    return {"forgotten": await idempotency.forget_expired(session, organisation_id, slot)}


@job("job_runs_cleanup", daily(time(1, 40)))
async def job_runs_cleanup(
    session: AsyncSession, organisation_id: UUID, slot: datetime
) -> Mapping[str, int]:
    """Forget runs of jobs that ended more than 90 days ago."""
    before = slot - RUNS_KEPT
    return {"forgotten": await repository.forget_ended(session, organisation_id, before)}
