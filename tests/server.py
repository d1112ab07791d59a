"""The service as its own process: the installed command, on a free loopback port."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.access import service as access
from app.access.permissions import Role
from app.access.principals import Principal
from app.access.schemas import ApiKeyIn
from app.core.database import Database
from app.organisations import service as organisations
from tests.databases import Templates, settings_for

COMMAND = Path(sys.executable).with_name("pilotlight")
SECRET = "a-secret-of-the-tests-alone-0123456789"
# They end what hangs; a busy machine may be twenty times slower than an idle one.
_READY_SECONDS = 300.0
_COMMAND_SECONDS = 300.0
_STOP_SECONDS = 60.0
_ATTEMPTS = 3


@dataclass(frozen=True)
class Server:
    """A running `pilotlight serve`."""

    base_url: str
    process: subprocess.Popen[bytes]
    environment: Mapping[str, str]
    folder: Path

    def run(self, *arguments: str, timeout: float = _COMMAND_SECONDS) -> str:
        """Run another `pilotlight` command on the same database; returns what it printed."""
        return pilotlight(
            *arguments, environment=self.environment, folder=self.folder, timeout=timeout
        )

    async def founded(self, name: str = "Test Council") -> str:
        """Make an organisation, from here: a command takes seconds to start; returns a key of it."""
        database = Database(settings_for(self.environment["PILOTLIGHT_DATABASE_URL"]))
        try:
            async with database.transaction() as session:
                owner = await organisations.create(session, name)
                wanted = ApiKeyIn(name="test", role=Role.ADMIN)
                _, key = await access.create_key(session, Principal.system(owner), wanted)
        finally:
            await database.close()
        return key

    def found(self, name: str = "Test Council") -> str:
        """The same outside any event loop."""
        return asyncio.run(self.founded(name))

    def key(self, organisation: str, role: str = "admin") -> str:
        """A new key of an organisation."""
        return self.run("key", "create", "--organisation", organisation, "--role", role).strip()

    def log(self) -> str:
        """What it has logged so far."""
        return _log_in(self.folder).read_text(encoding="utf-8")


def environment_for(database_url: str, **settings: str) -> dict[str, str]:
    """The environment of a process: ours, with these settings and none that were set outside."""
    ours = {name: value for name, value in os.environ.items() if "PILOTLIGHT_" not in name}
    stated = {"DATABASE_URL": database_url, "SECRET_KEY": SECRET, "LOG_LEVEL": "warning"}
    stated |= {name.upper(): value for name, value in settings.items()}
    return ours | {f"PILOTLIGHT_{name}": value for name, value in stated.items()}


def pilotlight(
    *arguments: str,
    environment: Mapping[str, str],
    folder: Path,
    timeout: float = _COMMAND_SECONDS,
) -> str:
    """Run a `pilotlight` command to its end; returns its standard output."""
    done = subprocess.run(
        [COMMAND, *arguments],
        env=environment,
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def fresh_database(templates: Templates, kind: str) -> Iterator[str]:
    """The URL of a fresh, migrated database, for tests that are not asynchronous."""
    templates.prepare(kind)
    with asyncio.Runner() as runner:
        database = templates.database(kind)
        yield runner.run(database.__aenter__())
        runner.run(database.__aexit__(None, None, None))


@contextmanager
def serving(database_url: str, folder: Path, **settings: str) -> Iterator[Server]:
    """Serve a migrated database while the block runs.

    Args:
        database_url: its database.
        folder: an empty folder to run in; its log goes there.
        settings: further settings, as `log_level="info"` for `PILOTLIGHT_LOG_LEVEL`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    environment = environment_for(database_url, **settings)
    for attempt in range(1, _ATTEMPTS + 1):
        port = free_port()
        base_url = f"http://127.0.0.1:{port}"
        with _log_in(folder).open("wb") as log:
            process = subprocess.Popen(
                [COMMAND, "serve", "--port", str(port), "--no-scheduler"],
                # Forms are taken from pages of this address alone.
                env={"PILOTLIGHT_PUBLIC_URL": base_url, **environment},
                cwd=folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        server = Server(base_url, process, environment, folder)
        try:
            # Between the choice of the port and its use another process may have taken it.
            if ready(server) or attempt == _ATTEMPTS:
                assert process.poll() is None, server.log()
                yield server
                return
        finally:
            stop(process)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def ready(server: Server) -> bool:
    """Whether it serves; False where it ended before it did."""
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            return False
        try:
            if httpx.get(f"{server.base_url}/health/ready", timeout=5).status_code == 200:
                return True
        except httpx.TransportError:
            pass  # not listening yet
        time.sleep(0.05)
    raise AssertionError(f"not ready within {_READY_SECONDS} seconds:\n{server.log()}")


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _log_in(folder: Path) -> Path:
    return folder / "server.log"
