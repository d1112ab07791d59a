"""Figures that are published by themselves: once a week and window, also after a stop and a clock change."""

import asyncio
from typing import Any

import httpx
import pytest
import time_machine

from app.scheduler import tick
from tests.command import Run
from tests.council import Council, good
from tests.feedback import lead_of
from tests.forms import as_json
from tests.scheduled import run_job
from tests.snapshots import listed, moves, observed, published, read, recorded
from tests.time_use import SOCIAL, sample


async def running(client: httpx.AsyncClient, *steps: str) -> str:
    path = await observed(client)
    for step in ("planned", "running", *steps):
        good(await client.post(f"{path}/transitions", json={"to": step}), 201)
    return path


def heads(items: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(each["reason"], each["as_of"]) for each in items]


async def test_the_command_publishes_a_week_once(
    council: Council, database_url: str, run: Run
) -> None:
    client = await council.admin()
    path = await running(client)
    words = ("jobs", "run", "weekly_snapshot", "--as-of", "2024-03-25")
    first = await asyncio.to_thread(run, database_url, *words)
    assert "succeeded" in first.out, first.err
    assert "had run already" in (await asyncio.to_thread(run, database_url, *words)).out
    (made,) = await listed(client, path)
    assert (made["reason"], made["as_of"]) == ("weekly", "2024-03-24")
    (event,) = good(await client.get("/audit-events?action=snapshot.made"))["items"]
    assert (event["principal_kind"], event["resource_id"]) == ("system", made["snapshot_id"])
    # Somebody who asks for the same day is answered the same, until a correction comes.
    again = await published(client, path, new=False)
    assert again["snapshot_id"] == made["snapshot_id"]
    short = {**recorded("E1", "2024-03-05")[0], "minutes": 5}
    good(await client.post(f"{path}/time-samples/bulk", **as_json([short])))
    corrected = await published(client, path)
    of_lead = await read(await lead_of(council, path), corrected)
    assert moves(of_lead) == [("time_samples", "2024-03-05", 0, 1, 0)]


async def test_each_week_follows_the_one_before_and_says_what_came(council: Council) -> None:
    client = await council.admin()
    path = await running(client)
    for moment, made in (
        ("2024-02-26T07:00", 0),  # the week before the pilot began
        ("2024-03-04T07:00", 1),
        ("2024-03-11T07:00", 1),
        ("2024-04-08T07:00", 1),
        ("2024-04-15T07:00", 0),  # the pilot is over
    ):
        counts = await run_job(council, "weekly_snapshot", moment)
        assert counts == {"pilots": 1, "snapshots": made}, moment
    last, second, first = [
        good(await client.get(f"/snapshots/{each['snapshot_id']}"))
        for each in await listed(client, path)
    ]
    assert heads([first, second, last]) == [
        ("weekly", day) for day in ("2024-03-03", "2024-03-10", "2024-04-07")
    ]
    assert [first["follows"], second["follows"]] == [None, first["snapshot_id"]]
    of_lead = await read(await lead_of(council, path), second)
    seen = [move for move in moves(second, of_lead) if move[0] != "newest_activity"]
    assert seen == [
        ("absences", "2024-03-06", 3, 0, 0),
        ("activity", "2024-03-05", 6, 0, 0),
        ("time_samples", "2024-03-05", 24, 0, 0),
        ("feedback", "2024-03-04", 6, 0, 0),
    ]


@pytest.mark.parametrize(
    ("sunday", "late", "early", "starts_on", "ends_on"),
    [
        # The clocks go forward, and back, in the night to this Sunday.
        ("2024-03-31", "2024-03-31T22:30Z", "2024-03-31T23:30Z", "2024-02-26", "2024-05-06"),
        ("2024-10-27", "2024-10-27T23:30Z", "2024-10-28T00:30Z", "2024-09-02", "2024-12-02"),
    ],
)
async def test_a_week_ends_at_midnight_on_the_clock_in_the_street(
    council: Council, sunday: str, late: str, early: str, starts_on: str, ends_on: str
) -> None:
    client = await council.admin()
    fields = {**SOCIAL, "code": "CLOCKS", "name": "C", "starts_on": starts_on, "ends_on": ends_on}
    pilot_id = good(await client.post("/pilots", json=fields), 201)["pilot_id"]
    path = f"/pilots/{pilot_id}"
    for step in ("planned", "running"):
        good(await client.post(f"{path}/transitions", json={"to": step}), 201)
    good(await client.post("/people", json={"external_id": "E1"}), 201)
    await published(client, path, as_of=starts_on)
    rows = [sample(when, started_at=when) for when in (late, early)]
    good(await client.post(f"{path}/time-samples/bulk", **as_json(rows)))
    monday = early[:10] if sunday != "2024-03-31" else "2024-04-01"
    await run_job(council, "weekly_snapshot", f"{monday}T06:30")
    made = good(await client.get(f"/snapshots/{(await listed(client, path))[0]['snapshot_id']}"))
    assert made["as_of"] == sunday
    assert moves(await read(await lead_of(council, path), made)) == [
        ("time_samples", sunday, 1, 0, 0)
    ]


async def test_a_week_is_over_when_it_is_in_the_zone_of_the_council(council: Council) -> None:
    """Half past six on Monday in UTC is half past eleven on Sunday night in Los Angeles."""
    client = await council.admin()
    path = await running(client)
    good(await client.patch("/organisation", json={"zone": "America/Los_Angeles"}))
    await run_job(council, "weekly_snapshot", "2024-03-25T06:30")
    assert heads(await listed(client, path)) == [("weekly", "2024-03-17")]


async def test_three_days_of_standing_still_are_caught_up_once(council: Council) -> None:
    client = await council.admin()
    path = await running(client)
    moments = ["2024-03-22T12:00", "2024-03-25T12:00", "2024-03-25T12:01", "2024-03-28T12:00"]
    for moment in moments:
        with time_machine.travel(f"{moment}Z", tick=False):
            await tick(council.database)
    # The first tick finds the slot of the Monday before it.
    assert heads(await listed(client, path)) == [("weekly", "2024-03-24"), ("weekly", "2024-03-17")]
    for moment in ("2024-04-13T12:00", "2024-04-16T12:00", "2024-04-16T12:01"):
        with time_machine.travel(f"{moment}Z", tick=False):
            await tick(council.database)
    assert heads(await listed(client, path))[:2] == [
        ("window_end", "2024-04-07"),
        ("weekly", "2024-04-07"),
    ]
    with time_machine.travel("2024-04-16T12:02Z", tick=False):
        runs = good(await client.get("/job-runs?job=close_window&limit=200"))["items"]
    slots = [each["slot"][:10] for each in runs]
    assert slots == ["2024-04-16", "2024-04-13", "2024-03-28", "2024-03-25", "2024-03-22"]


async def test_a_window_is_closed_once_after_a_week_and_looked_at_for_a_quarter(
    council: Council,
) -> None:
    client = await council.admin()
    path = await running(client, "completed")
    asked = await published(client, path, as_of="2024-04-07")
    closing = "close_window"
    assert await run_job(council, closing, "2024-04-14T07:00") == {}
    for day, made in (("2024-04-15", 1), ("2024-04-16", 0)):
        counts = await run_job(council, closing, f"{day}T07:00")
        assert counts == {"pilots": 1, "snapshots": made}
    # Somebody had asked for the same day, and the end of the window is published nevertheless.
    closed, before = await listed(client, path)
    assert heads([closed, before]) == [("window_end", "2024-04-07"), ("on_demand", "2024-04-07")]
    assert (closed["follows"], closed["fingerprint"]) == (
        before["snapshot_id"],
        asked["fingerprint"],
    )
    late = {**recorded("E1", "2024-03-05")[0], "minutes": 5}
    good(await client.post(f"{path}/time-samples/bulk", **as_json([late])))
    assert (await run_job(council, closing, "2024-07-14T07:00"))["snapshots"] == 1
    corrected = (await listed(client, path))[0]
    assert (corrected["reason"], corrected["follows"]) == ("window_end", closed["snapshot_id"])
    assert await run_job(council, closing, "2024-07-15T07:00") == {}
    assert len(await listed(client, path)) == 3


async def test_what_is_not_carried_out_is_not_published(council: Council) -> None:
    client = await council.admin()
    path = await observed(client)
    assert await run_job(council, "weekly_snapshot", "2024-03-25T07:00") == {}
    assert await run_job(council, "close_window", "2024-04-20T07:00") == {}
    assert await listed(client, path) == []
