"""Requests to identity providers: bounded in time and size, and never led elsewhere by a redirect.

Their addresses are those of the settings, or what they say of themselves; whom a council names itself is asked by
`core/outward`, which judges where an address leads.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from app.core import certificates
from app.core.identity_providers import is_safe_address

_SECONDS: Final = 10.0
_MOST_BYTES: Final = 512 * 1024


class OutgoingError(Exception):
    """The other side did not answer, or not as it should; the message has nothing that it sent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said: a JSON object."""

    status: int
    body: dict[str, Any]


class Outgoing:
    """One process's connections to identity providers.

    Args:
        transport: instead of the network.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._client = httpx.AsyncClient(
            transport=transport,
            verify=certificates.trusted(),
            follow_redirects=False,
            timeout=_SECONDS / 2,
            headers={
                "Accept": "application/json",
                # Unpacked, a small answer may fill the memory.
                "Accept-Encoding": "identity",
                "User-Agent": "Pilotlight",
            },
        )

    async def get(self, address: str) -> Answer:
        """Ask for a JSON object.

        Raises:
            OutgoingError: there is none to be had.
        """
        return await self._ask("GET", address)

    async def post_form(
        self, address: str, form: Mapping[str, str], headers: Mapping[str, str]
    ) -> Answer:
        """Send a form; the same holds."""
        return await self._ask("POST", address, data=form, headers=headers)

    async def _ask(self, method: str, address: str, **sent: Any) -> Answer:
        if not is_safe_address(address):
            raise OutgoingError("the address is neither https nor on loopback")
        try:
            async with (
                asyncio.timeout(_SECONDS),  # in all: each piece alone may be in time
                self._client.stream(method, address, **sent) as response,
            ):
                if response.is_redirect:
                    raise OutgoingError("it answered with a redirect")
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise OutgoingError("its answer is packed")
                received = bytearray()
                async for chunk in response.aiter_bytes():
                    received += chunk
                    if len(received) > _MOST_BYTES:
                        raise OutgoingError(f"its answer is larger than {_MOST_BYTES} bytes")
                body = json.loads(received)
        except TimeoutError:
            raise OutgoingError(f"it did not answer within {_SECONDS:g} seconds") from None
        except httpx.HTTPError as error:
            raise OutgoingError(f"it cannot be reached ({type(error).__name__})") from None
        except (ValueError, RecursionError):
            raise OutgoingError("its answer is not JSON") from None
        if not isinstance(body, dict):
            raise OutgoingError("its answer is not a JSON object")
        return Answer(response.status_code, body)

    async def close(self) -> None:
        await self._client.aclose()
