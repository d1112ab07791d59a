"""The audit log: every write leaves an event, none says anything personal, none can be changed."""

from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from app.dashboard.administration.actions import ACTIONS
from tests.council import Council, good, people, pilot
from tests.routes import ROUTES, Route
from tests.writes import BODIES, SECRETS, Furnished, sent_to


def test_there_is_a_right_request_for_every_write_and_for_no_other() -> None:
    assert set(BODIES) == {str(route) for route in ROUTES if route.writes}


async def _write(furnished: Furnished, route: Route) -> dict[str, Any]:
    """Do what the route is for; the request that does it must leave exactly one event."""
    client, ids = furnished.admin, furnished.ours
    before = len(await _events(client))
    headers = {"If-Match": "*", "X-Request-ID": "request-of-the-test"}
    request = {"headers": headers, **sent_to(route, ids)}
    answer = await client.request(route.method, route.of(ids), **request)
    assert answer.is_success, answer.text
    events = await _events(client)
    assert len(events) == before + 1, f"{route} left {len(events) - before} events"
    return events[0]


async def _events(client: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = good(await client.get("/audit-events?limit=200"))["items"]
    return items


@pytest.mark.parametrize("route", [r for r in ROUTES if r.writes], ids=str)
async def test_every_write_leaves_one_event_without_personal_values(
    route: Route, furnished: Furnished
) -> None:
    event = await _write(furnished, route)
    assert event["request_id"] == "request-of-the-test"
    assert event["principal_kind"] == "api_key"
    # The page of the audit log has words for it.
    assert event["action"] in ACTIONS
    assert not [secret for secret in SECRETS if secret in str(event)]


async def test_a_batch_leaves_one_event_with_its_counts(council: Council) -> None:
    client = await council.admin()
    items: list[dict[str, Any]] = [{"external_id": f"E{n}"} for n in range(3)] + [{"team": "x"}]
    result = good(await client.post("/people/bulk", json={"items": items}))
    event = (await _events(client))[0]
    assert event["action"] == "people.imported"
    assert event["details"] == {
        "batch_id": result["batch_id"],
        "accepted": 3,
        "updated": 0,
        "duplicates": 0,
        "rejected": 1,
    }
    batches = good(await client.get("/import-batches?kind=people"))["items"]
    assert [(b["batch_id"], b["accepted"], b["rejected"]) for b in batches] == [
        (result["batch_id"], 3, 1)
    ]


async def test_a_write_that_fails_leaves_neither_row_nor_event(council: Council) -> None:
    client = await council.admin()
    before = len(await _events(client))
    await client.post("/people/bulk?mode=atomic", json={"items": [{"external_id": "E1"}, {}]})
    await client.post("/people/bulk?dry_run=true", json={"items": [{"external_id": "E1"}]})
    await client.post("/people", json={"external_id": ""})
    assert len(await _events(client)) == before
    assert good(await client.get("/people"))["items"] == []


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_event SET action = 'x'", "DELETE FROM audit_event"]
)
async def test_no_event_can_be_changed_or_removed(council: Council, statement: str) -> None:
    client = await council.admin()
    await people(client, "E1")
    before = await _events(client)
    with pytest.raises(DBAPIError, match="append-only"):
        async with council.database.engine.begin() as connection:
            await connection.exec_driver_sql(statement + " WHERE organisation_id IS NOT NULL")
    if not council.database.is_sqlite:
        with pytest.raises(DBAPIError, match="append-only"):
            async with council.database.engine.begin() as connection:
                await connection.exec_driver_sql("TRUNCATE audit_event")
    forged = (
        "INSERT OR REPLACE INTO audit_event SELECT organisation_id, id, occurred_at, principal_kind,"
        " principal_id, 'forged', resource_id, request_id, details FROM audit_event"
    )
    if council.database.is_sqlite:
        async with council.database.engine.connect() as connection:
            with pytest.raises(DBAPIError, match="append-only"):
                await connection.exec_driver_sql(forged)
    assert await _events(client) == before


async def test_events_can_be_asked_for_by_action_and_thing(council: Council) -> None:
    client = await council.admin()
    pilot_id = await pilot(client)
    good(await client.post(f"/pilots/{pilot_id}/transitions", json={"to": "planned"}), 201)
    about = good(await client.get("/audit-events", params={"resource_id": pilot_id}))["items"]
    assert [event["action"] for event in about] == ["pilot.transitioned", "pilot.created"]
    assert about[0]["details"] == {"from": "draft", "to": "planned"}
    created = good(await client.get("/audit-events?action=pilot.created"))["items"]
    assert [event["resource_id"] for event in created] == [pilot_id]
