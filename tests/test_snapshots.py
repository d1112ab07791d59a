"""Published figures: the same data make the same, changed data a new one that says what moved it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
import time_machine
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.access.permissions import Role
from app.metrics.snapshots import service
from tests.council import Council, activity, good, people, problem
from tests.feedback import answer, lead_of
from tests.forms import as_json
from tests.licences import PRODUCT as ANOTHER_PRODUCT
from tests.licences import seat
from tests.snapshots import (
    END,
    PRODUCT,
    listed,
    moves,
    observed,
    published,
    read,
    recorded,
)
from tests.time_use import led_pilot, sample

# Of the data of `observed`, on every database and in whatever order they came. It changes where rows are
# read otherwise, or a taxonomy that comes with Pilotlight does: whoever changes it makes new snapshots.
FINGERPRINT = "9d0b83a50fc8e5651a7cceb007a6029e4b0f528bb4c3dc59d6bf8ab4b9fbe019"


async def put(client: httpx.AsyncClient, path: str, *rows: dict[str, Any]) -> str:
    """Send time samples; returns the batch."""
    result = good(await client.post(f"{path}/time-samples/bulk", **as_json(list(rows))))
    assert result["rejected"] == 0, result
    batch: str = result["batch_id"]
    return batch


@pytest.mark.parametrize("backwards", [False, True])
async def test_the_same_data_have_the_same_fingerprint_and_one_snapshot(
    council: Council, backwards: bool
) -> None:
    client = await council.admin()
    path = await observed(client, backwards=backwards)
    first = await published(client, path)
    assert first["fingerprint"] == FINGERPRINT
    assert (first["follows"], first["changes"]) == (None, {"definitions": [], "inputs": []})
    # Sent again, what is there changes nothing; nor does what the figures do not go by.
    await put(client, path, *recorded("E1", "2024-03-05"))
    later = sample("later", started_at="2024-03-25T09:00:00Z")
    between = sample("between", started_at="2024-02-22T09:00:00Z")
    await put(client, path, later, between)
    await people(client, "E1", "E99", team="North")
    good(await client.post("/licence-activity/bulk", **as_json([activity("E99", "2024-03-05")])))
    assert await published(client, path, new=False) == first
    (only,) = await listed(client, path)
    assert only == {name: first[name] for name in only}


async def test_a_correction_a_deletion_and_an_undo_are_named_by_day_and_count(
    council: Council,
) -> None:
    client = await council.admin()
    path = await observed(client)
    lead = await lead_of(council, path)
    first = await published(client, path)
    forms, visit = recorded("E1", "2024-03-05")
    await put(client, path, {**forms, "minutes": 55})
    corrected = await published(client, path)
    assert corrected["follows"] == first["snapshot_id"]
    assert moves(await read(lead, corrected)) == [("time_samples", "2024-03-05", 0, 1, 0)]
    await put(client, path, {**visit, "deleted": True})
    deleted = await published(client, path)
    assert moves(await read(lead, deleted)) == [("time_samples", "2024-03-05", 0, 0, 1)]
    moved = {**recorded("E2", "2024-03-12")[0], "started_at": "2024-03-13T09:00:00Z"}
    new = [sample(f"new {n}", started_at="2024-03-06T09:00:00Z") for n in range(2)]
    batch = await put(client, path, *new, moved, forms)
    loaded = await published(client, path)
    of_lead = moves(await read(lead, loaded))
    assert of_lead == [
        ("time_samples", "2024-03-05", 0, 1, 0),
        ("time_samples", "2024-03-06", 2, 0, 0),
        ("time_samples", "2024-03-12", 0, 0, 1),
        ("time_samples", "2024-03-13", 1, 0, 0),
    ]
    good(await client.post(f"/import-batches/{batch}/undo"))
    undone = await published(client, path)
    assert (undone["fingerprint"], undone["figures"]) == (
        deleted["fingerprint"],
        deleted["figures"],
    )
    assert moves(await read(lead, undone)) == [
        (*move[:2], move[4], move[3], move[2]) for move in of_lead
    ]
    # Nobody else may see the samples, and so how many there are of a day.
    assert moves(loaded) == [
        ("time_samples", monday, None, None, None) for monday in ("2024-03-04", "2024-03-11")
    ]
    await put(client, path, forms, visit)
    restored = await published(client, path)
    assert restored["fingerprint"] == first["fingerprint"]
    assert restored["figures"] == first["figures"] != corrected["figures"]
    made = [first, corrected, deleted, loaded, undone, restored]
    assert [each["snapshot_id"] for each in reversed(made)] == [
        each["snapshot_id"] for each in await listed(client, path)
    ]
    for each in made:
        assert good(await client.get(f"/snapshots/{each['snapshot_id']}")) == each


USED = {"product": PRODUCT, "actions": 9}
# One change after the other, and what the next snapshot says of it: kind, day, added, changed, removed.
STEPS: list[tuple[str, dict[str, Any], list[tuple[Any, ...]]]] = [
    ("PATCH /organisation", {"minimum_group_size": 6}, [("organisation", None, 0, 1, 0)]),
    ("PATCH {pilot}", {"purpose": "Nothing that a figure goes by."}, []),
    ("PATCH {pilot}", {"product": ANOTHER_PRODUCT}, [("pilot", None, 0, 1, 0)]),
    ("PUT {pilot}/time-use-taxonomy", {"version": "office-1"}, [("taxonomy", None, 0, 1, 0)]),
    ("PUT {pilot}/sampling-plan", {"method": "diary"}, [("sampling_plan", None, 1, 0, 0)]),
    (
        "POST {pilot}/members/bulk",
        {"items": [{"person_external_id": "E9", "left_on": "2024-03-20"}]},
        [("members", None, 0, 1, 0)],
    ),
    (
        "POST /people/bulk",
        {"items": [{"external_id": "E9", "started_on": "2020-01-01"}]},
        [("people", None, 0, 1, 0)],
    ),
    (
        "POST /absences/bulk",
        {"items": [{"person_external_id": "E1", "starts_on": "2024-03-06", "ends_on": None}]},
        [("absences", "2024-03-06", 0, 1, 0)],
    ),
    (
        "POST {pilot}/feedback/bulk",
        {"items": [answer("E1", "2024-03-04", satisfaction=1), answer(None, "2024-03-18")]},
        [("feedback", "2024-03-04", 0, 1, 0), ("feedback", "2024-03-18", 1, 0, 0)],
    ),
    (
        "POST /licence-activity/bulk",
        {"items": [activity("E1", "2024-03-05", **USED), activity("E12", "2024-03-06", **USED)]},
        [("activity", "2024-03-05", 0, 1, 0), ("activity", "2024-03-06", 1, 0, 0)],
    ),
    (
        "POST /licence-activity/bulk",
        {"items": [activity("E50", "2024-04-03", **USED)]},
        [("newest_activity", None, 0, 1, 0)],
    ),
    ("PATCH {pool}", {"seat_price": "250.00"}, [("licence_pools", None, 0, 1, 0)]),
    (
        "POST {pool}/capacity-changes",
        {"effective_on": "2024-03-04", "seats": 8, "reason": "more"},
        [("capacity_changes", "2024-03-04", 1, 0, 0)],
    ),
    (
        "POST {pool}/allocations/{used}/release",
        {"released_on": "2024-03-20", "reason": "done"},
        [("seats", "2024-02-26", 0, 1, 0)],
    ),
    (
        "POST {pool}/reclaim-decisions",
        {
            "items": [{"allocation_id": "{idle}", "decision": "keep", "reason": "x"}],
            "as_of": "2024-04-05",
        },
        [("kept_seats", "2024-04-05", 1, 0, 0)],
    ),
    (
        "POST {pool}/waiting-list",
        {"person_external_id": "E12", "requested_on": "2024-03-05"},
        [("waiting_list", "2024-03-05", 1, 0, 0)],
    ),
]


async def test_everything_that_figures_are_made_from_moves_the_fingerprint(
    council: Council,
) -> None:
    client = await council.admin()
    path = await observed(client)
    await people(client, "E50")
    pool = f"/licence-pools/{good(await client.get('/licence-pools'))['items'][0]['pool_id']}"
    used = good(await client.get(f"{pool}/allocations"))["items"][0]
    idle = await seat(client, pool, "E7", allocated_on="2024-02-26")
    lead = await lead_of(council, path)
    names = {"pilot": path, "pool": pool, "used": used["allocation_id"]}
    day = {"as_of": "2024-04-05"}
    before = await published(client, path, **day)
    moved = moves(before)
    for step, body, expected in STEPS:
        method, where = step.format_map(names).split()
        sent = json.dumps(body).replace("{idle}", idle["allocation_id"])
        head = {"If-Match": "*", "Content-Type": "application/json"}
        done = await client.request(method, where, content=sent, headers=head)
        assert done.is_success, (step, done.text)
        assert done.json().get("rejected", 0) == 0, step
        found = await published(client, path, new=bool(expected), **day)
        moved = expected or moved
        assert moves(found, await read(lead, found)) == moved, step
        assert (found["fingerprint"] != before["fingerprint"]) == bool(expected), step
        before = found


def _figures(value: Any) -> Iterator[dict[str, Any]]:
    """Every figure in a document, however deep."""
    if isinstance(value, dict):
        if "slug" in value:
            yield value
        for inner in value.values():
            yield from _figures(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _figures(inner)


async def test_every_figure_is_whole_as_its_page_answers_somebody_who_may_see_no_names(
    council: Council,
) -> None:
    admin = await council.admin()
    path = await observed(admin)
    with time_machine.travel("2024-03-25T09:00:00Z", tick=False):
        found = (await published(admin, path))["figures"]
        analyst = await council.as_role(Role.ANALYST)
        for name, page in (
            ("adoption", "metrics/adoption"),
            ("time_use", "metrics/time-use"),
            ("feedback", "metrics/feedback"),
            ("licence_utilisation", "metrics/licence-utilisation"),
        ):
            shown = good(await analyst.get(f"{path}/{page}", params=END))
            assert found[name] == {**shown, **({"daily": []} if "daily" in shown else {})}
    assert found["time_use"]["verdict"] == found["scorecard"]["headline"]["verdict"] == "fell"
    assert found["time_use"]["change"]["interval"]["method"] == "jackknife"
    snapshot = good(await admin.get(f"/snapshots/{(await listed(admin, path))[0]['snapshot_id']}"))
    definitions = {each["slug"]: each for each in snapshot["definitions"]}
    whole = ("value", "numerator", "denominator", "people", "interval", "flags", "reason", "as_of")
    every = [each for each in _figures(snapshot["figures"]) if "counts" not in each]
    assert len(every) > 100
    for each in every:
        assert not [name for name in whole if name not in each]
        assert definitions[each["slug"]]["definition_version"] == each["definition_version"]
        assert each["as_of"] <= END["as_of"]
    assert definitions["admin_share"]["formula"]


async def test_small_counts_are_withheld_whoever_publishes(council: Council) -> None:
    admin = await council.admin()
    await people(admin, "E1", "E2", "E3")
    members = [{"person_external_id": f"E{n}"} for n in (1, 2, 3)]
    lead, path = await led_pilot(council, *members)
    rows = [row for n in (1, 2, 3) for row in recorded(f"E{n}", "2024-03-05")]
    await put(lead, path, *rows)
    good(await lead.post(f"{path}/feedback/bulk", **as_json([answer("E1", "2024-03-04")])))
    seen = good(await lead.get(f"{path}/metrics/time-use", params=END))
    assert seen["pilot"]["admin_share"]["people"] == 3
    for found in (await published(lead, path), await published(admin, path, new=False)):
        for name in ("scorecard", "time_use", "feedback"):
            shown = [each for each in _figures(found["figures"][name]) if each["people"]]
            assert shown == []
        share = found["figures"]["time_use"]["pilot"]["admin_share"]
        assert (share["suppressed"], share["value"], share["reason"]) == (True, None, "suppressed")


async def test_a_pilot_out_of_reach_has_no_snapshots(
    council: Council, other_council: Council
) -> None:
    admin = await council.admin()
    path = await observed(admin)
    made = await published(admin, path)
    address = f"/snapshots/{made['snapshot_id']}"
    lead = await lead_of(council, path)
    another, _ = await led_pilot(council)
    for client in (await other_council.admin(), another):
        for method, where in (("GET", address), ("GET", f"{path}/snapshots")):
            problem(await client.request(method, where), 404, "not_found")
        problem(await client.post(f"{path}/snapshots", json=END), 404, "not_found")
    assert good(await lead.get(address)) == made
    analyst = await council.as_role(Role.ANALYST)
    assert good(await analyst.get(address)) == made
    problem(await analyst.post(f"{path}/snapshots", json=END), 403, "scope_missing")
    problem(await admin.get(f"/snapshots/{uuid4()}"), 404, "not_found")


async def test_yesterday_is_published_unless_a_day_is_named(council: Council) -> None:
    client = await council.admin()
    path = await observed(client)
    with time_machine.travel("2024-03-30T23:30:00Z", tick=False):
        yesterday = good(await client.post(f"{path}/snapshots"), 201)
        assert (yesterday["as_of"], yesterday["reason"]) == ("2024-03-29", "on_demand")
        ahead = await client.post(f"{path}/snapshots", json={"as_of": "2024-03-31"})
        problem(ahead, 422, "in_the_future")
    with time_machine.travel("2024-03-31T23:30:00Z", tick=False):
        # In London it is the first of April by now: the clocks have changed.
        today = good(await client.post(f"{path}/snapshots", json={"as_of": "2024-04-01"}), 201)
        assert (today["as_of"], today["follows"]) == ("2024-04-01", yesterday["snapshot_id"])
    late = await published(client, path, as_of="2024-12-31")
    assert (late["as_of"], late["window"]["ends_on"]) == ("2024-04-07", "2024-04-08")
    # Before the window, and before everything: there is nothing to say, and that is said.
    for day in ("2024-02-10", "2023-12-31"):
        early = await published(client, path, as_of=day)
        assert early["follows"] is None or day > "2024"
        assert early["figures"]["time_use"]["pilot"]["admin_share"]["value"] is None


async def test_a_new_version_of_a_definition_is_published_beside_the_old(
    council: Council, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await council.admin()
    path = await observed(client)
    old = await published(client, path)
    versions = [
        replace(metric, definition_version=2) if metric.slug == "admin_share" else metric
        for metric in service.REGISTRY
    ]
    monkeypatch.setattr(service, "REGISTRY", tuple(versions))
    new = await published(client, path)
    assert new["fingerprint"] == old["fingerprint"]
    assert new["follows"] == old["snapshot_id"]
    change = {"slug": "admin_share", "before": 1, "now": 2}
    assert new["changes"] == {"definitions": [change], "inputs": []}
    assert await published(client, path, new=False) == new
    assert good(await client.get(f"/snapshots/{old['snapshot_id']}")) == old


@pytest.mark.parametrize("table", ["snapshot", "snapshot_input"])
async def test_a_snapshot_can_be_neither_changed_nor_removed(council: Council, table: str) -> None:
    client = await council.admin()
    path = await observed(client)
    made = await published(client, path)
    mine = "WHERE organisation_id IS NOT NULL"
    statements = [
        f"UPDATE {table} SET organisation_id = organisation_id {mine}",  # noqa: S608 - our own tables
        f"DELETE FROM {table} {mine}",  # noqa: S608 - likewise
    ]
    if council.database.is_sqlite:
        statements.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} {mine}")  # noqa: S608 - likewise
    else:
        statements.append(f"TRUNCATE {table} CASCADE")
    for statement in statements:
        with pytest.raises(DBAPIError, match="never changed"):
            async with council.database.engine.begin() as connection:
                await connection.exec_driver_sql(statement)
    assert good(await client.get(f"/snapshots/{made['snapshot_id']}")) == made


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)  # SQLite has one writer
async def test_what_is_written_while_figures_are_made_is_in_both_or_in_neither(
    council: Council, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await council.admin()
    path = await observed(client)
    compute, changes = service.scorecard.scorecard, iter((70, 80))
    longer = (
        "UPDATE time_sample SET minutes = {} WHERE organisation_id IS NOT NULL AND source_ref ="
    )

    async def and_a_change(session: Any, *rest: Any) -> Any:
        found = await compute(session, *rest)
        minutes = next(changes, None)
        if minutes is not None:
            await session.exec(text(f"{longer.format(minutes)} 'E1-2024-03-05-forms'"))
        return found

    monkeypatch.setattr(service.scorecard, "scorecard", and_a_change)
    raced = await published(client, path)
    monkeypatch.undo()
    assert await published(client, path, new=False) == raced

    async def and_one_every_time(session: Any, *rest: Any) -> Any:
        found = await compute(session, *rest)
        await session.exec(text(f"{longer.format('minutes + 1')} 'E1-2024-03-05-forms'"))
        return found

    monkeypatch.setattr(service.scorecard, "scorecard", and_one_every_time)
    body = {"as_of": "2024-03-23"}
    problem(await client.post(f"{path}/snapshots", json=body), 503, "unavailable")
