"""Retention: nothing goes unagreed or under a hold, the oldest goes first, and figures stay as published."""

from typing import Any

import httpx
import pytest

from app.core.clock import now
from app.core.jobs.registry import JOBS
from app.core.jobs.runner import run_slot
from app.privacy.retention import service
from tests.council import Council, good, people, problem
from tests.licences import on
from tests.snapshots import STAFF, observed, published

_ALL = (
    *("time_samples", "feedback", "licence_activity", "waiting_lists"),
    *("absences", "directory", "connection_runs", "people"),
)
# The pilot of `observed` ends on 8 April 2024; its figures are published by the end of that week.
_PATH = "/retention-schedule"


async def _agree(client: httpx.AsyncClient, **days: int | None) -> dict[str, Any]:
    etag = (await client.get(_PATH)).headers["etag"]
    wanted = {**dict.fromkeys(_ALL), **days}
    return good(await client.put(_PATH, json=wanted, headers={"If-Match": etag}))


async def _due(client: httpx.AsyncClient) -> dict[str, tuple[int, int]]:
    items = good(await client.get(f"{_PATH}/preview"))["items"]
    return {i["table"]: (i["due"], i["held"]) for i in items if i["due"] or i["held"]}


async def _run(council: Council) -> None:
    job = JOBS["apply_retention"]
    slot = job.schedule.slot_at(now())
    await run_slot(council.database, job, council.organisation.organisation_id, slot)


async def _over(client: httpx.AsyncClient, path: str) -> None:
    for step in ("planned", "running", "completed"):
        good(await client.post(f"{path}/transitions", json={"to": step}), 201)


async def test_what_has_been_kept_long_enough_goes_and_published_figures_stay(
    council: Council, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await council.admin()
    with on("2024-04-20"):
        path = await observed(client)
        snapshot = await published(client, path)
        shown = (await client.get(f"/snapshots/{snapshot['snapshot_id']}")).content
        await _over(client, path)
        early = good(await client.get(f"{_PATH}/preview"))
    assert all(each["due"] == 0 for each in early["items"])
    monkeypatch.setattr(service, "ROWS_AT_ONCE", 50)
    with on("2024-06-10"):
        await _run(council)  # nobody has agreed to anything
        assert (await _due(client)) == {}
        await _agree(client, time_samples=30, feedback=30, absences=60)
        everything = await _due(client)
        assert everything == {
            "time_sample": (120, 0),
            "feedback_response": (13, 0),
            "absence": (3, 0),
        }
        held = {"hold_on": "person", "person_id": await _id_of(client, "E1"), "reason": "a claim"}
        hold = good(await client.post("/legal-holds", json=held), 201)
        assert (await _due(client))["time_sample"] == (110, 10)
    with on("2024-06-11"):
        await _run(council)
        assert await _due(client) == {
            "time_sample": (0, 10),
            "feedback_response": (0, 2),
            "absence": (0, 1),
        }
        samples = good(await client.get("/audit-events?action=retention.applied"))["items"]
        assert sorted(e["details"]["rows"] for e in samples) == [2, 10, 11, 50, 50]
        assert (await client.get(f"/snapshots/{snapshot['snapshot_id']}")).content == shown
        figures = good(await client.get(f"{path}/metrics/time-use", params={"as_of": "2024-04-07"}))
        assert figures["pilot"]["admin_share"]["value"] is None  # of one person nothing is shown
        good(await client.post(f"/legal-holds/{hold['hold_id']}/release"))
    with on("2024-06-12"):
        await _run(council)
        assert await _due(client) == {}


async def _id_of(client: httpx.AsyncClient, number: str) -> str:
    found = good(await client.get("/people", params={"external_id": number}))["items"]
    person_id: str = found[0]["person_id"]
    return person_id


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_whoever_left_long_ago_is_erased_and_whoever_is_held_is_not(
    council: Council,
) -> None:
    client = await council.admin()
    await people(client, *STAFF[:3], left_on="2020-01-01")
    await people(client, *STAFF[3:5])
    wanted = {"hold_on": "person", "person_id": await _id_of(client, "E1"), "reason": "a claim"}
    good(await client.post("/legal-holds", json=wanted), 201)
    refused = {"person_id": wanted["person_id"]}
    found = problem(await client.post("/erasures", json=refused), 409, "legal_hold")
    assert len(found["hold_ids"]) == 1
    with on("2024-06-10"):
        await _agree(client, people=365)
        await _run(council)
        await _run(council)
    numbers = [p["external_id"] for p in good(await client.get("/people"))["items"]]
    assert [n for n in numbers if not n.startswith("erased-")] == ["E1", "E4", "E5"]
    assert len(numbers) == 5


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_schedule_is_agreed_to_once_by_whoever_has_seen_it(council: Council) -> None:
    client = await council.admin()
    proposed = good(await client.get(_PATH))
    assert (proposed["is_in_force"], proposed["updated_at"]) == (False, None)
    wanted = dict.fromkeys(_ALL, 400)
    problem(await client.put(_PATH, json=wanted), 428, "precondition_required")
    agreed = await _agree(client, people=2000)
    assert agreed["is_in_force"]
    assert {p["kept"]: p["days"] for p in agreed["periods"]} == {
        **dict.fromkeys(_ALL),
        "people": 2000,
    }
    stale = {"If-Match": '"0"'}
    problem(await client.put(_PATH, json=wanted, headers=stale), 412, "precondition_failed")
    (event,) = good(await client.get("/audit-events?action=retention_schedule.set"))["items"]
    assert event["details"]["fields"] == sorted(_ALL)
