"""Erasing somebody who took part in everything: no trace but what figures need, and that leads nowhere."""

import json
from typing import Any

import httpx
from sqlalchemy import text

from tests.council import Council, good, problem
from tests.licences import on
from tests.privacy import (
    NAME,
    NUMBER,
    OBJECT_ID,
    SIGN_IN,
    TODAY,
    VALUES,
    dumped,
    taking_part,
    traces,
)
from tests.scim import directory, refused, user
from tests.snapshots import END, published

# The audit log is append-only: it keeps the id, which leads to nobody. So do the rows of whoever acted.
_KEEPS_THE_ID = {"audit_event"}
_FIGURES = ("time-use", "adoption", "feedback", "licence-utilisation")


async def _figures(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    asked = {"as_of": END["as_of"]}
    return {
        name: good(await client.get(f"{path}/metrics/{name}", params=asked)) for name in _FIGURES
    }


async def _published_rows(council: Council) -> list[Any]:
    async with council.database.engine.connect() as connection:
        found = await connection.execute(
            text("SELECT * FROM snapshot WHERE organisation_id IS NOT NULL ORDER BY id")
        )
        inputs = await connection.execute(
            text("SELECT * FROM snapshot_input WHERE organisation_id IS NOT NULL ORDER BY digest")
        )
        return [*map(tuple, found), *map(tuple, inputs)]


async def test_of_somebody_who_took_part_in_everything_no_trace_is_left(council: Council) -> None:
    client = await council.admin()
    with on(TODAY):
        person_id, path = await taking_part(council, client)
        snapshot = await published(client, path)
        where = await traces(council, *VALUES, person_id)
        # So that the test cannot pass because there was nothing to find.
        assert len(where) >= 24, sorted(where)
        shown, rows, before = (
            (await client.get(f"/snapshots/{snapshot['snapshot_id']}")).content,
            await _published_rows(council),
            await _figures(client, path),
        )
        audited = (await dumped(council))["audit_event"]
        planned = good(await client.get(f"/people/{person_id}/erasure"))
        done = good(await client.post("/erasures", json={"person_id": person_id}), 201)

        assert await traces(council, *VALUES) == {}
        assert set(await traces(council, person_id)) <= _KEEPS_THE_ID
        assert (await client.get(f"/snapshots/{snapshot['snapshot_id']}")).content == shown
        assert await _published_rows(council) == rows
        assert await _figures(client, path) == before
        # The log grew, and nothing in it has changed: a chain over it holds.
        assert (await dumped(council))["audit_event"][: len(audited)] == audited
    counted = {t["table"]: t["rows"] for t in planned["tables"] if t["rows"]}
    assert done["counts"] == {t: n for t, n in counted.items() if t not in _KEEPS_THE_ID}
    assert planned["groups_kept"] == ["department"]  # nobody else is in that team
    assert {m["table"] for m in planned["mentions"]} == {
        *("api_key", "feedback_response", "feedback_session", "pilot", "pilot_transition"),
        *("seat_allocation", "seat_event"),
    }
    assert not any(value in json.dumps([planned, done]).lower() for value in VALUES)
    problem(await client.get(f"/people/{person_id}"), 404, "not_found")
    await _does_not_come_back(council, client, done["erasure_id"])


async def _does_not_come_back(council: Council, client: httpx.AsyncClient, erasure_id: str) -> None:
    """Neither from HR nor from a directory, until the erasure is lifted."""
    row = {"external_id": NUMBER, "display_name": NAME}
    problem(await client.post("/people", json=row), 409, "person_erased")
    told = good(await client.post("/people/bulk", json={"items": [row, {"external_id": "N"}]}))
    assert (told["accepted"], [e["code"] for e in told["errors"]]) == (1, ["person_erased"])
    scim = await directory(council)
    refused(await scim.post("Users", json=user(SIGN_IN, externalId=OBJECT_ID)), 409, "uniqueness")
    lifted = good(await client.post(f"/erasures/{erasure_id}/lift"))
    assert lifted["lifted_at"] is not None
    good(await client.post("/people", json=row), 201)
