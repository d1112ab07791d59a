"""Cookies of ours, and whether a request that carries one was meant by the page that sent it."""

import hmac
from typing import Final

from fastapi import Request, Response

from app.core.errors import Forbidden
from app.core.settings import Settings

FORGERY_HEADER: Final = "X-CSRF-Token"
FORGERY_FIELD: Final = "csrf_token"
SESSION: Final = "pilotlight"
ATTEMPT: Final = "pilotlight-sign-in"


def name_of(cookie: str, settings: Settings) -> str:
    """`__Host-` binds a cookie to this very host and to https; the demo on loopback has no https."""
    return f"__Host-{cookie}" if settings.is_public_by_https else cookie


def read(request: Request, cookie: str, settings: Settings) -> str | None:
    return request.cookies.get(name_of(cookie, settings))


def set_on(
    response: Response, cookie: str, value: str, settings: Settings, *, seconds: int | None = None
) -> None:
    """Set a cookie of ours; without `seconds` the browser forgets it when it is closed."""
    response.set_cookie(
        name_of(cookie, settings),
        value,
        max_age=seconds,
        path="/",
        secure=settings.is_public_by_https,
        httponly=True,
        samesite="lax",
    )


def forget_on(response: Response, cookie: str, settings: Settings) -> None:
    set_on(response, cookie, "", settings, seconds=0)


def check_same_origin(request: Request, settings: Settings) -> None:
    """Refuse a request that a page of somebody else has a browser send.

    Raises:
        Forbidden: it does not say that it comes from a page of ours.
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin", "")
    if site != "same-origin" or origin.lower() != settings.public_url:
        raise Forbidden(
            "This request does not come from a page of this service (see PILOTLIGHT_PUBLIC_URL).",
            code="cross_site_request",
        )


def check_forgery_token(given: str | None, expected: str) -> None:
    """Refuse a request without the token of its session.

    Raises:
        Forbidden: it is missing or wrong.
    """
    if not hmac.compare_digest((given or "").encode(), expected.encode()):
        raise Forbidden(
            f"Send the csrf_token of GET /me as {FORGERY_HEADER}.", code="csrf_token_wrong"
        )
