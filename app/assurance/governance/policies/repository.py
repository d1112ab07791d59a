"""All SQL about policies."""

from datetime import date
from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped
from app.assurance.governance.policies.models import Policy, PolicyStatus
from app.core.pagination import PageQuery, paginate


async def page(
    session: AsyncSession,
    principal: Principal,
    query: PageQuery,
    code: str | None,
    status: PolicyStatus | None,
) -> tuple[list[Policy], str | None]:
    statement = scoped(principal, Policy)
    if code is not None:
        statement = statement.where(col(Policy.code) == code)
    if status is not None:
        statement = statement.where(col(Policy.status) == status)
    return await paginate(session, statement, col(Policy.id), query)


async def find(
    session: AsyncSession, principal: Principal, policy_id: UUID, *, for_update: bool = False
) -> Policy | None:
    statement = scoped(principal, Policy).where(col(Policy.id) == policy_id)
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).one_or_none()


async def newest(session: AsyncSession, principal: Principal, code: str) -> Policy | None:
    """The newest version of a policy, held."""
    statement = scoped(principal, Policy).where(col(Policy.code) == code)
    newest = statement.order_by(col(Policy.version).desc()).limit(1).with_for_update()
    return (await session.exec(newest)).one_or_none()


async def published(
    session: AsyncSession,
    principal: Principal,
    *,
    code: str | None = None,
    review_before: date | None = None,
    for_update: bool = False,
) -> list[Policy]:
    """The published versions; of one policy, or those that were to be reviewed before a day."""
    statement = scoped(principal, Policy).where(col(Policy.status) == PolicyStatus.PUBLISHED)
    if code is not None:
        statement = statement.where(col(Policy.code) == code)
    if review_before is not None:
        statement = statement.where(col(Policy.review_on) < review_before)
    if for_update:
        statement = statement.with_for_update()
    return list((await session.exec(statement.order_by(col(Policy.code)))).all())


async def published_by(session: AsyncSession, principal: Principal, day: date) -> list[Policy]:
    """Versions that were published on a day or before, whatever has become of them."""
    statement = scoped(principal, Policy).where(col(Policy.published_on) <= day)
    return list((await session.exec(statement.order_by(col(Policy.id)))).all())
