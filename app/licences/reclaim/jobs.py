"""How many seats might go to somebody else, day by day."""

from collections.abc import Mapping
from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core.jobs.registry import job
from app.core.jobs.schedules import daily
from app.core.local_days import day_of
from app.licences.pools import service as pools
from app.licences.reclaim import service
from app.organisations import service as organisations


async def _pools(session: AsyncSession, organisation_id: UUID, slot: datetime) -> list[str]:
    """The pools in whose term the day of the slot lies."""
    organisation = await organisations.get(session, organisation_id)
    today = day_of(slot, ZoneInfo(organisation.zone))
    found = await pools.in_term(session, Principal.system(organisation), today)
    return [str(pool.id) for pool in found]


@job("reclaim_candidates", daily(time(3)), parts=_pools)
async def reclaim_candidates(
    session: AsyncSession, organisation_id: UUID, slot: datetime, pool: str
) -> Mapping[str, int]:
    """Count the seats of each pool that might go to somebody else, by how clear the case is."""
    organisation = await organisations.get(session, organisation_id)
    today = day_of(slot, ZoneInfo(organisation.zone))
    count = await service.count(session, Principal.system(organisation), UUID(pool), today)
    return {"pools": 1, "stale": int(count.is_stale), **count.by_tier}
