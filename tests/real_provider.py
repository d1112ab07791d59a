"""A real identity provider for the tests: `oidc-provider` from npm, which enforces PKCE, on loopback."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.identity import CALLBACK, PUBLIC_URL, SECRET

_SOURCE = Path(__file__).with_name("identity_provider")
_INSTALL_SECONDS = 120
# Node is slow to start on a busy machine, and so is a key of two thousand bits.
_SECONDS = 60


@dataclass(frozen=True)
class RealProvider:
    """The running provider, as somebody in front of a browser and a program see it."""

    issuer: str

    def arrive(self, address: str) -> httpx.Response:
        """Follow the provider's own pages until it sends the browser away; returns that answer."""
        with httpx.Client(timeout=_SECONDS) as browser:
            answer = browser.get(address)
            for _ in range(5):
                to = answer.headers.get("location", "")
                if not answer.is_redirect or to.startswith(PUBLIC_URL):
                    break
                answer = browser.get(answer.url.join(to))
            return answer

    def returns(self, address: str, who: str | None) -> str:
        """Sign somebody in (`margaret:pilot_lead`); returns where the browser is sent after it."""
        hint = "" if who is None else f"&login_hint={who}"
        answer = self.arrive(address + hint)
        assert answer.is_redirect, answer.text
        location: str = answer.headers["location"]
        assert location.startswith(PUBLIC_URL + CALLBACK), location
        return location.removeprefix(PUBLIC_URL)

    def token(self, client: str, audience: str) -> str:
        """An access token for a program, whose name is its roles."""
        answer = httpx.post(
            f"{self.issuer}/token",
            data={
                "grant_type": "client_credentials",
                "client_id": client,
                "client_secret": SECRET,
                "resource": audience,
            },
            timeout=_SECONDS,
        )
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token

    def rotate(self, key_id: str) -> None:
        """Start anew with another key, and forget the one before."""
        assert httpx.get(f"{self.issuer}/rotate/{key_id}", timeout=_SECONDS).status_code == 200


def _installed() -> Path:
    """The folder with the provider's packages: installed once for each lock file, beside our own."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("NO REAL IDENTITY PROVIDER: node and npm are not here, sign-in is tried less")
    lock = (_SOURCE / "package-lock.json").read_bytes()
    folder = Path(sys.prefix) / f"identity-provider-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not folder.exists():
        making = folder.with_name(f"{folder.name}-{os.getpid()}")
        shutil.copytree(_SOURCE, making)
        try:
            subprocess.run(
                ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],  # noqa: S607 - found above
                cwd=making,
                capture_output=True,
                text=True,
                timeout=_INSTALL_SECONDS,
                check=True,
            )
        except subprocess.SubprocessError as error:
            # It failed, or it waits for what it cannot reach.
            shutil.rmtree(making)
            said = getattr(error, "stderr", None) or error
            pytest.skip(f"NO REAL IDENTITY PROVIDER: npm ci failed: {str(said)[-500:]}")
        try:
            making.rename(folder)
        except OSError:
            shutil.rmtree(making)  # another worker was first
    return folder


@contextmanager
def running() -> Iterator[RealProvider]:
    """The provider while the block runs.

    Raises:
        Skipped: node is not here, or its packages cannot be had.
    """
    folder = _installed()
    # Its packages are found from where the program lies; each worker of the tests has its own.
    program = folder / f"provider-{os.getpid()}.mjs"
    shutil.copyfile(_SOURCE / "provider.mjs", program)
    log = program.with_suffix(".log")
    with log.open("w") as said:
        process = subprocess.Popen(
            ["node", program, PUBLIC_URL + CALLBACK],  # noqa: S607 - found above
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        issuer = process.stdout.readline().strip()
        assert urlsplit(issuer).hostname == "127.0.0.1", log.read_text()
        yield RealProvider(issuer)
    finally:
        process.stdin.close()  # which ends it
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        program.unlink()
        log.unlink()
