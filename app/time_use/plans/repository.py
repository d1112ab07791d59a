"""All SQL about sampling plans."""

from uuid import UUID

from sqlalchemy import bindparam
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import of, scoped_once
from app.time_use.plans.models import SamplingPlan

_OF_PILOT = scoped_once(SamplingPlan, SamplingPlan).where(
    col(SamplingPlan.pilot_id) == bindparam("of_pilot")
)


async def find(session: AsyncSession, principal: Principal, pilot_id: UUID) -> SamplingPlan | None:
    rows = await session.exec(_OF_PILOT, params=of(principal, of_pilot=pilot_id))
    found = rows.one_or_none()
    return found[0] if found is not None else None
