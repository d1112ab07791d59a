"""Deleting what has been kept long enough."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core.jobs.registry import job
from app.core.jobs.schedules import daily
from app.organisations import service as organisations
from app.privacy.retention import service


async def _on(
    session: AsyncSession, organisation_id: UUID, slot: datetime
) -> tuple[Principal, date]:
    organisation = await organisations.get(session, organisation_id)
    return Principal.system(organisation), slot.astimezone(ZoneInfo(organisation.zone)).date()


async def _parts(session: AsyncSession, organisation_id: UUID, slot: datetime) -> Sequence[str]:
    return await service.parts(session, *await _on(session, organisation_id, slot))


@job("apply_retention", daily(time(2, 40)), parts=_parts)
async def apply_retention(
    session: AsyncSession, organisation_id: UUID, slot: datetime, part: str
) -> Mapping[str, int]:
    """Delete what has been kept as long as the retention schedule says, but for what a legal hold is on."""
    gone = await service.apply(session, *await _on(session, organisation_id, slot), part)
    return {part: gone}
