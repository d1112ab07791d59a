"""All SQL about accounts."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, func, or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.accounts.models import Account
from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns
from app.core.pagination import PageQuery, paginate
from app.organisations.models import Organisation
from app.people.models import Person


class Known(NamedTuple):
    """An account, whose it is, and when the person behind it left."""

    account: Account
    organisation: Organisation
    left_on: date | None


async def find_by_subject(
    session: AsyncSession, organisation_id: UUID, issuer: str, subject: str
) -> Known | None:
    statement = (
        select(Account, Organisation, col(Person.left_on))
        .join(Organisation, col(Organisation.organisation_id) == col(Account.organisation_id))
        .outerjoin(
            Person,
            and_(
                col(Person.organisation_id) == col(Account.organisation_id),
                col(Person.id) == col(Account.person_id),
            ),
        )
        .where(
            col(Account.organisation_id) == organisation_id,
            col(Account.issuer) == issuer,
            col(Account.subject) == subject,
        )
    )
    found = (await session.exec(statement)).one_or_none()
    return None if found is None else Known(*found)


async def add(session: AsyncSession, account: Account) -> bool:
    """Put an account there; false where another request has just done so."""
    dialect = session.get_bind().dialect.name
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = make(Account).on_conflict_do_nothing().returning(col(Account.id))
    return (await session.exec(statement, params=account.model_dump())).first() is not None


async def note_use(
    session: AsyncSession, organisation_id: UUID, account_id: UUID, now: datetime
) -> None:
    await session.exec(
        update(Account)
        .where(col(Account.organisation_id) == organisation_id, col(Account.id) == account_id)
        .values(last_seen_at=now)
    )


async def find(
    session: AsyncSession, principal: Principal, account_id: UUID, *, for_update: bool = False
) -> Account | None:
    statement = scoped(principal, Account).where(col(Account.id) == account_id)
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).one_or_none()


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery
) -> tuple[list[Account], str | None]:
    return await paginate(session, scoped(principal, Account), col(Account.id), query)


async def staff_called(
    session: AsyncSession, principal: Principal, field: str, value: str, today: date
) -> list[UUID]:
    """Those of the staff whom a user name (in any case) or an HR number stands for; two at most."""
    named = (
        func.lower(col(Person.user_name)) == value.lower()
        if field == "user_name"
        else col(Person.external_id) == value
    )
    statement = (
        scoped_columns(principal, Person, col(Person.id))
        .where(named, or_(col(Person.left_on).is_(None), col(Person.left_on) > today))
        .limit(2)
    )
    return [row[0] for row in await session.exec(statement)]
