"""All SQL about returns."""

from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped
from app.benchmarking.returns.models import BenchmarkReturn, ReturnStatus
from app.core.pagination import PageQuery, paginate


async def find(
    session: AsyncSession, principal: Principal, return_id: UUID, *, for_update: bool = False
) -> BenchmarkReturn | None:
    statement = scoped(principal, BenchmarkReturn).where(col(BenchmarkReturn.id) == return_id)
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).one_or_none()


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery, year: int | None
) -> tuple[list[BenchmarkReturn], str | None]:
    """Versions of returns, newest first."""
    statement = scoped(principal, BenchmarkReturn)
    if year is not None:
        statement = statement.where(col(BenchmarkReturn.year) == year)
    return await paginate(session, statement, col(BenchmarkReturn.id), query, newest_first=True)


async def newest(
    session: AsyncSession, principal: Principal, year: int, *, for_update: bool = False
) -> BenchmarkReturn | None:
    """The last version of a year's return."""
    statement = (
        scoped(principal, BenchmarkReturn)
        .where(col(BenchmarkReturn.year) == year)
        .order_by(col(BenchmarkReturn.version).desc())
        .limit(1)
    )
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).one_or_none()


async def submitted(
    session: AsyncSession, principal: Principal, year: int, *, for_update: bool = False
) -> BenchmarkReturn | None:
    """The version that stands for a year, if one was submitted."""
    statement = scoped(principal, BenchmarkReturn).where(
        col(BenchmarkReturn.year) == year,
        col(BenchmarkReturn.status) == ReturnStatus.SUBMITTED,
    )
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).one_or_none()
