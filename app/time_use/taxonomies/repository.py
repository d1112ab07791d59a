"""All SQL about taxonomies."""

from uuid import UUID

from sqlalchemy import bindparam
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import of, scoped, scoped_once
from app.time_use.taxonomies.models import PilotTaxonomy, Taxonomy


async def recorded(session: AsyncSession, principal: Principal) -> list[Taxonomy]:
    """The organisation's own versions, oldest first."""
    statement = scoped(principal, Taxonomy).order_by(col(Taxonomy.id))
    return list((await session.exec(statement)).all())


async def find(session: AsyncSession, principal: Principal, version: str) -> Taxonomy | None:
    statement = scoped(principal, Taxonomy).where(col(Taxonomy.version) == version)
    return (await session.exec(statement)).one_or_none()


_OF_PILOT = scoped_once(PilotTaxonomy, PilotTaxonomy).where(
    col(PilotTaxonomy.pilot_id) == bindparam("of_pilot")
)


async def of_pilot(
    session: AsyncSession, principal: Principal, pilot_id: UUID
) -> PilotTaxonomy | None:
    rows = await session.exec(_OF_PILOT, params=of(principal, of_pilot=pilot_id))
    found = rows.one_or_none()
    return found[0] if found is not None else None
