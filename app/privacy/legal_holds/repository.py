"""All SQL about legal holds."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns
from app.core.pagination import PageQuery, paginate
from app.pilots.models import PilotMember
from app.privacy.legal_holds.models import HoldOn, LegalHold


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery, *, in_force: bool | None
) -> tuple[list[LegalHold], str | None]:
    statement = scoped(principal, LegalHold)
    if in_force is not None:
        released = col(LegalHold.released_at)
        statement = statement.where(released.is_(None) if in_force else released.is_not(None))
    return await paginate(session, statement, col(LegalHold.id), query, newest_first=True)


async def find(
    session: AsyncSession, principal: Principal, hold_id: UUID, *, for_update: bool = False
) -> LegalHold | None:
    statement = scoped(principal, LegalHold).where(col(LegalHold.id) == hold_id)
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).one_or_none()


async def on_person(
    session: AsyncSession, principal: Principal, person_id: UUID
) -> Sequence[LegalHold]:
    """Holds in force that somebody's data are under: their own, those of their pilots, and those on everything."""
    pilots = scoped_columns(principal, PilotMember, col(PilotMember.pilot_id)).where(
        col(PilotMember.person_id) == person_id
    )
    statement = scoped(principal, LegalHold).where(
        col(LegalHold.released_at).is_(None),
        or_(
            col(LegalHold.person_id) == person_id,
            col(LegalHold.pilot_id).in_(pilots),
            col(LegalHold.hold_on) == HoldOn.ORGANISATION,
        ),
    )
    return (await session.exec(statement.order_by(col(LegalHold.id)))).all()
