"""Time samples to test with."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.access.permissions import Role
from tests.council import Council, good, people, pilot
from tests.forms import Rows, as_json

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


def days_of(*days: str, **fields: Any) -> list[dict[str, Any]]:
    """A sample of nine in the morning on each of these days."""
    who = fields.get("person_external_id", "E1")
    return [sample(f"{who} {day}", started_at=f"{day}T09:00:00+00:00", **fields) for day in days]


async def led_pilot(
    council: Council, *members: dict[str, Any], **fields: Any
) -> tuple[httpx.AsyncClient, str]:
    """A social-care pilot as its lead sees it; returns the lead's client and the pilot's address."""
    lead = await council.as_role(Role.PILOT_LEAD)
    values = {"code": "LED", "name": "Led", **SOCIAL, **fields}
    pilot_id = good(await lead.post("/pilots", json=values), 201)["pilot_id"]
    if members:
        body = {"items": list(members)}
        result = good(await lead.post(f"/pilots/{pilot_id}/members/bulk", json=body))
        assert result["rejected"] == 0, result
    return lead, f"/pilots/{pilot_id}"


async def pilot_of(council: Council, numbers: Rows, **window: Any) -> tuple[httpx.AsyncClient, str]:
    """A social-care pilot of these members; returns the admin's client and the pilot's address."""
    admin = await council.admin()
    await people(admin, *(row["person_external_id"] for row in numbers))
    return admin, f"/pilots/{await pilot(admin, *numbers, **{**SOCIAL, **window})}"


def member_of(n: int, **fields: Any) -> dict[str, Any]:
    """How the n-th person takes part, as it is sent."""
    return {"person_external_id": f"E{n}", "arm": "pilot", **fields}


def recorded(n: int, day: str, category: str, minutes: float, **fields: Any) -> dict[str, Any]:
    """A sample of the n-th person from nine in the morning."""
    return sample(
        f"{n}-{day}-{category}-{minutes}",
        person_external_id=f"E{n}",
        category=category,
        started_at=f"{day}T09:00:00+00:00",
        minutes=minutes,
        **fields,
    )


async def record(client: httpx.AsyncClient, path: str, rows: Rows) -> dict[str, Any]:
    """Record samples of a pilot, all of which are taken."""
    taken = good(await client.post(f"{path}/time-samples/bulk", **as_json(rows)))
    assert taken["rejected"] == 0, taken
    return taken


async def take(client: httpx.AsyncClient, path: str, *rows: dict[str, Any]) -> dict[str, Any]:
    """Send samples to their address, as `social_pilot` gives it; returns what became of them."""
    return good(await client.post(f"{path}/bulk", **as_json(list(rows))))


async def read(client: httpx.AsyncClient, path: str, query: str = "") -> dict[str, Any]:
    """The time use of a pilot."""
    return good(await client.get(f"{path}/metrics/time-use{query}"))


async def marks(council: Council) -> list[tuple[str, str]]:
    """Every mark: the day, and whose it is."""
    async with council.database.engine.connect() as connection:
        found = await connection.execute(
            text(
                "SELECT CAST(local_day AS VARCHAR), CAST(mark_id AS VARCHAR) FROM time_use_day_mark"
                " WHERE organisation_id IS NOT NULL ORDER BY 1, 2"
            )
        )
        return [(row[0], row[1].replace("-", "")) for row in found]
