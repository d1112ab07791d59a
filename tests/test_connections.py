"""Connections over HTTP and on the command line: set up, tried, read by a tick, watched; secrets stay in."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from app.core.encryption import SecretsUnreadable, Vault
from app.core.settings import Settings
from app.scheduler import tick
from tests.council import Council, good, people, pilot
from tests.databases import settings_for
from tests.other_system import Asked, OtherSystem, Reply, other_system, without_waiting
from tests.time_use import SOCIAL

TOKEN = "token-of-Margaret-4711"
T0 = 1_709_283_600  # 2024-03-01T09:00:00Z


class TimeTaggerTold:
    """What a TimeTagger account holds, told as it tells it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.reset_at = -1.0
        self.records: dict[str, dict[str, Any]] = {}

    def put(self, key: str, minutes: float, text: str = "#visit", start: int = T0) -> None:
        self.now += 100
        end = start + round(minutes * 60)
        self.records[key] = {"key": key, "mt": int(self.now), "t1": start, "t2": end}
        self.records[key] |= {"ds": text, "st": self.now}

    def __call__(self, asked: Asked) -> Reply:
        if asked.headers.get("authtoken") != TOKEN:
            return Reply("unauthorized", 401)
        since = float(asked.query["since"])
        reset = since <= self.reset_at
        records = [r for r in self.records.values() if reset or r["st"] >= since]
        return Reply({"server_time": self.now, "reset": reset, "records": records, "settings": []})


@pytest.fixture
def settings(database_url: str) -> Settings:
    permitted = {"allow_private_addresses": True, "outward_seconds": 30.0}
    return settings_for(database_url).model_copy(update=permitted)


@pytest.fixture
async def told() -> TimeTaggerTold:
    return TimeTaggerTold()


@pytest.fixture
async def system(
    told: TimeTaggerTold, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[OtherSystem]:
    without_waiting(monkeypatch)
    async with other_system(told) as system:
        yield system


async def set_up(client: httpx.AsyncClient, system: OtherSystem, **fields: Any) -> str:
    """A pilot with one member and a connection to it; returns the connection's address."""
    await people(client, "E1")
    pilot_id = await pilot(client, {"person_external_id": "E1", "arm": "pilot"}, **SOCIAL)
    wanted = {
        "name": "tt",
        "kind": "timetagger",
        "pilot_id": pilot_id,
        "settings": {"address": system.address, "tags": ["visit", "notes"]},
        "secrets": {"E1": TOKEN},
        **fields,
    }
    made = good(await client.post("/connections", json=wanted), 201)
    return f"/connections/{made['connection_id']}"


async def read(council: Council, client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    """Ask for a run, let the scheduler tick, and return the run."""
    asked = good(await client.post(f"{path}/runs", params=query), 202)
    await tick(council.database)
    return good(await client.get(f"{path}/runs/{asked['connection_run_id']}"))


async def test_a_connection_is_read_and_read_on(
    council: Council, system: OtherSystem, told: TimeTaggerTold
) -> None:
    client = await council.admin()
    path = await set_up(client, system)
    told.put("a", 60)
    told.put("b", 30, "writing up #notes for somebody")
    told.put("c", 0)  # still running
    run = await read(council, client, path)
    assert run["status"] == "succeeded", run
    expected = {"read": 3, "accepted": 2, "skipped": 1, "pages": 1, "deleted": 0, "retries": 0}
    assert run["counts"] == {**run["counts"], **expected}
    told.put("a", 90)
    told.put("b", 30, "HIDDEN writing up #notes for somebody")
    told.put("c", 15)
    run = await read(council, client, path)
    expected = {"read": 3, "accepted": 1, "updated": 1, "deleted": 1, "skipped": 0}
    assert run["counts"] == {**run["counts"], **expected}
    batches = good(await client.get("/import-batches?kind=time_samples"))["items"]
    assert {batch["origin"] for batch in batches} == {"connection tt", "connection tt: gone"}
    # The last of them again, as it might have come late; the others are not asked for.
    assert (await read(council, client, path))["counts"]["read"] == 1
    run = await read(council, client, path, full=True)
    assert (run["is_full"], run["counts"]["duplicate"], run["counts"]["deleted"]) == (True, 2, 0)


async def test_a_dry_run_says_what_would_become_of_it_and_writes_nothing(
    council: Council, system: OtherSystem, told: TimeTaggerTold
) -> None:
    client = await council.admin()
    path = await set_up(client, system)
    told.put("a", 60)
    told.put("b", 3000)
    tried = good(await client.post(f"{path}/dry-run"))
    assert (tried["reached"], tried["complete"], tried["error"]) == (True, True, None)
    assert (tried["counts"]["accepted"], tried["counts"]["rejected"]) == (1, 1)
    assert tried["errors"] == [
        {**tried["errors"][0], "page": 1, "index": 1, "code": "out_of_range", "pointer": "/minutes"}
    ]
    assert good(await client.get("/import-batches?kind=time_samples"))["items"] == []
    assert good(await client.get(path))["last_run"] is None
    system.faults.append(Reply("no", 403))
    tried = good(await client.post(f"{path}/dry-run"))
    assert (tried["reached"], tried["error"]) == (False, "credentials_refused")


async def test_secrets_go_in_and_never_come_out(
    council: Council, system: OtherSystem, told: TimeTaggerTold
) -> None:
    client = await council.admin()
    path = await set_up(client, system)
    key = {"Idempotency-Key": "one"}
    told.put("a", 60)
    answers = (
        await client.get(path),
        await client.get("/connections"),
        await client.patch(path, json={"secrets": {"E1": TOKEN}}),
        await client.patch(path, json={"secrets": {"E1": TOKEN}, "settings": {"x": TOKEN}}),
        await client.post(f"{path}/dry-run", headers=key),
        await client.post(f"{path}/dry-run", headers=key),
        await client.get("/audit-events"),
    )
    texts = [answer.text for answer in answers]
    run = await read(council, client, path)
    assert run["status"] == "succeeded"
    assert TOKEN not in json.dumps([*texts, run])
    assert good(await client.get(path))["secret_names"] == ["E1"]
    async with council.database.engine.connect() as connection:
        for table in ("connection", "connection_run", "idempotency_key", "audit_event"):
            rows = await connection.exec_driver_sql(
                f"SELECT * FROM {table} WHERE organisation_id IS NOT NULL"  # noqa: S608 - fixed names
            )
            assert TOKEN not in str(rows.all())


async def test_a_secret_outlives_its_key_as_long_as_that_is_listed(
    app: FastAPI, council: Council, system: OtherSystem, told: TimeTaggerTold, settings: Settings
) -> None:
    client = await council.admin()
    path = await set_up(client, system)
    told.put("a", 60)
    new, old = "n" * 32, settings.secret_key.get_secret_value().ljust(32, "x")
    for keys, status, error in (
        (new, "failed", "secrets_unreadable"),
        (f"{new},{old}", "failed", "secrets_unreadable"),
    ):
        council.database.settings = app.state.settings = _keyed(settings, keys)
        run = await read(council, client, path)
        assert (run["status"], run["error"]) == (status, error)
    council.database.settings = app.state.settings = settings
    assert (await read(council, client, path))["status"] == "succeeded"
    council.database.settings = app.state.settings = _keyed(settings, old)
    good(await client.patch(path, json={"secrets": {"E1": TOKEN}}))
    council.database.settings = app.state.settings = _keyed(settings, f"{new},{old}")
    assert (await read(council, client, path))["status"] == "succeeded"
    # That run has encrypted it anew: the old key may go.
    council.database.settings = app.state.settings = _keyed(settings, new)
    assert (await read(council, client, path))["status"] == "succeeded"


def _keyed(settings: Settings, keys: str) -> Settings:
    return settings.model_copy(update={"encryption_keys": SecretStr(keys)})


def test_secrets_copied_to_another_row_open_nothing(settings: Settings) -> None:
    vault, owner, other = Vault.of(settings), uuid4(), uuid4()
    locked = vault.lock(owner, {"token": TOKEN})
    assert TOKEN not in locked
    assert vault.unlock(owner, locked) == {"token": TOKEN}
    with pytest.raises(SecretsUnreadable):
        vault.unlock(other, locked)
