"""What we ask of other services is bounded, and goes nowhere that we did not mean."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from app.access.identity import outgoing
from app.access.identity.outgoing import Outgoing, OutgoingError

ADDRESS = "https://issuer.test/keys"


async def ask(answer: httpx.Response, address: str = ADDRESS) -> outgoing.Answer:
    """Ask a service that answers with this."""
    asked = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        assert request.headers["accept-encoding"] == "identity"
        return answer

    client = Outgoing(httpx.MockTransport(respond))
    try:
        return await client.get(address)
    finally:
        await client.close()
        assert asked in ([], [address])


async def test_a_json_object_is_taken_with_its_status() -> None:
    answer = await ask(httpx.Response(400, json={"error": "x"}))
    assert (answer.status, answer.body) == (400, {"error": "x"})


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (httpx.Response(302, headers={"Location": "https://evil.test/"}), "redirect"),
        (httpx.Response(307, headers={"Location": ADDRESS}), "redirect"),
        (httpx.Response(200, content=b"{" + b" " * 600_000 + b"}"), "larger than"),
        (httpx.Response(200, content=b"[1]"), "not a JSON object"),
        (httpx.Response(200, content=b"secret-4711"), "not JSON"),
        (httpx.Response(200, content=b"\xff\xfe"), "not JSON"),
        (httpx.Response(200, content=b"[" * 100_000), "not JSON"),
        (httpx.Response(200, content=b""), "not JSON"),
        (httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=b"x"), "packed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_anything_else_is_not(answer: httpx.Response, message: str) -> None:
    with pytest.raises(OutgoingError, match=message) as raised:
        await ask(answer)
    assert "4711" not in str(raised.value)


@pytest.mark.parametrize(
    "address", ["http://issuer.test", "ftp://issuer.test", "https://a@issuer.test", "/keys", ""]
)
async def test_an_address_that_is_not_safe_is_never_asked(address: str) -> None:
    with pytest.raises(OutgoingError, match="neither https nor on loopback"):
        await ask(httpx.Response(200, json={}), address)


async def test_who_answers_drop_by_drop_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def drops() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()  # for ever

    monkeypatch.setattr(outgoing, "_SECONDS", 0.01)
    with pytest.raises(OutgoingError, match="did not answer"):
        await ask(httpx.Response(200, content=drops()))
