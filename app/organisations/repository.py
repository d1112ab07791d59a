"""All SQL about organisations. It is the one table that is read without a scope: it is the scope."""

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.organisations.models import Organisation


async def get(
    session: AsyncSession, organisation_id: UUID, *, for_update: bool = False
) -> Organisation | None:
    return await session.get(Organisation, organisation_id, with_for_update=for_update or None)


async def hold(session: AsyncSession, organisation_id: UUID) -> None:
    """Hold an organisation against whoever else holds it, and not against those who write its rows."""
    statement = select(Organisation.organisation_id).where(
        col(Organisation.organisation_id) == organisation_id
    )
    await session.exec(statement.with_for_update(key_share=True))


async def find_by_name(session: AsyncSession, name: str) -> Organisation | None:
    statement = select(Organisation).where(col(Organisation.name) == name)
    return (await session.exec(statement)).one_or_none()


async def every(session: AsyncSession) -> list[Organisation]:
    """All of them, for the jobs and the command line; councils are counted in hundreds."""
    return list((await session.exec(select(Organisation).order_by(Organisation.name))).all())
