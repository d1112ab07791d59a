"""Reviews that are overdue, day by day."""

from collections.abc import Mapping
from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.assurance.governance.gates import reviews
from app.core.jobs.registry import job
from app.core.jobs.schedules import daily
from app.core.local_days import day_of
from app.organisations import service as organisations


@job("overdue_reviews", daily(time(5, 30)))
async def overdue_reviews(
    session: AsyncSession, organisation_id: UUID, slot: datetime
) -> Mapping[str, int]:
    """Tell of policies and items of the register whose review is overdue, once for each date."""
    organisation = await organisations.get(session, organisation_id)
    today = day_of(slot, ZoneInfo(organisation.zone))
    overdue, new = await reviews.tell(session, Principal.system(organisation), today)
    return {"overdue": overdue, "newly_overdue": new}
