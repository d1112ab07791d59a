"""All SQL about keys."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.models import ApiKey
from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns
from app.core.pagination import PageQuery, paginate
from app.organisations.models import Organisation
from app.people.models import Person

# Every request asks this: building it anew would cost more than running it.
_BY_DIGEST = (
    select(ApiKey, Organisation)
    .join(Organisation, col(Organisation.organisation_id) == col(ApiKey.organisation_id))
    .where(
        col(ApiKey.organisation_id) == bindparam("of_organisation"),
        col(ApiKey.digest) == bindparam("of_digest"),
    )
)


async def find_by_digest(
    session: AsyncSession, organisation_id: UUID, digest: bytes
) -> tuple[ApiKey, Organisation] | None:
    """The key and its organisation. Before this nobody is known, so there is no scope yet."""
    found = await session.exec(
        _BY_DIGEST, params={"of_organisation": organisation_id, "of_digest": digest}
    )
    return found.one_or_none()


async def note_use(
    session: AsyncSession, organisation_id: UUID, key_id: UUID, now: datetime
) -> None:
    await session.exec(
        update(ApiKey)
        .where(col(ApiKey.organisation_id) == organisation_id, col(ApiKey.id) == key_id)
        .values(last_used_at=now)
    )


async def find(
    session: AsyncSession, principal: Principal, key_id: UUID, *, for_update: bool = False
) -> ApiKey | None:
    statement = scoped(principal, ApiKey).where(col(ApiKey.id) == key_id)
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).one_or_none()


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery
) -> tuple[list[ApiKey], str | None]:
    return await paginate(session, scoped(principal, ApiKey), col(ApiKey.id), query)


async def person_exists(session: AsyncSession, principal: Principal, person_id: UUID) -> bool:
    statement = scoped_columns(principal, Person, col(Person.id)).where(col(Person.id) == person_id)
    return (await session.exec(statement)).first() is not None
