"""All SQL about gates."""

from uuid import UUID

from sqlalchemy import func
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns
from app.assurance.governance.gates.models import GateOverride, GateSetting


async def setting(
    session: AsyncSession, principal: Principal, *, for_update: bool = False
) -> GateSetting | None:
    statement = scoped(principal, GateSetting)
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).one_or_none()


async def overrides(
    session: AsyncSession, principal: Principal, pilot_id: UUID
) -> list[GateOverride]:
    """Those of a pilot, in the order in which they were given."""
    statement = scoped(principal, GateOverride).where(col(GateOverride.pilot_id) == pilot_id)
    return list((await session.exec(statement.order_by(col(GateOverride.id)))).all())


async def count_overrides(session: AsyncSession, principal: Principal) -> int:
    return int((await session.exec(scoped_columns(principal, GateOverride, func.count()))).one()[0])
