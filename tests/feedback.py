"""Feedback to test with."""

from typing import Any

import httpx

from tests.council import people, pilot

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
