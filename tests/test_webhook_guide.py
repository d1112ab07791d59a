"""The guide's code, run: it takes what we send, and nothing else."""

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.events.models import Event
from app.integrations.webhooks.signing import Message, new_secret

GUIDE = (Path(__file__).resolve().parent.parent / "docs/guides/webhooks.md").read_text("utf-8")
EVENT = Event(
    organisation_id=UUID(int=1),
    type="pilot.transitioned",
    subject="pilots/1",
    data={"to": "läuft"},
    number=1,
)


def code_of(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    return str(found)


def messages() -> list[tuple[bool, str, dict[str, str], bytes]]:
    """Whether it is to be taken, the receiver's secret, headers and body."""
    message, now = Message.of(EVENT), datetime.now(UTC)
    ours, newer, foreign = new_secret(), new_secret(), new_secret()
    signed, both = message.headers([ours], now), message.headers([newer, ours], now)
    old = message.headers([ours], now - timedelta(minutes=6))
    return [
        (True, ours, signed, message.body),
        (True, ours, both, message.body),
        (True, newer, both, message.body),
        (False, foreign, both, message.body),
        (False, ours, signed, message.body.replace(b"pilots/1", b"pilots/2")),
        (False, ours, {**signed, "webhook-id": "another"}, message.body),
        (False, ours, old, message.body),
        (False, ours, {}, message.body),
    ]


def test_the_python_of_the_guide() -> None:
    namespace: dict[str, Any] = {}
    exec(code_of("python"), namespace)  # noqa: S102 - our own guide
    for taken, secret, headers, body in messages():
        known: set[str] = set()
        assert namespace["received"](secret, headers, body, known) == (204 if taken else 401)
        assert known == ({str(EVENT.id)} if taken else set())


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_typescript_of_the_guide(tmp_path: Path) -> None:
    code = code_of("typescript")
    # Node runs it once the types are off; there are these, and no others.
    for stated in (": string", ": Record<string, string>", ": boolean"):
        assert stated in code
        code = code.replace(stated, "")
    module = tmp_path / "verified.mjs"
    module.write_text(code + _ASKED, encoding="utf-8")
    cases = [[secret, headers, body.decode()] for _, secret, headers, body in messages()]
    done = subprocess.run(
        ["node", str(module)],  # noqa: S607 - whichever there is
        input=json.dumps(cases),
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [taken for taken, *_ in messages()]


_ASKED = """
import { readFileSync } from "node:fs";
const cases = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map((each) => verified(...each))));
"""
