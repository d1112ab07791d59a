"""All SQL about the register."""

from datetime import date
from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped
from app.assurance.governance.register.models import ItemKind, ItemStatus, RegisterItem
from app.core.pagination import PageQuery, paginate


async def page(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    query: PageQuery,
    kind: ItemKind | None,
) -> tuple[list[RegisterItem], str | None]:
    statement = scoped(principal, RegisterItem).where(col(RegisterItem.pilot_id) == pilot_id)
    if kind is not None:
        statement = statement.where(col(RegisterItem.kind) == kind)
    return await paginate(session, statement, col(RegisterItem.id), query)


async def find(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    item_id: UUID,
    *,
    for_update: bool = False,
) -> RegisterItem | None:
    i = RegisterItem
    statement = scoped(principal, i).where(col(i.pilot_id) == pilot_id, col(i.id) == item_id)
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).one_or_none()


async def of_pilot(
    session: AsyncSession, principal: Principal, pilot_id: UUID
) -> list[RegisterItem]:
    """Everything in a pilot's register, in the order in which it came."""
    statement = scoped(principal, RegisterItem).where(col(RegisterItem.pilot_id) == pilot_id)
    return list((await session.exec(statement.order_by(col(RegisterItem.id)))).all())


async def to_approve(session: AsyncSession, principal: Principal) -> list[RegisterItem]:
    """Every item of the organisation that is approved, or is on its way to it."""
    i = RegisterItem
    noted = (ItemKind.RISK, ItemKind.INCIDENT)
    statement = scoped(principal, i).where(col(i.kind).not_in(noted))
    return list((await session.exec(statement.order_by(col(i.id)))).all())


async def overdue(
    session: AsyncSession, principal: Principal, today: date, *, for_update: bool = False
) -> list[RegisterItem]:
    """Items in force that were to be reviewed before a day."""
    i = RegisterItem
    in_force = (ItemStatus.APPROVED, ItemStatus.OPEN)
    statement = scoped(principal, i).where(col(i.review_on) < today, col(i.status).in_(in_force))
    if for_update:
        statement = statement.with_for_update()
    return list((await session.exec(statement.order_by(col(i.id)))).all())
