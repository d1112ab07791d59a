"""Real systems as processes of their own, on loopback ports, in the environment that `make peers` makes."""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server import free_port, stop

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-peers" / "bin" / "python"
WHY = "REAL PEERS ARE NOT INSTALLED, their tests did not run: make peers"
needs_peers = pytest.mark.skipif(not PYTHON.exists(), reason=WHY)

_READY_SECONDS = 90.0
PASSWORD = "password-of-the-tests"


@dataclass
class Peer:
    """A process of a peer, which can be stopped and started again with what it holds."""

    command: list[str]
    folder: Path
    port: int
    ready_at: str
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        with (self.folder / "peer.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                httpx.get(self.address + self.ready_at, timeout=5)
            except httpx.TransportError:
                time.sleep(0.1)  # not listening yet
            else:
                return
        raise AssertionError((self.folder / "peer.log").read_text("utf-8", "replace"))

    def stop(self) -> None:
        """End it as a crash does: it is not asked to."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def _running(peer: Peer) -> Iterator[Peer]:
    try:
        peer.start()
        yield peer
    finally:
        peer.stop()


# --- TimeTagger ------------------------------------------------------------------------------------


@contextmanager
def timetagger(folder: Path, *accounts: str) -> Iterator[Peer]:
    """A TimeTagger with these accounts, all of one password."""
    made = (
        "import bcrypt, sys; print(bcrypt.hashpw(sys.argv[1].encode(), bcrypt.gensalt(4)).decode())"
    )
    digest = subprocess.run(
        [PYTHON, "-c", made, PASSWORD],
        capture_output=True,
        check=True,
        encoding="utf-8",
        timeout=60,
    ).stdout.strip()
    port = free_port()
    environment = {
        "TIMETAGGER_BIND": f"127.0.0.1:{port}",
        "TIMETAGGER_DATADIR": str(folder / "data"),
        "TIMETAGGER_LOG_LEVEL": "warning",
        "TIMETAGGER_CREDENTIALS": ",".join(f"{account}:{digest}" for account in accounts),
    }
    command = [str(PYTHON), "-m", "timetagger"]
    with _running(Peer(command, folder, port, "/timetagger/status", environment)) as peer:
        yield peer


@dataclass
class TimeTaggerAccount:
    """An account, as its own web application uses the API."""

    address: str
    name: str
    token: str = ""

    def __post_init__(self) -> None:
        who = {"method": "usernamepassword", "username": self.name, "password": PASSWORD}
        sent = base64.b64encode(json.dumps(who).encode())
        answer = httpx.post(self._url("bootstrap_authentication"), content=sent, timeout=30)
        self.token = answer.raise_for_status().json()["token"]
        self.token = self._ask("GET", "apitoken")["token"]

    def _url(self, path: str) -> str:
        return f"{self.address}/timetagger/api/v2/{path}"

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        headers = {"authtoken": self.token}
        answer = httpx.request(method, self._url(path), headers=headers, timeout=30, **options)
        return answer.raise_for_status().json()

    def put(self, *records: Mapping[str, Any]) -> None:
        accepted = self._ask("PUT", "records", json=list(records))["accepted"]
        assert len(accepted) == len(records)

    def reset(self) -> None:
        self._ask("PUT", "forcereset")

    def records(self) -> list[dict[str, Any]]:
        """Every record that is neither hidden nor running, by its own look-up by time."""
        found = self._ask("GET", "records", params={"timerange": "0-9999999999", "hidden": "no"})
        return [each for each in found["records"] if each["t1"] != each["t2"]]


# --- Tryton ----------------------------------------------------------------------------------------

_CONFIGURATION = "[database]\nuri = sqlite://\npath = {folder}\n[web]\nlisten = 127.0.0.1:{port}\n"


def tryton_database(folder: Path) -> Path:
    """A database with the module of timesheets, made once and copied for each test."""
    made = folder / "council.sqlite"
    made.touch()
    (folder / "password").write_text(f"{PASSWORD}\n", encoding="utf-8")
    configuration = folder / "trytond.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder, port=0), encoding="utf-8")
    subprocess.run(
        [
            *(PYTHON.with_name("trytond-admin"), "-c", configuration, "-d", "council"),
            *("-u", "timesheet", "--activate-dependencies", "--email", "admin@example.org"),
        ],
        env={**os.environ, "TRYTONPASSFILE": str(folder / "password")},
        check=True,
        capture_output=True,
        timeout=400,
    )
    return made


@contextmanager
def tryton(folder: Path, database: Path) -> Iterator[Peer]:
    """A Tryton on a copy of a database."""
    shutil.copyfile(database, folder / "council.sqlite")
    port = free_port()
    configuration = folder / "trytond.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder, port=port), encoding="utf-8")
    trytond = str(PYTHON.with_name("trytond"))
    command = [trytond, "-c", str(configuration), "-d", "council"]
    with _running(Peer(command, folder, port, "/")) as peer:
        yield peer


@dataclass
class TrytonClient:
    """Tryton's own client, in a process of the peers' environment."""

    process: subprocess.Popen[str]

    def __call__(self, name: str, *arguments: Any) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([name, arguments]) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"Tryton's client gave up at {name}"
        return json.loads(answer)


@contextmanager
def tryton_client(peer: Peer) -> Iterator[TrytonClient]:
    """Signed in as the administrator."""
    process = subprocess.Popen(
        [PYTHON, ROOT / "tests" / "peers" / "tryton_client.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        client = TrytonClient(process)
        client("connect", f"http://admin:{PASSWORD}@127.0.0.1:{peer.port}/council/rpc/")
        yield client
    finally:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        stop(process)  # type: ignore[arg-type]  # of text instead of bytes
