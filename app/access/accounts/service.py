"""Accounts: recognised by what an identity provider says, linked to staff, blocked."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.accounts import repository
from app.access.accounts.models import Account, AccountKind
from app.access.accounts.repository import Known
from app.access.accounts.schemas import AccountChange
from app.access.identity import tokens
from app.access.identity.outgoing import OutgoingError
from app.access.identity.providers import Identity, Provider
from app.access.identity.tokens import BadToken
from app.access.permissions import SCOPES_OF_ROLE, Role
from app.access.principals import Principal, PrincipalKind
from app.audit_log import service as audit_log
from app.core import clock
from app.core.database import Database
from app.core.errors import Forbidden, Unauthenticated, Unavailable, existing
from app.core.etags import check_if_match, etag_of
from app.core.pagination import PageQuery
from app.core.shared_reads import SharedReads
from app.organisations import service as organisations
from app.organisations.models import Organisation

_SEEN_NOTED_EVERY: Final = timedelta(minutes=5)

_Subject = tuple[UUID, str, str]
_looking_up: SharedReads[tuple[Database, _Subject], Known | None] = SharedReads()


def principal_of(account: Account, organisation: Organisation, role: Role) -> Principal:
    """Somebody with an account, acting in a role. Which pilots a lead reaches, the pilots say."""
    return Principal(
        organisation=organisation,
        kind=PrincipalKind(account.kind),
        id=account.id,
        scopes=SCOPES_OF_ROLE[role],
        role=role,
        person_id=account.person_id,
    )


def refusal(account: Account, organisation: Organisation, left_on: date | None) -> str | None:
    """Why an account opens nothing, as a stable code; None where it does."""
    if account.is_blocked:
        return "account_blocked"
    if left_on is not None and left_on <= clock.today(organisation.zone):
        return "person_has_left"
    return None


async def authenticate(database: Database, identity: Identity, token: str) -> Principal:
    """The principal of an access token.

    Raises:
        Unauthenticated: the token is not a good one, or its account is blocked.
        Forbidden: it carries no role of ours, or several.
        Unavailable: the keys of its issuer cannot be read.
    """
    try:
        provider = identity.of_token(token)
        claims = await provider.verify(token, provider.settings.audience_of_tokens)
        tokens.check_is_access_token(claims)
    except BadToken as error:
        raise Unauthenticated(error.detail, code=error.reason) from None
    except OutgoingError as error:
        raise Unavailable(
            f"The keys of the token's issuer cannot be read: {error}.",
            code="identity_provider_unavailable",
            retry_after=30,
        ) from None
    role = _role_of(provider.roles_in(claims))
    known = await _known(database, provider, claims)
    why = refusal(*known)
    if why is not None:
        raise Unauthenticated("This account may not come in any more.", code=why)
    account, organisation, _ = known
    await _note_use(database, account)
    return principal_of(account, organisation, role)


def _role_of(roles: list[Role]) -> Role:
    if not roles:
        raise Forbidden(
            "The token carries no role of this service. Have one assigned in the identity provider.",
            code="role_missing",
        )
    if len(roles) > 1:
        raise Forbidden(
            "The token carries several roles of this service; a program acts in one.",
            code="roles_ambiguous",
        )
    return roles[0]


async def _known(database: Database, provider: Provider, claims: Mapping[str, Any]) -> Known:
    settings = provider.settings
    subject = (settings.organisation_id, settings.issuer, str(claims["sub"]))

    async def read() -> Known | None:
        async with database.look_up() as session:
            return await repository.find_by_subject(session, *subject)

    found = await _looking_up.get((database, subject), read)
    if found is not None:
        return found
    async with database.transaction() as session:
        name = tokens.text_of(claims, "azp", 200) or tokens.text_of(claims, "client_id", 200)
        return await take(session, provider, claims, AccountKind.PROGRAM, name)


async def _note_use(database: Database, account: Account) -> None:
    now = clock.now()
    if account.last_seen_at is None or account.last_seen_at + _SEEN_NOTED_EVERY <= now:
        with suppress(Unavailable):
            async with database.transaction(wait=False) as session:
                await repository.note_use(session, account.organisation_id, account.id, now)


async def take(
    session: AsyncSession,
    provider: Provider,
    claims: Mapping[str, Any],
    kind: AccountKind,
    name: str | None,
) -> Known:
    """The account of a token's subject, made where it is the first time."""
    settings = provider.settings
    return await take_subject(
        session, settings.organisation_id, settings.issuer, claims["sub"], kind, name
    )


async def take_subject(
    session: AsyncSession,
    organisation_id: UUID,
    issuer: str,
    subject: str,
    kind: AccountKind,
    name: str | None,
) -> Known:
    """The account of a subject, made where it is the first time; an event then says so."""
    wanted = Account(
        organisation_id=organisation_id, kind=kind, issuer=issuer, subject=subject, name=name
    )
    organisation = await organisations.get(session, organisation_id)
    is_new = await repository.add(session, wanted)
    if is_new:
        await audit_log.record(
            session,
            Principal.system(organisation),
            "account.created",
            wanted.id,
            details={"kind": kind},
        )
    found = await repository.find_by_subject(session, organisation_id, issuer, subject)
    assert found is not None  # noqa: S101 - it was put there in this transaction, or before
    return found


async def signed_in(
    session: AsyncSession, known: Known, provider: Provider, claims: Mapping[str, Any]
) -> Known:
    """Bring an account up to date with what its provider says at a sign-in; linked once, it stays so."""
    account, organisation, _ = known
    settings = provider.settings
    account.kind = AccountKind.PERSON
    account.name = (
        tokens.text_of(claims, "preferred_username", 200)
        or tokens.text_of(claims, "name", 200)
        or account.name
    )
    account.last_seen_at = clock.now()
    stated = tokens.text_of(claims, settings.person_claim, 200)
    if account.person_id is None and stated is not None:
        staff = await repository.staff_called(
            session,
            Principal.system(organisation),
            settings.person_field,
            stated,
            clock.today(organisation.zone),
        )
        # Of two who are called alike nobody is meant.
        account.person_id = staff[0] if len(staff) == 1 else None
    session.add(account)
    await session.flush()
    return known


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery
) -> tuple[list[Account], str | None]:
    return await repository.page(session, principal, query)


async def get(
    session: AsyncSession, principal: Principal, account_id: UUID, *, for_update: bool = False
) -> Account:
    """One account.

    Raises:
        NotFound: the organisation has no such account.
    """
    return existing(
        await repository.find(session, principal, account_id, for_update=for_update), "account"
    )


async def change(
    session: AsyncSession,
    principal: Principal,
    account_id: UUID,
    changes: AccountChange,
    if_match: str | None,
) -> Account:
    """Block an account, or let it in again."""
    row = await get(session, principal, account_id, for_update=True)
    check_if_match(if_match, etag_of(row.id, row.revision))
    values = changes.model_dump(exclude_unset=True)
    for field, value in values.items():
        setattr(row, field, value)
    row.touch()
    await audit_log.record(session, principal, "account.changed", row.id, details=values)
    return row
