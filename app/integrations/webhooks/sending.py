"""One attempt to deliver: bounded in time and size, to the address that was judged, and nowhere else."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import structlog

from app.core.outward.addresses import CheckedTransport
from app.core.outward.errors import OutwardError
from app.core.settings import Settings

DELIVERED = "delivered"
_MOST_READ = 2000
_EXCERPT = 500

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt: `delivered`, or the code of what was wrong."""

    code: str
    status: int | None
    milliseconds: int
    excerpt: str | None = None

    @property
    def is_delivered(self) -> bool:
        return self.code == DELIVERED


@asynccontextmanager
async def sender(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client for one endpoint, while the block runs."""
    async with httpx.AsyncClient(
        transport=CheckedTransport(private_allowed=settings.allow_private_addresses),
        timeout=settings.webhook_seconds,
        follow_redirects=False,
        headers={"User-Agent": "pilotlight", "Accept-Encoding": "identity"},
        trust_env=False,
    ) as client:
        yield client


async def send(
    client: httpx.AsyncClient, url: str, headers: dict[str, str], body: bytes, seconds: float
) -> Outcome:
    """Post a body once; whatever goes wrong is the outcome."""
    started = time.perf_counter()
    status, excerpt = None, None
    try:
        async with (
            asyncio.timeout(seconds),
            client.stream("POST", url, headers=headers, content=body) as response,
        ):
            status = response.status_code
            if response.is_success:
                code = DELIVERED
            else:
                code = "redirected" if response.is_redirect else "unexpected_status"
                excerpt = await _beginning(response)
    except (TimeoutError, httpx.TimeoutException):
        code = "timed_out"
    except OutwardError as error:
        code = error.code
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError):
        code = "unreachable"
    except Exception as error:  # noqa: BLE001 - a defect with one receiver is an attempt that failed as well
        _log.error("sending_failed", error=type(error).__name__)
        code = "unreachable"
    return Outcome(code, status, int((time.perf_counter() - started) * 1000), excerpt)


async def _beginning(response: httpx.Response) -> str:
    """The beginning of an answer, as it came over the wire: nothing is unpacked, and no more is read."""
    read = bytearray()
    async for piece in response.aiter_raw():
        read += piece
        if len(read) >= _MOST_READ:
            break
    text = bytes(read[:_MOST_READ]).decode("utf-8", "replace")
    return "".join(c if c.isprintable() else " " for c in text)[:_EXCERPT]
