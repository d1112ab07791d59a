"""Licence pools to test with: what was bought, who has a seat of it, and how that stands on a day."""

from collections.abc import Mapping
from typing import Any

import httpx
import time_machine

from tests.council import good

PRODUCT = "Microsoft_365_Copilot"
TODAY = "2024-06-03"
POOL: Mapping[str, Any] = {
    "name": "Copilot",
    "product": PRODUCT,
    "term_starts_on": "2024-04-01",
    "term_ends_on": "2025-04-01",
    "seats": 2,
}
NUMBERS = ("purchased", "allocated", "available", "deficit", "waiting")


def on(day: str) -> time_machine.travel:
    """The morning of a day, for as long as the block runs."""
    return time_machine.travel(f"{day}T09:00:00Z", tick=True)


async def pool(client: httpx.AsyncClient, **fields: Any) -> str:
    """Set a pool up; returns its path."""
    created = good(await client.post("/licence-pools", json={**POOL, **fields}), 201)
    return f"/licence-pools/{created['pool_id']}"


async def allocate(
    client: httpx.AsyncClient, path: str, external_id: str, *, queue: bool = False, **fields: Any
) -> httpx.Response:
    """Ask for a seat."""
    body = {"person_external_id": external_id, **fields}
    params = {"queue": "true"} if queue else {}
    return await client.post(f"{path}/allocations", json=body, params=params)


async def seat(
    client: httpx.AsyncClient, path: str, external_id: str, **fields: Any
) -> dict[str, Any]:
    """Give a seat that there is."""
    return good(await allocate(client, path, external_id, **fields), 201)


async def release(
    client: httpx.AsyncClient, given: Mapping[str, Any], **fields: Any
) -> httpx.Response:
    """End a seat."""
    return await client.post(f"{path_of(given)}/release", json=fields)


def path_of(given: Mapping[str, Any]) -> str:
    """Where a seat is found."""
    return f"/licence-pools/{given['pool_id']}/allocations/{given['allocation_id']}"


async def wait(client: httpx.AsyncClient, path: str, external_id: str, **fields: Any) -> str:
    """Put somebody on the waiting list; returns the entry's id."""
    body = {"person_external_id": external_id, **fields}
    entry: str = good(await client.post(f"{path}/waiting-list", json=body), 201)["waiting_id"]
    return entry


async def standing(client: httpx.AsyncClient, path: str, **params: str) -> tuple[int, ...]:
    """Purchased, allocated, available, deficit and waiting, as the pool shows them."""
    body = good(await client.get(path, params=params))
    return tuple(body[name] for name in NUMBERS)


async def ledger(client: httpx.AsyncClient, path: str, **params: str) -> list[tuple[Any, ...]]:
    """(HR number, first day, end) of each seat of a pool, in the order of their recording."""
    items = good(await client.get(f"{path}/allocations", params={"limit": "200", **params}))[
        "items"
    ]
    numbers = await numbers_of(client)
    return [(numbers[s["person_id"]], s["allocated_on"], s["released_on"]) for s in items]


async def waiting(client: httpx.AsyncClient, path: str, **params: str) -> list[str]:
    """HR numbers of those who wait, in the order in which they are served."""
    items = good(await client.get(f"{path}/waiting-list", params={"limit": "200", **params}))[
        "items"
    ]
    numbers = await numbers_of(client)
    return [numbers[entry["person_id"]] for entry in items]


async def numbers_of(client: httpx.AsyncClient) -> dict[str, str]:
    """Each person's HR number by their id."""
    found: dict[str, str] = {}
    params = {"limit": "200"}
    while True:
        listed = good(await client.get("/people", params=params))
        found |= {person["person_id"]: person["external_id"] for person in listed["items"]}
        if listed["next_cursor"] is None:
            return found
        params["cursor"] = listed["next_cursor"]
