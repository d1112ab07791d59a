"""A real TimeTagger and a real Tryton, filled by their own clients: minutes are equal on both sides."""

import re
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from app.core.settings import Settings
from app.integrations.connections import running
from app.integrations.timesheets import tryton as tryton_connector
from tests.council import Council, good, people, pilot
from tests.databases import settings_for
from tests.other_system import without_waiting
from tests.peers.running import (
    PASSWORD,
    Peer,
    TimeTaggerAccount,
    TrytonClient,
    needs_peers,
    timetagger,
    tryton,
    tryton_client,
    tryton_database,
)
from tests.time_use import SOCIAL

pytestmark = [needs_peers, pytest.mark.peers]

NUMBERS = ("E1", "E2")
Minutes = dict[tuple[str, str], float]


@pytest.fixture
def settings(database_url: str) -> Settings:
    permitted = {"allow_private_addresses": True, "outward_seconds": 30.0}
    return settings_for(database_url).model_copy(update=permitted)


async def connect(
    council: Council, kind: str, settings: Mapping[str, Any], secrets: Mapping[str, str]
) -> tuple[httpx.AsyncClient, str]:
    """A pilot with two members and a connection that brings their time; returns its id."""
    client = await council.admin()
    await people(client, *NUMBERS)
    members = [{"person_external_id": n, "arm": "pilot"} for n in NUMBERS]
    wanted = {
        "name": kind,
        "kind": kind,
        "pilot_id": await pilot(client, *members, **SOCIAL),
        "settings": dict(settings),
        "secrets": dict(secrets),
    }
    made = good(await client.post("/connections", json=wanted), 201)
    return client, made["connection_id"]


async def read(council: Council, connection_id: str, **options: Any) -> tuple[str, dict[str, Any]]:
    run = await running.sync(council.database, council.system, UUID(connection_id), **options)
    assert run is not None
    return run.status.value, run.counts


async def here(council: Council) -> Minutes:
    """Minutes by person and category, as they stand here."""
    statement = text(
        "SELECT p.external_id, s.category, s.minutes FROM time_sample s"
        " JOIN person p ON p.organisation_id = s.organisation_id AND p.id = s.person_id"
        " WHERE s.organisation_id IS NOT NULL AND NOT s.is_deleted"
    )
    found: Minutes = defaultdict(float)
    async with council.database.engine.connect() as connection:
        for number, category, minutes in (await connection.execute(statement)).all():
            found[number, category] += minutes
    return dict(found)


# --- TimeTagger ------------------------------------------------------------------------------------


def record(key: str, hour: int, minutes: float, tag: str) -> dict[str, Any]:
    start = 1_709_280_000 + 3600 * hour
    now = int(time.time()) + 2  # a record that is older than a reset is refused
    return {"key": key, "mt": now, "t1": start, "t2": start + int(60 * minutes), "ds": f"x #{tag}"}


def there(accounts: Mapping[str, TimeTaggerAccount]) -> Minutes:
    """Minutes by person and tag, as TimeTagger's look-up by time tells them."""
    found: Minutes = defaultdict(float)
    for number, account in accounts.items():
        for each in account.records():
            (tag,) = re.findall(r"#(\w+)", each["ds"])
            found[number, tag] += (each["t2"] - each["t1"]) / 60
    return dict(found)


async def test_timetagger_edits_deletions_restarts_and_a_reset(
    council: Council, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_waiting(monkeypatch)
    with timetagger(tmp_path, *NUMBERS) as peer:
        accounts = {number: TimeTaggerAccount(peer.address, number) for number in NUMBERS}
        first, second = accounts.values()
        first.put(*(record(f"a{n}", n, 10 + n, "visit") for n in range(40)))
        second.put(*(record(f"b{n}", n, 30.5, "notes") for n in range(30)))
        second.put(record("running", 50, 0, "notes"))
        address = {"address": f"{peer.address}/timetagger"}
        secrets = {number: account.token for number, account in accounts.items()}
        _, connection = await connect(council, "timetagger", address, secrets)
        status, counts = await read(council, connection)
        assert (status, counts["accepted"], counts["skipped"]) == ("succeeded", 70, 1)
        assert await here(council) == there(accounts)
        # Edited, put under another tag, deleted as the web application does it, stopped.
        first.put(record("a1", 1, 200, "visit"), record("a2", 2, 12, "notes"))
        second.put({**record("b3", 3, 30.5, "notes"), "ds": "HIDDEN x #notes"})
        second.put(record("running", 50, 45, "visit"))
        peer.stop()
        status, counts = await read(council, connection)
        assert (status, counts["retries"]) == ("failed", 4)
        peer.start()
        status, counts = await read(council, connection)
        assert (status, counts["updated"], counts["deleted"]) == ("succeeded", 2, 1)
        assert await here(council) == there(accounts)
        # Edits across the end of an answer are told again, and change nothing.
        status, counts = await read(council, connection)
        assert (counts["accepted"], counts["updated"], counts["deleted"]) == (0, 0, 0)
        first.reset()
        first.put(record("a90", 60, 5, "visit"))
        status, counts = await read(council, connection)
        assert (counts["accepted"], counts["updated"], counts["deleted"]) == (1, 0, 0)
        increments = await here(council)
        assert increments == there(accounts)
        status, counts = await read(council, connection, is_full=True)
        assert (status, counts["accepted"], counts["updated"]) == ("succeeded", 0, 0)
        assert await here(council) == increments


# --- Tryton ----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def made_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tryton_database(tmp_path_factory.mktemp("tryton"))


@pytest.fixture
def trytond(made_database: Path, tmp_path: Path) -> Iterator[Peer]:
    with tryton(tmp_path, made_database) as peer:
        yield peer


@pytest.fixture
def client_of_theirs(trytond: Peer) -> Iterator[TrytonClient]:
    with tryton_client(trytond) as client:
        client("set_up", NUMBERS, ["visit", "case notes"])
        yield client


def totals(client: TrytonClient) -> Minutes:
    """Minutes by person and work, as Tryton's client adds them up."""
    return {(number, work): minutes for number, work, minutes in client("totals")}


async def test_tryton_edits_deletions_and_a_restart_in_the_middle(
    council: Council,
    trytond: Peer,
    client_of_theirs: TrytonClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_waiting(monkeypatch)
    monkeypatch.setattr(tryton_connector, "LINES_AT_A_TIME", 8)
    theirs = client_of_theirs
    rows = [
        (NUMBERS[n % 2], ("visit", "case notes")[n % 3 > 0], f"2024-03-{1 + n % 28:02}", 7.5 + n)
        for n in range(30)
    ]
    ids = theirs("put", rows)
    stated = {"address": trytond.address, "database": "council", "user": "admin", "people": True}
    client, connection = await connect(council, "tryton", stated, {"password": PASSWORD})
    # Tryton ends after our second page, and comes back.
    write, written = running._write, 0

    async def stopping(*arguments: Any) -> None:
        nonlocal written
        await write(*arguments)
        written += 1
        if written == 3:  # the page of employees is the first
            trytond.stop()

    monkeypatch.setattr(running, "_write", stopping)
    status, counts = await read(council, connection)
    assert (status, counts["pages"], counts["accepted"]) == ("failed", 3, 16)
    trytond.start()
    # What was read is corrected in the meantime, and something of each half is deleted.
    theirs("correct", [(ids[0], 99.5), (ids[20], 1)])
    theirs("delete", [ids[1], ids[25]])
    status, counts = await read(council, connection)
    assert (status, counts["accepted"], counts["deleted"]) == ("succeeded", 13, 1)
    status, _ = await read(council, connection)
    assert await here(council) == totals(theirs)
    named = good(await client.get("/people?external_id=E1"))["items"][0]
    assert named["display_name"] == "Name of E1"
    theirs("put", [("E2", "visit", "2024-03-02", 60), ("E1", "visit", "2024-03-03", 0)])
    theirs("correct", [(ids[5], 5), (ids[6], 0)])
    theirs("delete", ids[10:13])
    status, counts = await read(council, connection)
    assert (status, counts["deleted"]) == ("succeeded", 4)
    increments = await here(council)
    assert increments == {key: minutes for key, minutes in totals(theirs).items() if minutes}
    by_person: dict[str, float] = defaultdict(float)
    for (number, _), minutes in increments.items():
        by_person[number] += minutes
    assert sorted(map(list, by_person.items())) == theirs("hours")
    status, counts = await read(council, connection, is_full=True)
    changed = [counts[name] for name in ("accepted", "updated", "deleted", "rejected")]
    assert (status, changed) == ("succeeded", [0, 0, 0, 0])
    assert await here(council) == increments
