"""A pilot's activity recorded and its figures asked for, as a client does."""

from collections.abc import Mapping
from typing import Any

import httpx

from tests.council import activity, good

Figures = dict[str, Any]

SMALL = {
    "code": "small_sample",
    "sentence": "Fewer than 10 people: a single person moves this figure visibly.",
}
PARTIAL = {"code": "partial_week", "sentence": "The window holds only part of this week."}


def member(name: str, arm: str = "pilot", **interval: str) -> dict[str, Any]:
    return {"person_external_id": name, "arm": arm, **interval}


def days(name: str, *dates: str, **fields: Any) -> list[dict[str, Any]]:
    return [activity(name, day, **fields) for day in dates]


def week(name: str, starts_on: str, **fields: Any) -> dict[str, Any]:
    return activity(name, starts_on, period="week", **fields)


async def record(client: httpx.AsyncClient, *rows: Mapping[str, Any]) -> None:
    """Record activity, every row of it."""
    answer = await client.post("/licence-activity/bulk", json={"items": list(rows)})
    assert good(answer)["rejected"] == 0, answer.text


async def ask(client: httpx.AsyncClient, pilot_id: str, **params: str) -> Figures:
    return good(await client.get(f"/pilots/{pilot_id}/metrics/adoption", params=params))


def plain(value: Any) -> Any:
    """The same with every number rounded to six decimals."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {name: plain(held) for name, held in value.items()}
    return [plain(held) for held in value] if isinstance(value, list) else value


def share(figure: Figures) -> tuple[float | None, float | None]:
    return figure["numerator"], figure["denominator"]


def flags(figure: Figures) -> set[str]:
    return {flag["code"] for flag in figure["flags"]}


def of_group(answer: Figures, slug: str) -> dict[str, Figures]:
    """One figure of every group."""
    return {group["group"]: group["figures"][slug] for group in answer["groups"]}
