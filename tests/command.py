"""The `pilotlight` command run within the test's process: the same `main`, without its start-up time."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from app.cli import main
from app.core.settings import get_settings

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it wrote."""

    status: int
    out: str
    err: str


Run = Callable[..., Ran]


def runner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command on a database: `run(url, "organisation", "create", "Name")`."""

    def run(url: str, *words: str, settings: "Mapping[str, str] | None" = None) -> Ran:
        with monkeypatch.context() as patched:
            patched.setenv("PILOTLIGHT_DATABASE_URL", url)
            patched.setenv("COLUMNS", "200")
            for name, value in (settings or {}).items():
                patched.setenv(name, value)
            patched.setattr(sys, "argv", ["pilotlight", *words])
            get_settings.cache_clear()
            capsys.readouterr()
            status = 0
            try:
                main()
            except SystemExit as stop:
                status = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
            finally:
                get_settings.cache_clear()
            written = capsys.readouterr()
            return Ran(status, written.out, written.err)

    return run
