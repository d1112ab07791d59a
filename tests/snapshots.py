"""A pilot with everything that figures are made from, and its published figures, to test with."""

from typing import Any

import httpx

from tests.council import activity, good, people, pilot
from tests.feedback import answer
from tests.forms import as_json
from tests.licences import pool, seat
from tests.time_use import SOCIAL, sample

# Six of each arm, so that there is something to show to anybody.
STAFF = [f"E{n}" for n in range(1, 13)]
DAYS = ("2024-02-07", "2024-02-14", "2024-03-05", "2024-03-12", "2024-03-19")
PRODUCT = "Recorder"
END = {"as_of": "2024-03-24"}


def recorded(number: str, day: str, **fields: Any) -> list[dict[str, Any]]:
    """A morning of forms and an afternoon of visits."""
    before = day < SOCIAL["starts_on"] or number > "E6"
    spent = {"forms": 120 if before else 45, "visit": 60 + int(number[1:]) * 2.5}
    return [
        sample(
            f"{number}-{day}-{code}",
            person_external_id=number,
            category=code,
            started_at=f"{day}T{hour}:00:00+00:00",
            **{"minutes": minutes, **fields},
        )
        for (code, minutes), hour in zip(spent.items(), ("09", "14"), strict=True)
    ]


async def observed(client: httpx.AsyncClient, *, backwards: bool = False, **more: Any) -> str:
    """A pilot with everything that figures are made from, and more fields; returns its address."""
    step = -1 if backwards else 1
    await people(client, *STAFF[::step], department="Children")
    members = [
        {"person_external_id": n, "arm": "pilot" if int(n[1:]) <= 6 else "comparison"}
        for n in STAFF[::step]
    ]
    fields = {**SOCIAL, "product": PRODUCT, **more}
    path = f"/pilots/{await pilot(client, *members, **fields)}"
    rows = [row for number in STAFF for day in DAYS for row in recorded(number, day)][::step]
    good(await client.post(f"{path}/time-samples/bulk", **as_json(rows)))
    said = [answer(n, week) for n in STAFF[:6] for week in ("2024-03-04", "2024-03-11")][::step]
    said.append(answer(None, "2024-03-11", satisfaction=2))
    good(await client.post(f"{path}/feedback/bulk", **as_json(said)))
    used = [activity(n, day, product=PRODUCT, actions=3) for n in STAFF[:6] for day in DAYS[2:]][
        ::step
    ]
    good(await client.post("/licence-activity/bulk", **as_json(used)))
    away = [{"person_external_id": n, "starts_on": "2024-03-06", "kind": "leave"} for n in STAFF]
    away = [{**each, "ends_on": "2024-03-08"} for each in away[:3]][::step]
    good(await client.post("/absences/bulk", **as_json(away)))
    term = {"term_starts_on": "2024-02-26", "term_ends_on": "2025-02-26", "seats": 7}
    own = {**term, "product": PRODUCT, "pilot_id": path.rpartition("/")[2], "seat_price": "240.00"}
    held = await pool(client, **own)
    for number in STAFF[:6][::step]:
        await seat(client, held, number, allocated_on="2024-02-26")
    return path


async def published(
    client: httpx.AsyncClient, path: str, *, new: bool = True, **wanted: str
) -> dict[str, Any]:
    """Publish the figures of a pilot; `new` says whether a snapshot must have been made."""
    found = await client.post(f"{path}/snapshots", json=wanted or END)
    body = good(found, 201 if new else 200)
    assert found.headers["location"] == f"/api/v1/snapshots/{body['snapshot_id']}"
    return body


async def listed(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = good(await client.get(f"{path}/snapshots"))["items"]
    return items


async def read(client: httpx.AsyncClient, snapshot: dict[str, Any]) -> dict[str, Any]:
    """A snapshot as another client reads it."""
    return good(await client.get(f"/snapshots/{snapshot['snapshot_id']}"))


def moves(snapshot: dict[str, Any], of_lead: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """What moved a snapshot: kind, day, rows added, changed and removed.

    `of_lead` is the same as the pilot's lead reads it, who alone may count samples and answers.
    """
    names = ("kind", "day", "added", "changed", "removed")
    inputs = snapshot["changes"]["inputs"]
    if of_lead is not None:
        inputs = [
            *(each for each in inputs if not each["suppressed"]),
            *(
                each
                for each in of_lead["changes"]["inputs"]
                if each["kind"] in ("time_samples", "feedback")
            ),
        ]
    return [tuple(each[name] for name in names) for each in inputs]
