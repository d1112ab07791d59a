"""All SQL about sessions."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, delete, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.accounts.models import Account
from app.access.sessions.models import SignInSession
from app.organisations.models import Organisation
from app.people.models import Person


class Found(NamedTuple):
    """A session, whose it is, and when the person behind it left."""

    session: SignInSession
    account: Account
    organisation: Organisation
    left_on: date | None


async def find_by_digest(
    session: AsyncSession, organisation_id: UUID, digest: bytes, *, for_update: bool = False
) -> Found | None:
    statement = (
        select(SignInSession, Account, Organisation, col(Person.left_on))
        .join(Organisation, col(Organisation.organisation_id) == col(SignInSession.organisation_id))
        .join(
            Account,
            and_(
                col(Account.organisation_id) == col(SignInSession.organisation_id),
                col(Account.id) == col(SignInSession.account_id),
            ),
        )
        .outerjoin(
            Person,
            and_(
                col(Person.organisation_id) == col(Account.organisation_id),
                col(Person.id) == col(Account.person_id),
            ),
        )
        .where(
            col(SignInSession.organisation_id) == organisation_id,
            col(SignInSession.digest) == digest,
        )
    )
    if for_update:
        statement = statement.with_for_update(of=SignInSession)
    found = (await session.exec(statement)).one_or_none()
    return None if found is None else Found(*found)


async def note_use(session: AsyncSession, row: SignInSession, now: datetime) -> None:
    await session.exec(
        update(SignInSession)
        .where(
            col(SignInSession.organisation_id) == row.organisation_id,
            col(SignInSession.id) == row.id,
        )
        .values(last_seen_at=now)
    )


async def delete_one(session: AsyncSession, organisation_id: UUID, digest: bytes) -> UUID | None:
    """End a session; returns whose it was."""
    result = await session.exec(
        delete(SignInSession)
        .where(
            col(SignInSession.organisation_id) == organisation_id,
            col(SignInSession.digest) == digest,
        )
        .returning(col(SignInSession.account_id))
    )
    found = result.one_or_none()
    return None if found is None else found[0]


async def delete_all(session: AsyncSession, organisation_id: UUID, account_id: UUID) -> int:
    """End every session of an account; returns how many."""
    result = await session.exec(
        delete(SignInSession)
        .where(
            col(SignInSession.organisation_id) == organisation_id,
            col(SignInSession.account_id) == account_id,
        )
        .returning(col(SignInSession.id))
    )
    return len(result.all())


async def forget_expired(session: AsyncSession, organisation_id: UUID, now: datetime) -> int:
    """Delete the organisation's sessions whose time is over; returns how many."""
    result = await session.exec(
        delete(SignInSession)
        .where(
            col(SignInSession.organisation_id) == organisation_id,
            col(SignInSession.expires_at) <= now,
        )
        .returning(col(SignInSession.id))
    )
    return len(result.all())
