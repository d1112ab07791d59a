"""Jobs of connections."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core import clock
from app.core.database import Database
from app.core.jobs.registry import job
from app.core.jobs.schedules import every
from app.integrations.connections import repository, running
from app.integrations.connections.models import SyncStatus
from app.integrations.connections.service import JOB
from app.organisations import service as organisations

_ADDED_UP = ("read", "accepted", "updated", "rejected", "deleted")


async def _due(session: AsyncSession, organisation_id: UUID, _slot: datetime) -> list[str]:
    # By the clock, and not by the slot: it may have been asked for since.
    now = clock.now()
    found = await repository.due(session, organisation_id, now, now - running.LEFT_BEHIND)
    return [str(connection_id) for connection_id in found] or [""]


@job(JOB, every(minutes=5), parts=_due, reaches_out=True)
async def sync_connections(
    database: Database, organisation_id: UUID, _slot: datetime, part: str
) -> Mapping[str, int]:
    """Read the connections to other systems that are due, or whose run was asked for."""
    if not part:
        return {}
    async with database.transaction(read_only=True) as session:
        owner = await organisations.get(session, organisation_id)
    run = await running.sync(database, Principal.system(owner), UUID(part))
    if run is None:
        return {"left_to_others": 1}
    ended = "succeeded" if run.status is SyncStatus.SUCCEEDED else "failed"
    return {ended: 1, **{name: int(run.counts.get(name, 0)) for name in _ADDED_UP}}
