"""Jobs about sessions."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.sessions import repository
from app.core.jobs.registry import job
from app.core.jobs.schedules import every


@job("sessions_cleanup", every(minutes=60))
async def sessions_cleanup(
    session: AsyncSession, organisation_id: UUID, slot: datetime
) -> Mapping[str, int]:
    """Forget sessions whose time is over."""
    return {"forgotten": await repository.forget_expired(session, organisation_id, slot)}
