"""Runs of connections: by their schedule, one at a time, alone with their failures, gone on with after a crash."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import time_machine

from app.core.settings import Settings
from app.integrations.connections import running
from app.scheduler import tick
from tests.command import Run
from tests.council import Council, good, people, pilot, problem
from tests.databases import settings_for
from tests.other_system import OtherSystem, Reply, other_system, without_waiting
from tests.time_use import SOCIAL
from tests.timesheet_systems import TimeTagger

NINE = datetime(2026, 5, 4, 9, 1, tzinfo=UTC)


@pytest.fixture
def settings(database_url: str) -> Settings:
    permitted = {"allow_private_addresses": True, "outward_seconds": 30.0}
    return settings_for(database_url).model_copy(update=permitted)


@pytest.fixture
async def told() -> TimeTagger:
    return TimeTagger()


@pytest.fixture
async def server(told: TimeTagger, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OtherSystem]:
    without_waiting(monkeypatch)
    async with other_system(told) as found:
        yield found


async def connect(council: Council, server: OtherSystem, **fields: Any) -> tuple[Any, str]:
    """A client, and the path of a connection to the server."""
    client = await council.admin()
    await people(client, "E1", "E2")
    members = [{"person_external_id": n, "arm": "pilot"} for n in ("E1", "E2")]
    told = TimeTagger()
    wanted = {
        "name": "tt",
        "kind": "timetagger",
        "pilot_id": await pilot(client, *members, **SOCIAL),
        "settings": told.settings(server.address),
        "secrets": told.secrets(),
        **fields,
    }
    made = good(await client.post("/connections", json=wanted), 201)
    return client, f"/connections/{made['connection_id']}"


async def runs(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    """Newest first."""
    found: list[dict[str, Any]] = good(await client.get(f"{path}/runs"))["items"]
    return found


async def sync(council: Council, path: str) -> Any:
    return await running.sync(council.database, council.system, UUID(path.rpartition("/")[2]))


async def test_a_connection_is_read_when_its_time_has_come(
    council: Council, server: OtherSystem, told: TimeTagger
) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        client, path = await connect(council, server, every_minutes=60)
        await tick(council.database)
        assert len(await runs(client, path)) == 1
        assert good(await client.get(path))["next_at"] == "2026-05-04T10:01:00Z"
        for minutes in (30, 29):
            clock.shift(timedelta(minutes=minutes))
            await tick(council.database)
        assert len(await runs(client, path)) == 1
        clock.shift(timedelta(minutes=6))
        told.put(1)
        await tick(council.database)
        (newest, _) = await runs(client, path)
        assert (newest["status"], newest["requested_by"]) == ("succeeded", None)
        assert newest["counts"]["accepted"] == 1
        good(await client.patch(path, json={"is_enabled": False}))
        clock.shift(timedelta(hours=5))
        await tick(council.database)
        assert len(await runs(client, path)) == 2
        asked = good(await client.post(f"{path}/runs"), 202)
        assert (asked["status"], asked["requested_by"] is not None) == ("queued", True)
        assert (
            good(await client.post(f"{path}/runs"), 202)["connection_run_id"]
            == (asked["connection_run_id"])
        )
        await tick(council.database)
        assert (await runs(client, path))[0]["status"] == "succeeded"


async def test_of_many_that_read_at_once_one_writes_each_row(
    council: Council, server: OtherSystem, told: TimeTagger
) -> None:
    client, path = await connect(council, server)
    for ref in range(1, 9):
        told.put(ref)
    done = await asyncio.gather(*(sync(council, path) for _ in range(4)))
    assert {run.status.value for run in done if run is not None} == {"succeeded"}
    assert sum(run["counts"]["accepted"] for run in await runs(client, path)) == 8


async def test_while_one_reads_another_leaves_it_alone(
    council: Council, server: OtherSystem, told: TimeTagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, path = await connect(council, server)
    told.put(1)
    write = running._write
    others: list[Any] = []

    async def meanwhile(*arguments: Any) -> None:
        others.append(await sync(council, path))
        await write(*arguments)

    monkeypatch.setattr(running, "_write", meanwhile)
    assert (await sync(council, path)).counts["accepted"] == 1
    assert others == [None] * len(others) != []
    assert len(await runs(client, path)) == 1


async def test_one_that_was_overtaken_writes_nothing_more(
    council: Council, server: OtherSystem, told: TimeTagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was slow for so long that another took its place: the place that it knows is not that any more."""
    client, path = await connect(council, server)
    told.put(1)
    write = running._write
    monkeypatch.setattr(running, "LEFT_BEHIND", timedelta(seconds=-1))
    overtaken: list[Any] = []

    async def slowly(*arguments: Any) -> None:
        if not overtaken:
            overtaken.append(arguments)
            told.put(1, 90)
            assert (await sync(council, path)).counts["accepted"] == 1
        await write(*arguments)

    monkeypatch.setattr(running, "_write", slowly)
    assert await sync(council, path) is None
    newest, oldest = await runs(client, path)
    assert (newest["status"], newest["counts"]["accepted"]) == ("succeeded", 1)
    assert (oldest["error"], oldest["counts"]) == (
        "left_behind",
        {**oldest["counts"], "accepted": 0},
    )
    assert (await sync(council, path)).counts["updated"] == 0


async def test_a_connection_that_fails_stops_no_other_and_no_other_organisation(
    council: Council, other_council: Council, server: OtherSystem, told: TimeTagger
) -> None:
    with time_machine.travel(NINE, tick=False):
        wrong = {"address": "http://127.0.0.1:9/timetagger"}
        client, away = await connect(council, server, every_minutes=60, settings=wrong)
        good(await client.post("/connections", json={
            "name": "second", "kind": "timetagger", "every_minutes": 60,
            "pilot_id": good(await client.get("/pilots"))["items"][0]["pilot_id"],
            "settings": told.settings(server.address), "secrets": told.secrets(),
        }), 201)  # fmt: skip
        theirs, path = await connect(other_council, server, every_minutes=60)
        told.put(1)
        reports = await tick(council.database)
        assert {each.status for each in reports if each.job == "sync_connections"} == {"succeeded"}
        assert (await runs(client, away))[0]["error"] == "unreachable"
        assert (await runs(theirs, path))[0]["counts"]["accepted"] == 1
        jobs = good(await client.get("/job-runs?job=sync_connections"))["items"]
        assert jobs[0]["counts"] == {**jobs[0]["counts"], "failed": 1, "succeeded": 1}
        # It is tried again sooner than by its schedule.
        assert good(await client.get(away))["next_at"] == "2026-05-04T09:06:00Z"


async def test_what_a_process_left_behind_is_ended_and_gone_on_with(
    council: Council, server: OtherSystem, told: TimeTagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    with time_machine.travel(NINE, tick=False) as clock:
        client, path = await connect(council, server)
        told.put(1)
        told.put(2, person=2)
        write = running._write

        async def ended(*arguments: Any) -> None:
            await write(*arguments)
            raise KeyboardInterrupt  # as a process ends: nothing is tidied up

        monkeypatch.setattr(running, "_write", ended)
        with pytest.raises(KeyboardInterrupt):
            await sync(council, path)
        monkeypatch.setattr(running, "_write", write)
        assert [run["status"] for run in await runs(client, path)] == ["running"]
        assert await sync(council, path) is None
        clock.shift(timedelta(minutes=16))
        await tick(council.database)
        newest, oldest = await runs(client, path)
        assert (oldest["status"], oldest["error"]) == ("failed", "left_behind")
        assert newest["status"] == "succeeded"
        total = newest["counts"]["accepted"] + oldest["counts"]["accepted"]
        assert total == 2


async def test_a_change_of_the_connection_ends_the_run_and_nothing_more_is_written(
    council: Council, server: OtherSystem, told: TimeTagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, path = await connect(council, server)
    told.put(1)
    write = running._write

    async def after_a_change(*arguments: Any) -> None:
        change = {"settings": {**told.settings(server.address), "tags": ["visit"]}}
        good(await client.patch(path, json=change))
        await write(*arguments)

    monkeypatch.setattr(running, "_write", after_a_change)
    run = await sync(council, path)
    monkeypatch.setattr(running, "_write", write)
    assert (run.status.value, run.error) == ("failed", "overtaken")
    assert run.counts["accepted"] == 0
    assert (await sync(council, path)).counts["accepted"] == 1


async def test_a_connection_that_is_deleted_leaves_what_it_brought(
    council: Council, server: OtherSystem, told: TimeTagger
) -> None:
    client, path = await connect(council, server)
    told.put(1)
    await sync(council, path)
    known = await client.get(path)
    stale = await client.delete(path, headers={"If-Match": '"x"'})
    problem(stale, 412, "precondition_failed")
    etag = known.headers["etag"]
    assert (await client.delete(path, headers={"If-Match": etag})).status_code == 204
    problem(await client.get(path), 404, "not_found")
    assert await sync(council, path) is None
    (batch,) = good(await client.get("/import-batches?kind=time_samples"))["items"]
    assert batch["undone_at"] is None


async def test_a_run_does_not_change_the_etag_of_the_connection(
    council: Council, server: OtherSystem
) -> None:
    client, path = await connect(council, server)
    before = (await client.get(path)).headers["etag"]
    await sync(council, path)
    assert (await client.get(path)).headers["etag"] == before


async def test_what_a_connection_may_say(council: Council, server: OtherSystem) -> None:
    client, path = await connect(council, server)
    kinds = {k["kind"]: k for k in good(await client.get("/connection-kinds"))["items"]}
    assert {"timetagger", "tryton", "kimai", "toggl", "sftp_csv", "successfactors"} <= set(kinds)
    assert "address" in kinds["kimai"]["settings_schema"]["properties"]
    pilot_id = good(await client.get(path))["pilot_id"]
    right = {
        "name": "k",
        "kind": "kimai",
        "pilot_id": pilot_id,
        "settings": {"address": "https://kimai.example.org"},
        "secrets": {"token": "x"},
    }
    for wrong, code in (
        ({"kind": "nonsense"}, "unknown_kind"),
        ({"pilot_id": None}, "pilot_missing"),
        ({"pilot_id": str(uuid4())}, "unknown_pilot"),
        ({"secrets": {}}, "wrong_secrets"),
        ({"secrets": {"token": "x", "other": "y"}}, "wrong_secrets"),
        ({"settings": {}}, "wrong_settings"),
        ({"settings": {"address": "https://user:Margaret@kimai.example.org"}}, "wrong_settings"),
        (
            {"settings": {"address": "https://kimai.example.org", "zone": "Nowhere"}},
            "wrong_settings",
        ),
        ({"settings": {"address": "https://kimai.example.org", "Margaret": 1}}, "wrong_settings"),
        ({"every_minutes": 14}, "invalid_input"),
    ):
        answer = await client.post("/connections", json={**right, **wrong})
        told = problem(answer, 422, code)
        assert "Margaret@" not in answer.text
        assert told["errors"][0]["pointer"].startswith("/" + next(iter(wrong)))
    good(await client.post("/connections", json=right), 201)
    problem(await client.post("/connections", json=right), 409, "connection_exists")


async def test_a_connection_is_read_and_rekeyed_on_the_command_line(
    council: Council, server: OtherSystem, told: TimeTagger, database_url: str, run: Run
) -> None:
    client, path = await connect(council, server)
    told.put(1)
    permitted = {
        "PILOTLIGHT_ALLOW_PRIVATE_ADDRESSES": "true",
        "PILOTLIGHT_ENVIRONMENT": "demo",
    }

    async def command(*words: str, **more: str) -> Any:
        return await asyncio.to_thread(run, database_url, *words, settings={**permitted, **more})

    tried = await command("sync", "tt", "--dry-run")
    assert (tried.status, "nothing was written" in tried.out) == (0, True)
    assert await runs(client, path) == []
    done = await command("sync", "tt")
    assert (done.status, done.err) == (0, "")
    assert (await runs(client, path))[0]["counts"]["accepted"] == 1
    server.faults = [Reply("no", 401)]
    failed = await command("sync", "tt")
    assert (failed.status, "credentials_refused" in failed.out) == (1, True)
    unknown = await command("sync", "nonsense")
    assert (unknown.status, "nonsense" in unknown.err) == (1, True)
    refused = await command("rekey", PILOTLIGHT_ENCRYPTION_KEYS="n" * 32)
    assert (refused.status, "PILOTLIGHT_ENCRYPTION_KEYS" in refused.err) == (1, True)
    again = await command("rekey")
    assert (again.status, again.out) == (0, "0 encrypted anew.\n")
