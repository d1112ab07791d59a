"""What every benchmark needs: a PostgreSQL of its own, the service on it, and clients on loopback."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg
import httpx

from tests.databases import PostgresServer, migrate
from tests.server import Server, serving

CLIENTS = 16


@dataclass(frozen=True)
class Machine:
    """A running service, its key, and the database behind it."""

    server: Server
    key: str
    database_url: str
    folder: Path

    def request(self, method: str, path: str, **options: Any) -> Any:
        """One request that must succeed."""
        answer = httpx.request(
            method,
            f"{self.server.base_url}/api/v1{path}",
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=120,
            **options,
        )
        assert answer.is_success, answer.text
        return answer.json()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(self.database_url)
        try:
            yield connection
        finally:
            await connection.close()

    async def send(
        self,
        requests: Sequence[tuple[str, str, Any, str | None]],
        clients: int = CLIENTS,
        media_type: str = "application/json",
        to: Server | None = None,
    ) -> tuple[list[int], float]:
        """Send requests from so many connections at once; returns their statuses and the seconds."""
        left = [self._bytes(*each, media_type) for each in reversed(requests)]
        statuses: list[int] = []
        host, port = (to or self.server).base_url.removeprefix("http://").split(":")

        async def client() -> None:
            reader, writer = await asyncio.open_connection(host, int(port))
            while left:
                writer.write(left.pop())
                head = await reader.readuntil(b"\r\n\r\n")
                lengths = [
                    int(line.split(b":")[1])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length")
                ]
                await reader.readexactly(lengths[0])
                statuses.append(int(head[9:12]))
            writer.close()

        started = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(clients)))
        return statuses, time.perf_counter() - started

    def _bytes(
        self, method: str, path: str, body: Any, idempotency_key: str | None, media_type: str
    ) -> bytes:
        content = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        headers = [
            f"{method} /api/v1{path} HTTP/1.1",
            "Host: loopback",
            f"Authorization: Bearer {self.key}",
            f"Content-Type: {media_type}",
            f"Content-Length: {len(content)}",
        ]
        if idempotency_key is not None:
            headers.append(f"Idempotency-Key: {idempotency_key}")
        return "\r\n".join(headers).encode() + b"\r\n\r\n" + content


@contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    """A fresh, durable PostgreSQL and the service on it."""
    postgres = PostgresServer(folder)
    postgres.run("DROP DATABASE IF EXISTS benchmark", "CREATE DATABASE benchmark")
    url = postgres.url("benchmark")
    asyncio.run(migrate(url))
    with serving(url, folder / "service", database_pool_size="20") as server:
        yield Machine(server, server.found("Benchmark"), url, folder)


async def typical(work: Callable[[], Awaitable[object]], times: int) -> float:
    """The median of the milliseconds that some work takes, after two rounds that do not count."""
    found = []
    for turn in range(times + 2):
        started = time.perf_counter()
        await work()
        if turn >= 2:
            found.append(1000 * (time.perf_counter() - started))
    return median(found)
