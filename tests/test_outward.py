"""The one way out: addresses, redirects, sizes and waits, against a server over a real socket."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import time_machine

from app.core.outward import addresses
from app.core.outward.client import Answer, Traffic, outward
from app.core.outward.errors import OutwardError
from app.core.settings import Settings
from tests.databases import settings_for
from tests.other_system import Asked, OtherSystem, Reply, Waits, other_system, without_waiting

SECRET = {"Authorization": "Bearer of-Margaret"}


def permitted(**more: Any) -> Settings:
    stated = {"allow_private_addresses": True, "outward_seconds": 30.0, **more}
    return settings_for("sqlite://").model_copy(update=stated)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    return without_waiting(monkeypatch)


@pytest.fixture
async def server(waits: Waits) -> AsyncIterator[OtherSystem]:
    async with other_system(lambda asked: Reply({"path": asked.path})) as found:
        yield found


def body(answer: Answer) -> Any:
    return answer.json()


async def refused(settings: Settings, address: str) -> str:
    async with outward(settings, address) as client:
        with pytest.raises(OutwardError) as caught:
            await client.get("x", read=body)
    return caught.value.code


async def test_private_addresses_are_refused_unless_permitted(
    server: OtherSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = permitted(allow_private_addresses=False)
    private = ("127.0.0.1", "[::1]", "10.0.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0")  # noqa: S104 - refused
    for host in (*private, "[::ffff:10.0.0.1]", "100.64.0.1", "224.0.0.1"):
        assert await refused(strict, f"https://{host}:9/") == "address_refused"
    assert await refused(strict, server.address) == "address_refused"

    async def leads_home(*_arguments: Any, **_options: Any) -> list[Any]:
        return [(2, 1, 6, "", ("8.8.8.8", 443)), (2, 1, 6, "", ("127.0.0.1", 443))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", leads_home)
    assert await refused(strict, "https://rebound.example.org/") == "address_refused"
    assert server.asked == []


async def test_a_public_address_without_tls_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def public(*_arguments: Any, **_options: Any) -> list[str]:
        return ["8.8.8.8"]

    monkeypatch.setattr(addresses, "resolved", public)
    assert await refused(permitted(), "http://time.example.org/") == "address_insecure"


async def test_a_redirect_is_followed_where_that_is_said_and_without_credentials(
    server: OtherSystem,
) -> None:
    async with other_system(lambda _: Reply({"elsewhere": True})) as other:
        leads_there = Reply(b"", 302, {"Location": f"{other.address}/pre?sig=1"})
        server.faults = [leads_there]
        async with outward(permitted(), server.address, headers=SECRET) as client:
            with pytest.raises(OutwardError) as caught:
                await client.get("report", read=body)
            assert caught.value.code == "redirected"
            assert other.asked == []
            server.faults = [leads_there]
            assert await client.get("report", read=body, follow=True) == {"elsewhere": True}
        (asked,) = other.asked
        assert (asked.path, asked.query) == ("/pre", {"sig": "1"})
        assert "authorization" not in asked.headers
        assert server.asked[-1].headers["authorization"] == SECRET["Authorization"]


async def test_a_link_to_another_host_is_not_followed_with_our_credentials(
    server: OtherSystem,
) -> None:
    async with outward(permitted(), server.address, headers=SECRET) as client:
        with pytest.raises(OutwardError) as caught:
            await client.get("http://127.0.0.1:9/next", read=body)
        assert caught.value.code == "foreign_link"
        assert await client.get(f"{server.address}/next", read=body) == {"path": "/next"}


async def test_an_answer_that_is_too_large_is_given_up(server: OtherSystem) -> None:
    server.faults = [Reply(b"x" * 5000)]
    traffic = Traffic()
    async with outward(
        permitted(max_outward_bytes=4096), server.address, traffic=traffic
    ) as client:
        with pytest.raises(OutwardError) as caught:
            await client.get("x", read=body)
    assert (caught.value.code, traffic.requests) == ("answer_too_large", 1)


@pytest.mark.parametrize(
    ("told", "waited"),
    [
        ({"Retry-After": "11"}, 11.0),
        # By the other system's clock, whatever ours shows.
        (
            {
                "Retry-After": "Wed, 07 May 2031 10:00:30 GMT",
                "Date": "Wed, 07 May 2031 10:00:00 GMT",
            },
            30.0,
        ),
        ({"Retry-After": "Mon, 04 May 2026 09:00:20 GMT"}, 20.0),
        ({"Retry-After": "soon"}, 1.0),
        ({"Retry-After": "-5"}, 1.0),
    ],
)
async def test_retry_after_is_honoured(
    server: OtherSystem, waits: Waits, told: dict[str, str], waited: float
) -> None:
    server.faults = [Reply("later", 429, told)]
    with time_machine.travel("2026-05-04T09:00:00Z", tick=False):
        async with outward(permitted(), server.address) as client:
            await client.get("x", read=body)
    assert waits.seconds == [waited]


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504, 429])
async def test_what_may_pass_is_asked_for_again(
    server: OtherSystem, waits: Waits, status: int
) -> None:
    server.faults = [Reply("x", status)] * 2
    async with outward(permitted(), server.address) as client:
        assert await client.get("x", read=body) == {"path": "/x"}
    assert waits.seconds == [1.0, 2.0]


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "credentials_refused"), (403, "credentials_refused"), (404, "unexpected_status")],
)
async def test_what_will_not_pass_is_not_asked_for_again(
    server: OtherSystem, waits: Waits, status: int, code: str
) -> None:
    server.faults = [Reply("x", status)]
    async with outward(permitted(), server.address) as client:
        with pytest.raises(OutwardError) as caught:
            await client.get("x", read=body)
    assert (caught.value.code, caught.value.status, waits.seconds) == (code, status, [])


async def test_nothing_of_a_request_or_an_answer_is_in_an_error(server: OtherSystem) -> None:
    server.faults = [Reply({"Margaret": "secret"}, 404)]
    async with outward(permitted(), server.address, headers=SECRET) as client:
        with pytest.raises(OutwardError) as caught:
            await client.get("x?token=of-Margaret", read=body)
    assert "Margaret" not in f"{caught.value!r} {caught.value} {caught.value.detail}"


async def test_the_query_of_a_path_and_further_parameters_go_together(server: OtherSystem) -> None:
    asked: list[Asked] = server.asked
    async with outward(permitted(), f"{server.address}/base/") as client:
        await client.get("x?a=1", params={"b": 2}, read=body)
    assert (asked[-1].path, asked[-1].query) == ("/base/x", {"a": "1", "b": "2"})
