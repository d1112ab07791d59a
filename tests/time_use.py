"""Time samples to test with."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.council import people, pilot

FILE = Path(__file__).resolve().parents[2] / "shared" / "examples" / "time_use.json"
needs_the_file = pytest.mark.skipif(
    not FILE.exists(), reason="the worked example is not beside this checkout (shared/examples)"
)
SOCIAL: dict[str, Any] = {
    "kind": "social_care",
    "baseline_starts_on": "2024-02-05",
    "baseline_ends_on": "2024-02-19",
    "starts_on": "2024-02-26",
    "ends_on": "2024-04-08",
}


def example() -> dict[str, Any]:
    """The worked example of the ratio: a pilot, its members, samples, and the figures expected."""
    worked: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return worked


def sample(ref: str = "s1", **fields: Any) -> dict[str, Any]:
    return {
        "person_external_id": "E1",
        "category": "visit",
        "started_at": "2024-03-01T09:00:00+00:00",
        "minutes": 60,
        "method": "diary",
        "source": "test",
        "source_ref": ref,
        **fields,
    }


async def social_pilot(client: httpx.AsyncClient, *, name: str = "P-1") -> str:
    """A social-care pilot with one member; returns the address of its samples."""
    await people(client, "E1", "E2")
    pilot_id = await pilot(
        client, {"person_external_id": "E1", "arm": "pilot"}, **SOCIAL, code=name
    )
    return f"/pilots/{pilot_id}/time-samples"
