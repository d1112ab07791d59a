"""All SQL about pools themselves; what is in their ledgers is in `allocations`."""

from datetime import date
from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped
from app.core.pagination import PageQuery, paginate
from app.licences.pools.models import CapacityChange, LicencePool
from app.licences.pools.schemas import PoolFilter


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery, wanted: PoolFilter
) -> tuple[list[LicencePool], str | None]:
    statement = scoped(principal, LicencePool)
    for name in ("product", "pilot_id", "name"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(getattr(LicencePool, name) == value)
    return await paginate(session, statement, col(LicencePool.id), query)


async def of_pilot(
    session: AsyncSession, principal: Principal, pilot_id: UUID
) -> list[LicencePool]:
    statement = (
        scoped(principal, LicencePool)
        .where(col(LicencePool.pilot_id) == pilot_id)
        .order_by(col(LicencePool.id))
    )
    return list((await session.exec(statement)).all())


async def in_term(session: AsyncSession, principal: Principal, day: date) -> list[LicencePool]:
    statement = (
        scoped(principal, LicencePool)
        .where(col(LicencePool.term_starts_on) <= day, col(LicencePool.term_ends_on) > day)
        .order_by(col(LicencePool.id))
    )
    return list((await session.exec(statement)).all())


async def find(session: AsyncSession, principal: Principal, pool_id: UUID) -> LicencePool | None:
    statement = scoped(principal, LicencePool).where(col(LicencePool.id) == pool_id)
    return (await session.exec(statement)).one_or_none()


async def capacity_changes(
    session: AsyncSession, principal: Principal, pool_id: UUID, query: PageQuery
) -> tuple[list[CapacityChange], str | None]:
    statement = scoped(principal, CapacityChange).where(col(CapacityChange.pool_id) == pool_id)
    return await paginate(session, statement, col(CapacityChange.id), query)
