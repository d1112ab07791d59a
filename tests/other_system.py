"""Another system to test against: answers of ours over a real socket, with every fault that there is.

What it answers is a function of the request; faults are put in front of it, one a request.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from app.core.outward import client as outward


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Answering = Callable[[Asked], Reply]


@dataclass
class OtherSystem:
    """A server on a loopback port."""

    answering: Answering
    address: str = ""
    # Each is used up by one request: a Reply in place of the right one, or `truncated`, `slow`, `dropped`.
    faults: list[Reply | str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while asked := await _read(reader):
                self.asked.append(asked)
                fault = self.faults.pop(0) if self.faults else None
                reply = fault if isinstance(fault, Reply) else self.answering(asked)
                if fault == "dropped":
                    return
                if fault == "slow":
                    await asyncio.sleep(
                        30
                    )  # the client gives up long before; cancelled with the server
                content = reply.content
                head = {"Content-Type": "application/json", **reply.headers}
                head["Content-Length"] = str(len(content))
                lines = [f"HTTP/1.1 {reply.status} X", *(f"{k}: {v}" for k, v in head.items())]
                sent = content[: len(content) // 2] if fault == "truncated" else content
                writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + sent)
                await writer.drain()
                if fault == "truncated":
                    return
        except ConnectionError:
            pass
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {
        name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)
    }
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    url = urlsplit(target)
    query = {name: values[-1] for name, values in parse_qs(url.query).items()}
    return Asked(method, url.path, query, headers, body)


@asynccontextmanager
async def other_system(answering: Answering) -> AsyncIterator[OtherSystem]:
    """Serve while the block runs."""
    system = OtherSystem(answering)
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await system.serve(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    system.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield system
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass
class Waits:
    """Waits that were not waited for: how long each would have been."""

    seconds: list[float] = field(default_factory=list)

    async def pause(self, seconds: float) -> None:
        self.seconds.append(seconds)


def without_waiting(monkeypatch: Any) -> Waits:
    """Let nothing wait for another system; returns what would have been waited."""
    waits = Waits()
    monkeypatch.setattr(outward, "pause", waits.pause)
    return waits
