"""Receivers of webhooks: a server on a loopback port that keeps what it gets, and answers as it is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from app.integrations.webhooks.dispatching import Dispatcher
from tests.council import Council, good


@dataclass(frozen=True)
class Got:
    """A request as it came."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.body)
        return told


Answering = Callable[[Got], Awaitable[tuple[int, bytes]]]


async def welcome(_got: Got) -> tuple[int, bytes]:
    return 204, b""


async def down(_got: Got) -> tuple[int, bytes]:
    return 503, b"closed for the night"


@dataclass
class Receiver:
    """What has arrived, and what is answered."""

    url: str = ""
    answering: Answering = welcome
    extra: str = ""
    got: list[Got] = field(default_factory=list)
    taken: list[Got] = field(default_factory=list)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    async def arrival(self) -> None:
        """Wait until another request has been answered."""
        async with asyncio.timeout(300):
            await self.answered.wait()
        self.answered.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while got := await _read(reader):
                self.got.append(got)
                status, body = await self.answering(got)
                if 200 <= status < 300:
                    self.taken.append(got)
                head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{self.extra}\r\n"
                writer.write(head.encode() + body)
                await writer.drain()
                self.answered.set()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    @property
    def events(self) -> list[dict[str, Any]]:
        """What it has taken, in order."""
        return [got.event for got in self.taken]


async def _read(reader: asyncio.StreamReader) -> Got | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    lines = head.strip().split("\r\n")[1:]
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    return Got(headers, await reader.readexactly(int(headers.get("content-length", 0))))


@asynccontextmanager
async def receiver(answering: Answering = welcome) -> AsyncIterator[Receiver]:
    """Receive while the block runs."""
    ours = Receiver(answering=answering)
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        await ours.serve(reader, writer)
        tasks.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    ours.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks"
    try:
        yield ours
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def endpoint(client: Any, url: str, *types: str) -> dict[str, Any]:
    """Make an endpoint."""
    body = {"url": url, "event_types": list(types)}
    return good(await client.post("/webhook-endpoints", json=body), 201)


async def dispatch(council: Council) -> None:
    """One tick of a dispatcher of its own, to the end of what it sends."""
    dispatcher = Dispatcher(council.database)
    await dispatcher.tick()
    await dispatcher.settle()


async def move(client: Any, pilot_id: str, *statuses: str) -> None:
    """Take a pilot through these statuses."""
    for status in statuses:
        good(await client.post(f"/pilots/{pilot_id}/transitions", json={"to": status}), 201)
