"""All SQL about saved mappings."""

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped
from app.imports.mappings.models import ImportMapping


async def saved(session: AsyncSession, principal: Principal) -> list[ImportMapping]:
    """The organisation's own mappings, oldest first."""
    statement = scoped(principal, ImportMapping).order_by(col(ImportMapping.id))
    return list((await session.exec(statement)).all())


async def find(
    session: AsyncSession, principal: Principal, name: str, *, for_update: bool = False
) -> ImportMapping | None:
    statement = scoped(principal, ImportMapping).where(col(ImportMapping.name) == name)
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).one_or_none()
