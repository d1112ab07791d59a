"""Jobs of events and webhooks. Sending is no job: the dispatcher does it, whatever the hour."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.jobs.registry import job
from app.core.jobs.schedules import daily
from app.core.settings import get_settings
from app.integrations.webhooks import service


@job("events_cleanup", daily(time(1, 50)))
async def events_cleanup(
    session: AsyncSession, organisation_id: UUID, slot: datetime
) -> Mapping[str, int]:
    """Forget events that are older than PILOTLIGHT_EVENT_DAYS, with their deliveries."""
    before = slot - timedelta(days=get_settings().event_days)
    return await service.forget(session, organisation_id, before)
