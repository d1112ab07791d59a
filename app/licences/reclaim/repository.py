"""All SQL about reclaim decisions."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns
from app.core.pagination import PageQuery, paginate
from app.licences.reclaim.models import Decision, ReclaimCount, ReclaimDecision


async def page(
    session: AsyncSession, principal: Principal, pool_id: UUID, query: PageQuery
) -> tuple[list[ReclaimDecision], str | None]:
    statement = scoped(principal, ReclaimDecision).where(col(ReclaimDecision.pool_id) == pool_id)
    return await paginate(session, statement, col(ReclaimDecision.id), query, newest_first=True)


async def kept(
    session: AsyncSession, principal: Principal, pool_ids: Collection[UUID], as_of: date
) -> dict[UUID, date]:
    """Until when each of these pools' seats is kept by the last decision about it, by allocation."""
    d = ReclaimDecision
    statement = (
        scoped_columns(principal, d, col(d.allocation_id), col(d.decision), col(d.keep_until))
        .where(col(d.pool_id).in_(pool_ids), col(d.as_of) <= as_of)
        .order_by(col(d.decided_at), col(d.id))
    )
    last = {row[0]: (row[1], row[2]) for row in await session.exec(statement)}
    return {
        allocation_id: keep_until or date.max
        for allocation_id, (decision, keep_until) in last.items()
        if decision is Decision.KEEP
    }


async def count_of(
    session: AsyncSession, principal: Principal, pool_id: UUID, as_of: date
) -> ReclaimCount | None:
    statement = scoped(principal, ReclaimCount).where(
        col(ReclaimCount.pool_id) == pool_id, col(ReclaimCount.as_of) == as_of
    )
    return (await session.exec(statement)).one_or_none()
