"""What figures read of licence activity, held against its rows."""

from collections.abc import Mapping
from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core.jobs.registry import job
from app.core.jobs.schedules import daily
from app.core.local_days import day_of
from app.core.periods import WEEK, Window
from app.licences.activity import repository, years
from app.organisations import service as organisations

# As far back as usage reports are corrected, and a week.
VERIFIED = 5 * WEEK

_log = structlog.get_logger(__name__)


async def _products(session: AsyncSession, organisation_id: UUID, _slot: datetime) -> list[str]:
    principal = Principal.system(await organisations.get(session, organisation_id))
    return await repository.products(session, principal)


@job("licence_daily_facts", daily(time(2, 30)), parts=_products)
async def licence_daily_facts(
    session: AsyncSession, organisation_id: UUID, slot: datetime, product: str
) -> Mapping[str, int]:
    """Hold the daily facts of the last five weeks' licence activity against its rows; derive what differs anew."""
    organisation = await organisations.get(session, organisation_id)
    # The day may have begun in the organisation's zone before it has in UTC, and then counts as well.
    today = day_of(slot, ZoneInfo(organisation.zone))
    days = Window(today - VERIFIED, today + WEEK)
    found = await years.verify(session, Principal.system(organisation), product, days)
    if found:
        _log.warning(
            "licence_daily_facts_differ",
            product=product,
            people=len({each.person_id for each in found}),
            days=sum(each.days for each in found),
        )
    return {"products": 1, "differences": sum(each.days for each in found)}
