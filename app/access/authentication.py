"""Who sends a request: by a key, an access token, or the session of a browser."""

from dataclasses import dataclass
from typing import Final

from fastapi import Request

from app.access import service as keys
from app.access.accounts import service as accounts
from app.access.identity import tokens
from app.access.principals import Principal
from app.access.sessions import cookies
from app.access.sessions import service as sessions
from app.access.sessions.service import SignedIn
from app.core.errors import Unauthenticated

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Authenticated:
    """Who it is, with their session where they have one."""

    principal: Principal
    signed_in: SignedIn | None = None


async def authenticate(request: Request) -> Authenticated:
    """Who sends a request; a header goes before a cookie, which browsers send unasked.

    Raises:
        Unauthenticated: nobody who is known here.
        Forbidden: a change that somebody else's page has a browser send.
    """
    state = request.app.state
    header = request.headers.get("authorization")
    if header is None:
        signed_in = await signed_in_by(request)
        if signed_in is not None:
            if request.method not in SAFE_METHODS:
                check_meant(request, signed_in, request.headers.get(cookies.FORGERY_HEADER))
            return Authenticated(signed_in.principal, signed_in)
    scheme, _, given = (header or "").partition(" ")
    credential = given.strip()
    if scheme.lower() != "bearer" or not credential:
        raise Unauthenticated(
            "Send a key as: Authorization: Bearer plk_…", code="credentials_missing"
        )
    if tokens.looks_like_a_token(credential):
        return Authenticated(
            await accounts.authenticate(state.database, state.identity, credential)
        )
    return Authenticated(await keys.authenticate(state.database, credential))


async def signed_in_by(request: Request) -> SignedIn | None:
    """Whose session the request's cookie is of; None without a cookie.

    Raises:
        Unauthenticated: the session is over.
    """
    settings = request.app.state.settings
    token = cookies.read(request, cookies.SESSION, settings)
    if token is None:
        return None
    return await sessions.recognise(request.app.state.database, token, settings)


def check_meant(request: Request, signed_in: SignedIn, forgery_token: str | None) -> None:
    """Refuse a change that the person did not mean.

    Raises:
        Forbidden: it does not come from a page of ours, or lacks the session's token.
    """
    settings = request.app.state.settings
    cookies.check_same_origin(request, settings)
    cookies.check_forgery_token(forgery_token, sessions.forgery_token(settings, signed_in.session))
