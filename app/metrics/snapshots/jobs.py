"""Figures that are published by themselves: week by week, and when a window has ended."""

from calendar import MONDAY
from collections.abc import Mapping
from datetime import datetime, time
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core.jobs.registry import job
from app.core.jobs.schedules import daily, weekly
from app.metrics.snapshots import service
from app.organisations import service as organisations
from app.pilots import service as pilots


async def _running(session: AsyncSession, organisation_id: UUID, _slot: datetime) -> list[str]:
    """The pilots that are running."""
    principal = Principal.system(await organisations.get(session, organisation_id))
    return [str(pilot.id) for pilot in await pilots.running(session, principal)]


@job("weekly_snapshot", weekly(MONDAY, time(6, 30)), parts=_running)
async def weekly_snapshot(
    session: AsyncSession, organisation_id: UUID, slot: datetime, pilot: str
) -> Mapping[str, int]:
    """Publish the figures of each running pilot up to the end of the last ISO week."""
    principal = Principal.system(await organisations.get(session, organisation_id))
    published = await service.publish_week(session, principal, UUID(pilot), slot)
    return {"pilots": 1, "snapshots": int(published is not None and published.is_new)}


async def _to_close(session: AsyncSession, organisation_id: UUID, slot: datetime) -> list[str]:
    """The pilots whose window has ended, and is not published as it ended."""
    principal = Principal.system(await organisations.get(session, organisation_id))
    return [str(pilot.id) for pilot in await service.to_close(session, principal, slot)]


@job("close_window", daily(time(6, 10)), parts=_to_close)
async def close_window(
    session: AsyncSession, organisation_id: UUID, slot: datetime, pilot: str
) -> Mapping[str, int]:
    """Publish the figures of pilots whose window ended a week ago, and again where their data have changed."""
    principal = Principal.system(await organisations.get(session, organisation_id))
    published = await service.close(session, principal, UUID(pilot), slot)
    return {"pilots": 1, "snapshots": int(published is not None and published.is_new)}
