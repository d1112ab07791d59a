"""Keys: made, recognised, revoked."""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access import repository
from app.access.models import ApiKey
from app.access.permissions import SCOPES_OF_ROLE, Scope
from app.access.principals import Principal, PrincipalKind
from app.access.schemas import ApiKeyIn
from app.access.secrets import digest_of, new_secret, organisation_named_by
from app.audit_log import service as audit_log
from app.core import clock
from app.core.database import Database
from app.core.errors import Forbidden, Invalid, Unauthenticated, Unavailable, existing
from app.core.pagination import PageQuery
from app.core.shared_reads import SharedReads
from app.organisations.models import Organisation

PREFIX = "plk_"

# Use is noted this seldom, so that a busy key does not turn every read into a write of its row.
_USE_NOTED_EVERY = timedelta(minutes=5)

# A busy integration sends many requests at once with one key: each is held against the database, together.
_looking_up: SharedReads[tuple[Database, bytes], tuple[ApiKey, Organisation] | None] = SharedReads()


def new_key(organisation_id: UUID) -> str:
    """A fresh key of an organisation."""
    return new_secret(PREFIX, organisation_id)


def organisation_of(key: str) -> UUID | None:
    """The organisation that a key names; None where it is not a key of ours."""
    return organisation_named_by(PREFIX, key)


async def _find(database: Database, key: str) -> tuple[ApiKey, Organisation] | None:
    organisation_id, digest = organisation_of(key), digest_of(key)
    if organisation_id is None:
        return None

    async def read() -> tuple[ApiKey, Organisation] | None:
        async with database.look_up() as session:
            return await repository.find_by_digest(session, organisation_id, digest)

    return await _looking_up.get((database, digest), read)


async def authenticate(database: Database, key: str) -> Principal:
    """The principal of a key.

    Raises:
        Unauthenticated: the key is unknown, revoked or expired.
    """
    found = await _find(database, key)
    if found is None:
        raise Unauthenticated("This key is not known here.", code="credentials_unknown")
    row, organisation = found
    now = clock.now()
    if row.revoked_at is not None:
        raise Unauthenticated("This key was revoked. Ask for a new one.", code="key_revoked")
    if row.expires_at is not None and row.expires_at <= now:
        raise Unauthenticated("This key has expired. Ask for a new one.", code="key_expired")
    if row.last_used_at is None or row.last_used_at + _USE_NOTED_EVERY <= now:
        # The next request notes it where this one finds the database busy.
        with suppress(Unavailable):
            async with database.transaction(wait=False) as session:
                await repository.note_use(session, row.organisation_id, row.id, now)
    return Principal(
        organisation=organisation,
        kind=PrincipalKind.API_KEY,
        id=row.id,
        scopes=frozenset(Scope(scope) for scope in row.scopes),
        role=row.role,
        person_id=row.person_id,
    )


def authorise(principal: Principal, *scopes: Scope) -> None:
    """Hold the principal against what a route needs.

    Raises:
        Forbidden: a scope is missing; the answer names it.
    """
    missing = [scope for scope in scopes if not principal.may(scope)]
    if missing:
        raise Forbidden(
            f"This needs the scope {' and '.join(missing)}, which your key does not have. "
            "Ask an administrator of your organisation for a key that has it.",
            code="scope_missing",
        )


async def create_key(
    session: AsyncSession, principal: Principal, wanted: ApiKeyIn
) -> tuple[ApiKey, str]:
    """Make a key; returns its row and the key itself, which is not kept."""
    if wanted.expires_at is not None and wanted.expires_at <= clock.now():
        raise Invalid.field("/expires_at", "in_the_past", "expires_at must lie in the future")
    if wanted.person_id is not None and not await repository.person_exists(
        session, principal, wanted.person_id
    ):
        raise Invalid.field(
            "/person_id", "unknown_person", "There is no such person. GET /people lists them."
        )
    key = new_key(principal.organisation_id)
    scopes = SCOPES_OF_ROLE[wanted.role] if wanted.role is not None else wanted.scopes
    row = ApiKey(
        organisation_id=principal.organisation_id,
        name=wanted.name,
        digest=digest_of(key),
        hint=key[-4:],
        role=wanted.role,
        scopes=sorted(scopes),
        person_id=wanted.person_id,
        expires_at=wanted.expires_at,
    )
    session.add(row)
    await session.flush()
    await audit_log.record(
        session,
        principal,
        "api_key.created",
        row.id,
        details={"role": wanted.role, "scopes": row.scopes},
    )
    return row, key


async def list_keys(
    session: AsyncSession, principal: Principal, query: PageQuery
) -> tuple[list[ApiKey], str | None]:
    return await repository.page(session, principal, query)


async def revoke_key(session: AsyncSession, principal: Principal, key_id: UUID) -> None:
    """Revoke a key for good; revoking it again changes nothing.

    Raises:
        NotFound: the organisation has no such key.
    """
    row = existing(await repository.find(session, principal, key_id, for_update=True), "key")
    if row.revoked_at is not None:
        return
    row.revoked_at = clock.now()
    await audit_log.record(session, principal, "api_key.revoked", row.id)
