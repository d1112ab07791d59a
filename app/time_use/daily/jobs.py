"""Daily facts of time use, made anew where samples have changed."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core.jobs.registry import job
from app.core.jobs.schedules import every
from app.organisations import service as organisations
from app.time_use.daily import repository, service


async def _pilots(session: AsyncSession, organisation_id: UUID, _slot: datetime) -> list[str]:
    """The pilots of which a day is to be made anew."""
    principal = Principal.system(await organisations.get(session, organisation_id))
    return [str(pilot_id) for pilot_id in await repository.outdated_pilots(session, principal)]


@job("recompute_daily_facts", every(minutes=5), parts=_pilots)
async def recompute_daily_facts(
    session: AsyncSession, organisation_id: UUID, _slot: datetime, pilot: str
) -> Mapping[str, int]:
    """Add up anew the days of pilots whose time samples have changed."""
    principal = Principal.system(await organisations.get(session, organisation_id))
    return {"pilots": 1, "days": await service.recompute(session, principal, UUID(pilot))}
