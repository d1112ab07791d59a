"""Seats of people who have left."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core.jobs.registry import job
from app.core.jobs.schedules import every
from app.licences.allocations import leavers
from app.organisations import service as organisations


@job("seats_of_leavers", every(minutes=60))
async def seats_of_leavers(
    session: AsyncSession, organisation_id: UUID, slot: datetime
) -> Mapping[str, int]:
    """Release the seats of people who have left, hand them on, and take leavers off waiting lists."""
    organisation = await organisations.get(session, organisation_id)
    principal = Principal.system(organisation)
    today = slot.astimezone(ZoneInfo(organisation.zone)).date()
    counts = await leavers.release(session, principal, today)
    if any(counts.values()):
        await audit_log.record(session, principal, "seats.released_of_leavers", details=counts)
    return counts
