"""Feedback to test with."""

from typing import Any
from uuid import UUID

import httpx

from app.access.permissions import Role
from tests.council import Council, good, people, pilot
from tests.forms import as_json

# Eight weeks from Monday 1 April 2024, after a baseline of two.
WINDOW: dict[str, Any] = {
    "kind": "social_care",
    "baseline_starts_on": "2024-03-11",
    "baseline_ends_on": "2024-03-25",
    "starts_on": "2024-04-01",
    "ends_on": "2024-05-27",
}


def answer(number: str | None = "E1", week: str = "2024-04-08", **fields: Any) -> dict[str, Any]:
    """An answer of somebody, or of nobody known; a satisfaction of 4 unless it says otherwise."""
    who = {} if number is None else {"person_external_id": number}
    return {"week_starts_on": week, **who, **(fields or {"satisfaction": 4})}


async def feedback_pilot(client: httpx.AsyncClient, *numbers: str, **fields: Any) -> str:
    """A pilot of these people, all in arm `pilot`; returns its address."""
    await people(client, *numbers)
    members = [{"person_external_id": number, "arm": "pilot"} for number in numbers]
    return f"/pilots/{await pilot(client, *members, **{**WINDOW, **fields})}"


async def take(client: httpx.AsyncClient, path: str, *rows: dict[str, Any]) -> dict[str, Any]:
    """Send answers in bulk; returns what became of them."""
    return good(await client.post(f"{path}/feedback/bulk", **as_json(list(rows))))


async def lead_of(council: Council, path: str, number: str = "E1") -> httpx.AsyncClient:
    """A client of the pilot's lead."""
    admin = await council.admin()
    found = good(await admin.get("/people"))["items"]
    person_id = next(p["person_id"] for p in found if p["external_id"] == number)
    was = await admin.get(path)
    change = {"lead_external_id": number}
    headers = {"If-Match": was.headers["etag"]}
    good(await admin.patch(path, json=change, headers=headers))
    return await council.as_role(Role.PILOT_LEAD, person_id=UUID(person_id))
