"""Sessions: opened at a sign-in, recognised by their token, ended."""

import base64
import hmac
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.accounts import service as accounts
from app.access.accounts.models import Account
from app.access.permissions import Role
from app.access.principals import Principal
from app.access.secrets import digest_of, new_secret, organisation_named_by
from app.access.sessions import repository
from app.access.sessions.models import SignInSession
from app.access.sessions.repository import Found
from app.audit_log import service as audit_log
from app.core import clock
from app.core.database import Database
from app.core.errors import Forbidden, Unauthenticated, Unavailable
from app.core.settings import Settings
from app.core.shared_reads import SharedReads
from app.organisations.models import Organisation

PREFIX: Final = "pls_"
_SEEN_NOTED_EVERY: Final = timedelta(minutes=1)

# A page asks for several things at once.
_looking_up: SharedReads[tuple[Database, bytes], Found | None] = SharedReads()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody with a session."""

    session: SignInSession
    account: Account
    principal: Principal


def _over() -> Unauthenticated:
    return Unauthenticated("Your session is over. Sign in again.", code="session_over")


async def open_one(
    session: AsyncSession,
    account: Account,
    organisation: Organisation,
    roles: Sequence[Role],
    settings: Settings,
) -> str:
    """A new session in the least of these roles; returns its token, which is not kept."""
    token, now = new_secret(PREFIX, organisation.organisation_id), clock.now()
    session.add(
        SignInSession(
            organisation_id=organisation.organisation_id,
            account_id=account.id,
            digest=digest_of(token),
            role=roles[0],
            roles=list(roles),
            last_seen_at=now,
            expires_at=now + timedelta(hours=settings.session_hours),
        )
    )
    await session.flush()
    await audit_log.record(
        session,
        accounts.principal_of(account, organisation, roles[0]),
        "session.opened",
        account.id,
        details={"role": roles[0], "roles": list(roles)},
    )
    return token


async def recognise(database: Database, token: str, settings: Settings) -> SignedIn:
    """Whose session a token is of.

    Raises:
        Unauthenticated: it is of none that lasts, or its account is blocked.
    """
    organisation_id, digest = organisation_named_by(PREFIX, token), digest_of(token)
    if organisation_id is None:
        raise _over()

    async def read() -> Found | None:
        async with database.look_up() as session:
            return await repository.find_by_digest(session, organisation_id, digest)

    found = await _looking_up.get((database, digest), read)
    if found is None or _is_over(found, settings):
        raise _over()
    row, account, organisation, _ = found
    now = clock.now()
    if row.last_seen_at + _SEEN_NOTED_EVERY <= now:
        # The next request notes it where this one finds the database busy.
        with suppress(Unavailable):
            async with database.transaction(wait=False) as session:
                await repository.note_use(session, row, now)
    return SignedIn(row, account, accounts.principal_of(account, organisation, row.role))


def _is_over(found: Found, settings: Settings) -> bool:
    row, account, organisation, left_on = found
    now = clock.now()
    return (
        now >= row.expires_at
        or now >= row.last_seen_at + timedelta(minutes=settings.session_idle_minutes)
        or accounts.refusal(account, organisation, left_on) is not None
    )


def forgery_token(settings: Settings, row: SignInSession) -> str:
    """What a page of ours sends with every change, and no other page can know."""
    secret = settings.secret_key.get_secret_value().encode()
    digest = hmac.digest(secret, b"pilotlight: no forgery" + row.digest, "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


async def act_as(
    session: AsyncSession, signed_in: SignedIn, role: Role, organisation: Organisation
) -> str:
    """Act in another of one's roles from now on; returns the session's new token.

    Raises:
        Forbidden: the identity provider did not give this role.
        Unauthenticated: the session has ended meanwhile.
    """
    found = await repository.find_by_digest(
        session, organisation.organisation_id, signed_in.session.digest, for_update=True
    )
    if found is None:
        raise _over()
    row = found.session
    if role not in row.roles:
        raise Forbidden("Your identity provider does not give you this role.", code="role_missing")
    token = new_secret(PREFIX, organisation.organisation_id)
    row.role, row.digest = role, digest_of(token)
    session.add(row)
    principal = accounts.principal_of(found.account, organisation, role)
    await audit_log.record(
        session, principal, "session.role_changed", found.account.id, details={"role": role}
    )
    return token


async def end_presented(session: AsyncSession, token: str) -> None:
    """End the session that a browser had before it signs in anew: nobody's token outlives that."""
    organisation_id = organisation_named_by(PREFIX, token)
    if organisation_id is not None:
        await repository.delete_one(session, organisation_id, digest_of(token))


async def sign_out(session: AsyncSession, signed_in: SignedIn) -> None:
    """End this session."""
    row = signed_in.session
    if await repository.delete_one(session, row.organisation_id, row.digest) is not None:
        await audit_log.record(session, signed_in.principal, "session.ended", row.account_id)


async def sign_out_of_all(session: AsyncSession, principal: Principal, account: Account) -> int:
    """End every session of an account; returns how many there were."""
    ended = await end_all(session, account.organisation_id, account.id)
    await audit_log.record(
        session, principal, "session.all_ended", account.id, details={"sessions": ended}
    )
    return ended


async def end_all(session: AsyncSession, organisation_id: UUID, account_id: UUID) -> int:
    """The same without an event of its own; returns how many there were."""
    return await repository.delete_all(session, organisation_id, account_id)
