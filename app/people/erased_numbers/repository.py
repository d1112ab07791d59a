"""All SQL about the numbers of people who were erased."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped_columns, within
from app.core.models import in_parts
from app.people.erased_numbers.models import ErasedNumber


async def exist(session: AsyncSession, principal: Principal) -> bool:
    """Whether there are any; most organisations have none, and look no further."""
    statement = scoped_columns(principal, ErasedNumber, col(ErasedNumber.digest)).limit(1)
    return (await session.exec(statement)).first() is not None


async def known(session: AsyncSession, principal: Principal, digests: Collection[str]) -> set[str]:
    statement = scoped_columns(principal, ErasedNumber, col(ErasedNumber.digest))
    found: set[str] = set()
    for part in in_parts(digests):
        rows = await session.exec(statement.where(col(ErasedNumber.digest).in_(part)))
        found |= {row[0] for row in rows}
    return found


async def forget(session: AsyncSession, principal: Principal, erasure_id: UUID) -> int:
    """Forget the numbers of an erasure; returns how many."""
    result = await session.exec(
        delete(ErasedNumber)
        .where(*within(principal, ErasedNumber), col(ErasedNumber.erasure_id) == erasure_id)
        .returning(col(ErasedNumber.digest))
    )
    return len(result.all())
