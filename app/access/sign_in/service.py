"""Signing in: from the identity provider's answer to a session, or to an event that says why not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.access import service as keys
from app.access.accounts import service as accounts
from app.access.accounts.models import AccountKind
from app.access.identity import code_flow
from app.access.identity.code_flow import Attempt, SignInRefused
from app.access.identity.outgoing import OutgoingError
from app.access.identity.providers import Identity, Provider
from app.access.principals import Principal
from app.access.sessions import service as sessions
from app.audit_log import service as audit_log
from app.core import clock
from app.core.database import Database
from app.core.errors import BadRequest, Forbidden, NotFound, Unavailable
from app.core.settings import Settings
from app.organisations import service as organisations

_DEMO_ISSUER: Final = "urn:pilotlight:demo"


@dataclass(frozen=True, slots=True)
class SignIns:
    """What signing in needs of this process."""

    database: Database
    settings: Settings
    identity: Identity


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session's token, and where the browser goes with it."""

    token: str
    return_to: str


async def begin(ins: SignIns, name: str | None, return_to: str) -> tuple[str, str]:
    """Where to send the browser, and the sealed attempt that it keeps meanwhile.

    Raises:
        NotFound: there is no such identity provider.
        Unavailable: it cannot be asked.
    """
    provider = ins.identity.named(name)
    if provider is None:
        raise NotFound(
            "There is no such identity provider. Say which with ?provider=NAME."
            if ins.identity.names
            else "Nobody signs in here: no identity provider is set."
        )
    attempt = Attempt.new(provider.settings.name, return_to, clock.now())
    try:
        address = await code_flow.address(provider, attempt, ins.settings.public_url)
    except OutgoingError as error:
        raise _out_of_reach(error) from None
    return address, code_flow.seal(attempt, ins.settings.secret_key.get_secret_value())


def _out_of_reach(error: OutgoingError) -> Unavailable:
    return Unavailable(
        f"The identity provider is of no help just now: {error}.",
        code="identity_provider_unavailable",
        retry_after=30,
    )


async def finish(
    ins: SignIns, sealed: str | None, returned: Mapping[str, str], old_token: str | None
) -> Opened:
    """Let somebody in whom the identity provider has sent back.

    Args:
        ins: this process.
        sealed: the attempt, as the browser kept it.
        returned: the provider's answer, in the query of the browser's address.
        old_token: of the session that the browser has had, which ends.

    Raises:
        BadRequest: the browser has begun nothing, or too long ago.
        Forbidden: they are not let in; an event says why.
        Unavailable: the provider cannot be asked.
    """
    secret = ins.settings.secret_key.get_secret_value()
    attempt = code_flow.unseal(sealed or "", secret, clock.now())
    provider = ins.identity.named(attempt.provider) if attempt is not None else None
    if attempt is None or provider is None:
        raise BadRequest(
            "No sign-in was begun in this browser in the last ten minutes. Begin at /auth/sign-in.",
            code="sign_in_not_begun",
        )
    try:
        claims = await code_flow.redeem(provider, attempt, returned, ins.settings.public_url)
        token = await _let_in(ins, provider, claims, old_token)
    except SignInRefused as refused:
        await _record(ins, provider, refused.reason)
        raise Forbidden(refused.detail, code="sign_in_refused") from None
    except OutgoingError as error:
        await _record(ins, provider, "provider_unavailable")
        raise _out_of_reach(error) from None
    return Opened(token, attempt.return_to)


async def _let_in(
    ins: SignIns, provider: Provider, claims: Mapping[str, Any], old_token: str | None
) -> str:
    roles = provider.roles_in(claims)
    if not roles:
        raise SignInRefused(
            "role_missing", "You have no role here yet. Ask whoever assigns them at your council."
        )
    async with ins.database.transaction() as session:
        known = await accounts.take(session, provider, claims, AccountKind.PERSON, None)
        known = await accounts.signed_in(session, known, provider, claims)
        why = accounts.refusal(*known)
        if why is not None:
            raise SignInRefused(why, "This account may not come in any more.")
        if old_token is not None:
            await sessions.end_presented(session, old_token)
        return await sessions.open_one(
            session, known.account, known.organisation, roles, ins.settings
        )


async def _record(ins: SignIns, provider: Provider, reason: str) -> None:
    async with ins.database.transaction() as session:
        organisation = await organisations.get(session, provider.settings.organisation_id)
        await audit_log.record(
            session,
            Principal.unknown(organisation),
            "session.refused",
            details={"provider": provider.settings.name, "reason": reason},
        )


async def sign_in_for_the_demo(ins: SignIns, key: str, old_token: str | None) -> str:
    """A session for the holder of a key, in the key's role; there is no such thing outside the demo.

    Raises:
        NotFound: this is not the demo.
        Unauthenticated: the key is not a good one.
        Forbidden: it has scopes of its own instead of a role.
    """
    if not ins.settings.is_demo:
        raise NotFound("There is nothing at this address.")
    principal = await keys.authenticate(ins.database, key)
    if principal.role is None:
        raise Forbidden("This key has no role to act in.", code="role_missing")
    async with ins.database.transaction() as session:
        known = await accounts.take_subject(
            session,
            principal.organisation_id,
            _DEMO_ISSUER,
            str(principal.id),
            AccountKind.PERSON,
            "demo",
        )
        known.account.person_id = principal.person_id
        session.add(known.account)
        await session.flush()
        if accounts.refusal(*known) is not None:
            raise Forbidden("This account may not come in any more.", code="sign_in_refused")
        if old_token is not None:
            await sessions.end_presented(session, old_token)
        return await sessions.open_one(
            session, known.account, principal.organisation, [principal.role], ins.settings
        )
