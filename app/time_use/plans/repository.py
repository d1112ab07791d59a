"""All SQL about sampling plans."""

from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped
from app.time_use.plans.models import SamplingPlan


async def find(session: AsyncSession, principal: Principal, pilot_id: UUID) -> SamplingPlan | None:
    statement = scoped(principal, SamplingPlan).where(col(SamplingPlan.pilot_id) == pilot_id)
    return (await session.exec(statement)).one_or_none()
