"""All SQL about draws of a comparison group."""

from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped
from app.core.pagination import PageQuery, paginate
from app.licences.comparison_draws.models import ComparisonDraw


async def page(
    session: AsyncSession, principal: Principal, pilot_id: UUID, query: PageQuery
) -> tuple[list[ComparisonDraw], str | None]:
    statement = scoped(principal, ComparisonDraw).where(col(ComparisonDraw.pilot_id) == pilot_id)
    return await paginate(session, statement, col(ComparisonDraw.id), query)


async def exists(session: AsyncSession, principal: Principal, pilot_id: UUID) -> bool:
    """Whether anybody was drawn for a pilot."""
    statement = scoped(principal, ComparisonDraw).where(col(ComparisonDraw.pilot_id) == pilot_id)
    return (await session.exec(statement.limit(1))).first() is not None
