"""All SQL about claims of benefits."""

from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped
from app.benefits.models import BenefitClaim, BenefitClass
from app.core.pagination import PageQuery, paginate
from app.core.periods import Window


async def find(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    claim_id: UUID,
    *,
    for_update: bool = False,
) -> BenefitClaim | None:
    statement = scoped(principal, BenefitClaim).where(
        col(BenefitClaim.pilot_id) == pilot_id, col(BenefitClaim.id) == claim_id
    )
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).one_or_none()


async def page(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    query: PageQuery,
    benefit_class: BenefitClass | None,
) -> tuple[list[BenefitClaim], str | None]:
    statement = scoped(principal, BenefitClaim).where(col(BenefitClaim.pilot_id) == pilot_id)
    if benefit_class is not None:
        statement = statement.where(col(BenefitClaim.benefit_class) == benefit_class)
    return await paginate(session, statement, col(BenefitClaim.id), query)


async def counting(
    session: AsyncSession, principal: Principal, pilot_id: UUID
) -> list[BenefitClaim]:
    """The claims of a pilot that are not withdrawn, in the order of their recording."""
    statement = scoped(principal, BenefitClaim).where(
        col(BenefitClaim.pilot_id) == pilot_id, col(BenefitClaim.is_withdrawn).is_(False)
    )
    return list((await session.exec(statement.order_by(col(BenefitClaim.id)))).all())


async def counting_in(
    session: AsyncSession, principal: Principal, period: Window, but: UUID | None = None
) -> list[BenefitClaim]:
    """The claims of the whole organisation that count on one of these days, but for one, in that order."""
    b = BenefitClaim
    statement = scoped(principal, b).where(
        col(b.ends_on) > period.starts_on,
        col(b.starts_on) < period.ends_on,
        col(b.is_withdrawn).is_(False),
    )
    if but is not None:
        statement = statement.where(col(b.id) != but)
    return list((await session.exec(statement.order_by(col(b.id)))).all())
