"""All SQL about taking part in the comparison."""

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped
from app.benchmarking.participation.models import Participation


async def find(
    session: AsyncSession, principal: Principal, *, for_update: bool = False
) -> Participation | None:
    statement = scoped(principal, Participation)
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).one_or_none()
