"""Weeks about which nobody answered, week by week."""

from calendar import MONDAY
from collections.abc import Mapping
from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core.jobs.registry import job
from app.core.jobs.schedules import weekly
from app.core.local_days import day_of
from app.core.periods import DAY
from app.metrics.feedback import service
from app.organisations import service as organisations
from app.pilots import service as pilots


async def _pilots(session: AsyncSession, organisation_id: UUID, _slot: datetime) -> list[str]:
    """The pilots that are running."""
    principal = Principal.system(await organisations.get(session, organisation_id))
    return [str(pilot.id) for pilot in await pilots.running(session, principal)]


@job("missing_feedback", weekly(MONDAY, time(5)), parts=_pilots)
async def missing_feedback(
    session: AsyncSession, organisation_id: UUID, slot: datetime, pilot: str
) -> Mapping[str, int]:
    """Note which weeks of each running pilot are over without any answer from staff."""
    organisation = await organisations.get(session, organisation_id)
    yesterday = day_of(slot, ZoneInfo(organisation.zone)) - DAY
    missing, new = await service.note_missing_weeks(
        session, Principal.system(organisation), UUID(pilot), yesterday, slot
    )
    return {"pilots": 1, "missing_weeks": missing, "newly_missing": new}
