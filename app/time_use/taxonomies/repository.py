"""All SQL about taxonomies."""

from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped
from app.time_use.taxonomies.models import PilotTaxonomy, Taxonomy


async def recorded(session: AsyncSession, principal: Principal) -> list[Taxonomy]:
    """The organisation's own versions, oldest first."""
    statement = scoped(principal, Taxonomy).order_by(col(Taxonomy.id))
    return list((await session.exec(statement)).all())


async def find(session: AsyncSession, principal: Principal, version: str) -> Taxonomy | None:
    statement = scoped(principal, Taxonomy).where(col(Taxonomy.version) == version)
    return (await session.exec(statement)).one_or_none()


async def of_pilot(
    session: AsyncSession, principal: Principal, pilot_id: UUID
) -> PilotTaxonomy | None:
    statement = scoped(principal, PilotTaxonomy).where(col(PilotTaxonomy.pilot_id) == pilot_id)
    return (await session.exec(statement)).one_or_none()
