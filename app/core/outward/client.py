"""Asking another system over HTTP: bounded, patient, and careful with credentials.

A request that fails in passing (429, 500 to 504, no connection, an answer that breaks off) is sent again, so
only requests that may be repeated belong here.
"""

import asyncio
import email.utils
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import msgspec

from app.core import clock
from app.core.outward import errors
from app.core.outward.addresses import CheckedTransport
from app.core.outward.errors import OutwardError
from app.core.settings import Settings

ATTEMPTS = 5
LONGEST_WAIT = 120.0
_FIRST_WAIT = 1.0
_CONNECT_SECONDS = 10.0
_MOST_REDIRECTS = 3

_AGAIN = frozenset({429, 500, 501, 502, 503, 504})
_DENIED = frozenset({401, 403})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

Read = TypeVar("Read")


async def pause(seconds: float) -> None:
    """Wait; the one place that does, so that tests need not."""
    await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer of another system."""

    status: int
    headers: httpx.Headers
    body: bytes

    def json(self) -> Any:
        """Its body.

        Raises:
            OutwardError: it is no JSON.
        """
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise errors.malformed() from None

    @property
    def answered_at(self) -> datetime | None:
        """What its own clock showed; None where it does not say."""
        return _http_date(self.headers.get("date", ""))


@dataclass(slots=True)
class Traffic:
    """What it took: requests, those that were sent again, and why."""

    requests: int = 0
    retries: int = 0
    waited: float = 0.0
    troubles: Counter[str] = field(default_factory=Counter)


class Outward:
    """A client of one other system.

    `read` of a request turns the answer into what is wanted, and may raise `errors.malformed()`: then it is
    asked for again, as an answer that broke off.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        settings: Settings,
        base: httpx.URL | None,
        auth: Mapping[str, str],
        traffic: Traffic,
    ) -> None:
        self._client = client
        self._settings = settings
        self._base = base
        self._auth = dict(auth)
        self.traffic = traffic

    async def get(
        self,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        read: Callable[[Answer], Read],
        follow: bool = False,
    ) -> Read:
        """Ask for a path below the base, or for an absolute address on the same host.

        Args:
            path: where; what follows `?` in it goes along.
            params: further ones.
            headers: further ones.
            read: what makes something of the answer.
            follow: follow redirects, without our credentials.

        Raises:
            OutwardError: it could not be had.
        """
        request = self._request("GET", path, params=params, headers=headers)
        return await self._patiently(request, read, follow=follow)

    async def post(
        self,
        path: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        read: Callable[[Answer], Read],
    ) -> Read:
        """Post what may be posted twice: a question, or a sign-in.

        Raises:
            OutwardError: there is no answer to be had.
        """
        body: dict[str, Any] = {"data": form} if form is not None else {"json": json}
        return await self._patiently(self._request("POST", path, headers=headers, **body), read)

    def sign(self, headers: Mapping[str, str]) -> None:
        """Send these headers with every request from now on; a redirect never gets them."""
        self._auth.update(headers)

    def _request(
        self, method: str, path: str, *, headers: Mapping[str, str] | None, **more: Any
    ) -> httpx.Request:
        url = httpx.URL(path) if "://" in path else self._below(path)
        if self._base is not None and _origin(url) != _origin(self._base):
            raise errors.elsewhere()
        if more.get("params") is None:
            more.pop("params", None)
        else:
            url = url.copy_merge_params(more.pop("params"))
        sent = {**self._auth, **(headers or {})}
        return self._client.build_request(method, url, headers=sent, **more)

    def _below(self, path: str) -> httpx.URL:
        if self._base is None:
            raise ValueError("a client without a base takes absolute addresses")
        return httpx.URL(f"{str(self._base).rstrip('/')}/{path.lstrip('/')}")

    async def _patiently(
        self, request: httpx.Request, read: Callable[[Answer], Read], *, follow: bool = False
    ) -> Read:
        wait = _FIRST_WAIT
        for attempt in range(1, ATTEMPTS + 1):
            self.traffic.requests += 1
            asked_for = None
            try:
                answer = await self._once(request, follow=follow)
                if answer.status not in _AGAIN:
                    _judge(answer)
                    return read(answer)
                asked_for = _retry_after(answer)
                trouble = _trouble(answer.status)
            except OutwardError as error:
                if error.code not in ("unreachable", "timed_out", "malformed_answer"):
                    raise
                trouble = error
            self.traffic.troubles[trouble.code] += 1
            seconds = wait if asked_for is None else asked_for
            if attempt == ATTEMPTS or seconds > LONGEST_WAIT:
                raise trouble
            self.traffic.retries += 1
            self.traffic.waited += seconds
            await pause(seconds)
            wait *= 2
        raise AssertionError("the last attempt returns or raises")

    async def _once(self, request: httpx.Request, *, follow: bool) -> Answer:
        hops = _MOST_REDIRECTS if follow else 0
        try:
            async with asyncio.timeout(self._settings.outward_seconds):
                answer = await self._send(request)
                while answer.status in _REDIRECTS and hops > 0:
                    hops -= 1
                    answer = await self._send(self._elsewhere(request, answer))
                return answer
        except (TimeoutError, httpx.TimeoutException):
            raise errors.timed_out() from None
        except (httpx.TransportError, httpx.DecodingError):
            raise errors.unreachable() from None
        except httpx.InvalidURL:
            raise errors.redirected() from None

    def _elsewhere(self, request: httpx.Request, answer: Answer) -> httpx.Request:
        """A request to where an answer leads: a bare one, whoever it leads to."""
        url = request.url.join(answer.headers.get("location", ""))
        if url.scheme not in ("http", "https") or url.userinfo:
            raise errors.redirected()
        return self._client.build_request("GET", url)

    async def _send(self, request: httpx.Request) -> Answer:
        # A copy: the transport writes the resolved address into what it is given.
        sent = httpx.Request(
            request.method, request.url, headers=request.headers, content=request.content
        )
        sent.extensions = dict(request.extensions)
        response = await self._client.send(sent, stream=True, auth=None)
        try:
            body = bytearray()
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > self._settings.max_outward_bytes:
                    raise errors.too_large()
        finally:
            await response.aclose()
        return Answer(response.status_code, response.headers, bytes(body))


@asynccontextmanager
async def outward(
    settings: Settings,
    address: str | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    traffic: Traffic | None = None,
) -> AsyncIterator[Outward]:
    """A client of another system, while the block runs.

    Args:
        settings: how long and how much, and whether private addresses are permitted.
        address: what paths are below, and the only host that is asked; None where addresses are absolute.
        headers: sent with every request, as those that sign in; never along a redirect.
        traffic: where it is counted.
    """
    seconds = settings.outward_seconds
    async with httpx.AsyncClient(
        transport=CheckedTransport(private_allowed=settings.allow_private_addresses),
        timeout=httpx.Timeout(seconds, connect=min(_CONNECT_SECONDS, seconds)),
        follow_redirects=False,
        headers={"User-Agent": "pilotlight"},
        trust_env=False,
    ) as client:
        base = httpx.URL(address) if address is not None else None
        yield Outward(client, settings, base, headers or {}, traffic or Traffic())


def _judge(answer: Answer) -> None:
    if answer.status in _DENIED:
        raise errors.denied(answer.status)
    if answer.status in _REDIRECTS:
        raise errors.redirected()
    if not 200 <= answer.status < 300:
        raise errors.unexpected(answer.status)


def _trouble(status: int) -> OutwardError:
    return errors.busy(status) if status in (429, 503) else errors.failing(status)


def _retry_after(answer: Answer) -> float | None:
    """For how long an answer asks to be left alone: seconds, or until a date by its own clock."""
    told = answer.headers.get("retry-after", "").strip()
    if told.isascii() and told.isdigit():
        return float(told)
    until = _http_date(told)
    if until is None:
        return None
    waits: timedelta = until - (answer.answered_at or clock.now())
    return max(0.0, waits.total_seconds())


def _http_date(text: str) -> datetime | None:
    try:
        found = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
