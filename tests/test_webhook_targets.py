"""Where webhooks may go: no address of our own network, however it is written, and whatever a name leads to later."""

import asyncio
import socket
from typing import Any

import httpx
import pytest

from app.core.outward.addresses import is_private
from tests.council import Council, good, pilot, problem
from tests.receivers import dispatch, endpoint, move

PUBLIC = "93.184.215.14"
PRIVATE = (
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - an address that is refused
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:a00:1",
    "::ffff:0:127.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_known_in_every_form(address: str) -> None:
    assert is_private(address)


@pytest.mark.parametrize(
    "address", [PUBLIC, "::ffff:93.184.215.14", "64:ff9b::5db8:d70e", "2606:2800:21f:cb07::1"]
)
def test_public_ones_are_not_taken_for_them(address: str) -> None:
    assert not is_private(address)


REFUSED = {
    "http://receiver.example.org/hooks": "url_insecure",
    "ftp://receiver.example.org/hooks": "url_insecure",
    "receiver.example.org": "url_insecure",
    "https:///hooks": "url_malformed",
    "https://user:pass@receiver.example.org/": "url_malformed",
    "https://receiver.example.org/#part": "url_malformed",
    "https://receiver.example.org:99999/": "url_malformed",
    "https://localhost/": "url_private",
    "https://LOCALHOST./": "url_private",
    "https://metadata.google.internal/": "url_private",
    "https://127.0.0.1/": "url_private",
    "https://127.1/": "url_private",
    "https://2130706433/": "url_private",
    "https://0x7f000001/": "url_private",
    "https://0177.0.0.1/": "url_malformed",
    "https://0251.0376.0251.0376/": "url_malformed",
    "https://169.254.169.254/latest/meta-data": "url_private",
    "https://[::1]/": "url_private",
    "https://[::ffff:127.0.0.1]/": "url_private",
    "https://[::ffff:a9fe:a9fe]/": "url_private",
    "https://[64:ff9b::7f00:1]/": "url_private",
}


async def test_an_address_that_is_private_by_its_look_is_refused(council: Council) -> None:
    client = await council.admin()
    for url, code in REFUSED.items():
        answer = await client.post("/webhook-endpoints", json={"url": url})
        assert answer.status_code == 422, url
        told = problem(answer, 422, code)
        assert [each["pointer"] for each in told["errors"]] == ["/url"]
    assert good(await client.get("/webhook-endpoints"))["items"] == []


class Names:
    """What a name leads to, by turns, and where connections really went."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *turns: list[str]) -> None:
        self.turns = list(turns)
        self.asked = 0
        self.connected: list[str] = []
        monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", self._resolve)
        monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", self._connect)

    async def _resolve(self, _host: str, port: int, **_more: Any) -> list[Any]:
        found = self.turns[min(self.asked, len(self.turns) - 1)]
        self.asked += 1
        kind = socket.SOCK_STREAM
        return [(socket.AF_INET, kind, 6, "", (address, port)) for address in found]

    async def _connect(self, request: httpx.Request) -> httpx.Response:
        self.connected.append(request.url.host)
        assert request.headers["host"] == "receiver.example.org"
        assert request.extensions["sni_hostname"] == "receiver.example.org"
        return httpx.Response(204)


async def _sent(council: Council) -> dict[str, Any]:
    """Send an event to a name; returns the attempt."""
    client = await council.admin()
    made = await endpoint(client, "https://receiver.example.org/hooks")
    await move(client, await pilot(client), "planned")
    await dispatch(council)
    path = f"/webhook-endpoints/{made['endpoint_id']}/attempts"
    (attempt,) = good(await client.get(path))["items"]
    return dict(attempt)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1"])
async def test_a_name_that_leads_inside_is_refused(
    council: Council, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    names = Names(monkeypatch, [PUBLIC, address])
    attempt = await _sent(council)
    assert (attempt["code"], attempt["status"]) == ("address_refused", None)
    assert names.connected == []


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_name_is_connected_to_as_it_was_judged(
    council: Council, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rebinding: the first answer is public, every later one is not."""
    names = Names(monkeypatch, [PUBLIC], ["127.0.0.1"])
    attempt = await _sent(council)
    assert attempt["code"] == "delivered"
    assert (names.asked, names.connected) == (1, [PUBLIC])
