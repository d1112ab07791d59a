"""Whether an address may be an endpoint, as far as it says so itself; the rest is known when it is connected to."""

import socket

import httpx

from app.core.errors import Invalid
from app.core.outward.addresses import is_private

_PORTS = 65_536


def check(url: str, *, private_allowed: bool) -> str:
    """The address as it is kept.

    An address that leads to a private one by its name is refused whenever it is connected to.

    Raises:
        Invalid: it is none that events may be sent to.
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError):
        raise _refused(
            "url_malformed", "This is no address. Give one as https://host/path."
        ) from None
    if parsed.scheme != "https" and not (parsed.scheme == "http" and private_allowed):
        raise _refused("url_insecure", "Events are sent over https alone.")
    if (
        not parsed.host
        or parsed.userinfo
        or parsed.fragment
        or not 0 < (parsed.port or 443) < _PORTS
    ):
        raise _refused(
            "url_malformed", "An address has a host, and neither a password nor a fragment."
        )
    if not private_allowed and _leads_inside(parsed.host):
        raise _refused(
            "url_private",
            "This address is private. PILOTLIGHT_ALLOW_PRIVATE_ADDRESSES permits such ones.",
        )
    return str(parsed)


def _leads_inside(host: str) -> bool:
    if host.rstrip(".").lower().rpartition(".")[2] in ("localhost", "local", "internal"):
        return True
    try:
        # What the system takes for IPv4 as well: one number, fewer parts, octal and hexadecimal ones.
        return is_private(socket.inet_ntoa(socket.inet_aton(host)))
    except (OSError, UnicodeError):
        pass
    try:
        return is_private(host)
    except ValueError:
        return False  # a name


def _refused(code: str, detail: str) -> Invalid:
    return Invalid.field("/url", code, detail)
