"""Where a request may go: an address is resolved, judged, and connected to as it was resolved."""

import asyncio
import ipaddress
import socket

import httpx

from app.core import certificates
from app.core.outward import errors

# Ways through to IPv4, and what once was private: no service is found there any more.
_BYWAYS = tuple(
    ipaddress.ip_network(network)
    for network in ("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "2002::/16", "fec0::/10")
)
# Where a network without IPv4 finds it: its last 32 bits are the address that it leads to.
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


def is_private(address: str) -> bool:
    """Whether an IP address is not one of the public internet, or leads to one that is not.

    Raises:
        ValueError: it is no IP address.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_private(str(found.ipv4_mapped))
        if found in _TRANSLATED:
            return is_private(str(ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF)))
    return not found.is_global or found.is_multicast or any(found in each for each in _BYWAYS)


def _judged(addresses: list[str], *, private_allowed: bool) -> list[str]:
    """The addresses as they may be reached; all of them must be good, or none is."""
    if not private_allowed and any(map(is_private, addresses)):
        raise errors.refused_address()
    return addresses


def _is_local(address: str) -> bool:
    return not ipaddress.ip_address(address.partition("%")[0]).is_global


async def resolved(host: str, port: int, *, private_allowed: bool) -> list[str]:
    """The IP addresses of a host.

    Raises:
        OutwardError: there are none, or one of them is private and that is not permitted.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise errors.unreachable() from None
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    return _judged(addresses, private_allowed=private_allowed)


class CheckedTransport(httpx.AsyncBaseTransport):
    """Connects to the address that was judged, whatever the name leads to a moment later."""

    def __init__(self, *, private_allowed: bool) -> None:
        self._inner = httpx.AsyncHTTPTransport(verify=certificates.trusted(), retries=0)
        self._private_allowed = private_allowed

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        addresses = await resolved(url.host, port, private_allowed=self._private_allowed)
        if url.scheme != "https" and not all(map(_is_local, addresses)):
            raise errors.insecure_address()
        # The name stays in Host and in the certificate's check.
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        for place, address in enumerate(addresses):
            request.url = url.copy_with(host=address)
            try:
                return await self._inner.handle_async_request(request)
            except httpx.ConnectError:
                if place == len(addresses) - 1:
                    raise
        raise errors.unreachable()

    async def aclose(self) -> None:
        await self._inner.aclose()
