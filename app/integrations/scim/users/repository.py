"""All SQL about the users of a directory."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns, within
from app.integrations.scim.users.accounts import Known
from app.integrations.scim.users.models import DirectoryUser
from app.people.models import Person

LIVE: ColumnElement[bool] = col(DirectoryUser.deleted_at).is_(None)


def _known(principal: Principal) -> Select[DirectoryUser, Person]:
    return (
        select(DirectoryUser, Person)
        .join(
            Person,
            and_(
                col(Person.organisation_id) == col(DirectoryUser.organisation_id),
                col(Person.id) == col(DirectoryUser.person_id),
            ),
        )
        .where(*within(principal, DirectoryUser))
    )


async def find(
    session: AsyncSession, principal: Principal, person_id: UUID, *, for_update: bool = False
) -> Known | None:
    """A live user; held against other writers with `for_update`."""
    statement = _known(principal).where(col(DirectoryUser.person_id) == person_id, LIVE)
    if for_update:
        # What another transaction has written while this one waited is read as well.
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = (await session.exec(statement)).one_or_none()
    return Known(*found) if found is not None else None


async def row_of(
    session: AsyncSession, principal: Principal, person_id: UUID
) -> DirectoryUser | None:
    """What the directory says, or said, of a person."""
    statement = scoped(principal, DirectoryUser).where(col(DirectoryUser.person_id) == person_id)
    return (await session.exec(statement)).one_or_none()


async def is_named(session: AsyncSession, principal: Principal, key: str) -> bool:
    """Whether a live user has this name."""
    statement = scoped_columns(principal, DirectoryUser, col(DirectoryUser.person_id)).where(
        col(DirectoryUser.user_name_key) == key, LIVE
    )
    return (await session.exec(statement)).first() is not None


async def gone(
    session: AsyncSession, principal: Principal, key: str, external_id: str | None
) -> Sequence[Known]:
    """Users deleted, with this externalId or name, the last of them first."""
    statement = (
        _known(principal)
        .where(
            col(DirectoryUser.deleted_at).is_not(None),
            or_(
                col(DirectoryUser.user_name_key) == key,
                col(DirectoryUser.external_id) == external_id,
            ),
        )
        .order_by(col(DirectoryUser.deleted_at).desc(), col(DirectoryUser.person_id))
        .limit(20)
        .with_for_update()
    )
    return [Known(*found) for found in await session.exec(statement)]


async def count(
    session: AsyncSession, principal: Principal, conditions: Collection[ColumnElement[bool]]
) -> int:
    statement = scoped_columns(principal, DirectoryUser, func.count()).where(LIVE, *conditions)
    return int((await session.exec(statement)).one()[0])


async def some(
    session: AsyncSession,
    principal: Principal,
    conditions: Collection[ColumnElement[bool]],
    *,
    limit: int | None,
    offset: int = 0,
) -> list[Known]:
    """Live users in the order in which they were recorded."""
    statement: Any = _known(principal).where(LIVE, *conditions)
    statement = statement.order_by(col(DirectoryUser.person_id)).limit(limit).offset(offset)
    return [Known(*found) for found in await session.exec(statement)]
