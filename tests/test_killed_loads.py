"""A bulk load of time samples over HTTP while the service or its PostgreSQL is killed: nothing is lost.

A few rounds in every run; `PILOTLIGHT_KILL_ROUNDS=20` for more.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import Table, select

from app.core.database import Database
from app.tables import metadata
from tests.command import Run
from tests.council import API
from tests.databases import Templates, migrate, settings_for
from tests.forms import as_gzipped_csv
from tests.killing import Batch, Lives, Load, own_postgres, run_struck
from tests.server import fresh_database
from tests.time_use import sample, social_pilot

ROUNDS = int(os.environ.get("PILOTLIGHT_KILL_ROUNDS", "2"))
_CLIENTS, _BATCHES, _NEW, _CORRECTED = 2, 6, 300, 50

_Row = dict[str, Any]


def _batches(client: int) -> list[Batch]:
    """Batches of new samples and of corrections of those in the batch before."""
    batches: list[Batch] = []
    for number in range(_BATCHES):
        new = [sample(f"c{client}-b{number}-{n}", minutes=30 + number) for n in range(_NEW)]
        before = batches[-1].rows[:_CORRECTED] if batches else []
        corrected = [{**row, "minutes": row["minutes"] + 100.5} for row in before]
        batches.append(Batch(f"c{client}-b{number}", number + client, new + corrected))
    return batches


def _select(url: str, name: str, **where: Any) -> list[_Row]:
    async def rows() -> list[_Row]:
        database = Database(settings_for(url))
        table: Table = metadata.tables[name]
        try:
            async with database.engine.connect() as connection:
                found = await connection.execute(select(table).filter_by(**where))
                return [dict(row) for row in found.mappings()]
        finally:
            await database.close()

    return asyncio.run(rows())


def _set_up(lives: Lives, name: str, key: str) -> str:
    """A pilot that samples can be sent to; returns where."""

    async def make() -> str:
        headers = {"Authorization": f"Bearer {key}"}
        address = lives.server.base_url + API
        async with httpx.AsyncClient(base_url=address, headers=headers, timeout=120) as client:
            return await social_pilot(client, name=name)

    return asyncio.run(make())


def _state(url: str, pilot_id: UUID) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The samples and versions of a pilot: name, number of the version, minutes, batch."""
    of_samples, of_versions = (
        sorted(
            (row["source_ref"], row["revision"], row["minutes"], str(row["batch_id"]))
            for row in _select(url, table, pilot_id=pilot_id)
        )
        for table in ("time_sample", "time_sample_version")
    )
    return of_samples, of_versions


def _expected(batches: list[Batch]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The same, as it follows from what was acknowledged."""
    history: dict[str, list[tuple[Any, ...]]] = {}
    for batch in batches:
        assert batch.answer is not None
        for row in batch.rows:
            said = history.setdefault(row["source_ref"], [])
            revision = len(said) + 1
            said.append((row["source_ref"], revision, row["minutes"], batch.answer["batch_id"]))
    samples = sorted(said[-1] for said in history.values())
    return samples, sorted(one for said in history.values() for one in said[:-1])


def _check_batches(url: str, pilot_id: UUID, batches: list[Batch]) -> None:
    """One batch and one event each, whose counts are those of its rows and of its answer."""
    events = _select(url, "audit_event", action="time_samples.imported", resource_id=pilot_id)
    told = {event["details"]["batch_id"]: event["details"] for event in events}
    assert len(events) == len(told) == len(batches)
    kept = {str(row["id"]): row for row in _select(url, "import_batch", kind="time_samples")}
    samples, versions = _state(url, pilot_id)
    brought = Counter(row[-1] for row in (*samples, *versions))
    for batch in batches:
        assert batch.answer is not None
        corrected = len(batch.rows) - _NEW
        counts = {"accepted": _NEW, "updated": corrected, "duplicates": 0, "rejected": 0}
        batch_id = batch.answer["batch_id"]
        for says in (batch.answer, kept[batch_id], told[batch_id]):
            assert {name: says[name] for name in counts} == counts
        assert brought[batch_id] == len(batch.rows)


def _check_sent_again(load: Load, url: str, pilot_id: UUID, batches: list[Batch]) -> None:
    """Every request once more is answered as before; every sample once more changes nothing."""
    before = _state(url, pilot_id)
    events = len(_select(url, "audit_event"))
    last = {row["source_ref"]: row for batch in batches for row in batch.rows}
    with httpx.Client(timeout=120) as client:
        for batch in batches:
            again = load.post(client, **batch.request())
            assert again.headers["idempotency-replayed"] == "true"
            assert again.json() == batch.answer
        assert len(_select(url, "audit_event")) == events
        whole = load.post(client, **as_gzipped_csv(list(last.values()))).json()
    assert (whole["duplicates"], whole["rejected"]) == (len(last), 0)
    assert _state(url, pilot_id) == before


def _founded(run: Run, url: str) -> str:
    """A key of a new organisation."""
    name = "Test Council"
    assert run(url, "organisation", "create", name).status == 0
    made = run(url, "key", "create", "--organisation", name, "--role", "admin")
    return made.out.strip()


def _rounds(lives: Lives, url: str, key: str, kill: Callable[[], None]) -> None:
    """Load, kill, and look; again and again."""
    interrupted = replayed = 0
    for number in range(ROUNDS):
        rng = random.Random(f"killed {number}")  # noqa: S311 - to be made again, no secret
        path = _set_up(lives, f"P-{number}", key)
        pilot_id = UUID(path.split("/")[2])
        load = Load(lives, key, f"{path}/bulk")
        shares = [_batches(client) for client in range(_CLIENTS)]
        for batch in (batch for share in shares for batch in share):
            batch.key = f"r{number}-{batch.key}"
        after = rng.randint(1, _CLIENTS * _BATCHES - 5)
        run_struck(
            load, shares, lambda load=load, rng=rng, after=after: load.strike(rng, after, kill)
        )  # type: ignore[misc]  # bound to this round
        batches = [batch for share in shares for batch in share]
        assert _state(url, pilot_id) == _expected(batches)
        _check_batches(url, pilot_id, batches)
        _check_sent_again(load, url, pilot_id, batches)
        interrupted += load.interrupted
        replayed += load.replayed
    print(f"{ROUNDS} rounds: {interrupted} interrupted, {replayed} written unheard")  # noqa: T201 - shown by -rP
    # Else it was never killed at work.
    assert interrupted


def test_a_load_survives_kills_of_the_service(
    templates: Templates, database_kind: str, tmp_path: Path, run: Run
) -> None:
    with fresh_database(templates, database_kind) as url:
        key = _founded(run, url)
        with Lives(url, tmp_path) as lives:
            _rounds(lives, url, key, lives.kill)


def test_a_load_survives_kills_of_postgresql(tmp_path: Path, run: Run) -> None:
    with own_postgres(tmp_path / "own") as postgres:
        asyncio.run(migrate(postgres.url))
        key = _founded(run, postgres.url)
        with Lives(postgres.url, tmp_path) as lives:
            _rounds(lives, postgres.url, key, postgres.kill)
