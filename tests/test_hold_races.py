"""Holds that are placed while something is erased or deleted, and a run of retention that is killed.

Each race is held at its worst moment: one transaction has done everything and not committed it when the other
comes. On PostgreSQL; SQLite has one writer at a time.
"""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.audit_log import service as audit_log
from app.core.clock import now
from app.core.jobs.registry import JOBS
from app.core.jobs.runner import run_slot
from app.privacy.retention import service as retention
from tests.council import Council, good, people, pilot, problem
from tests.licences import on
from tests.retention_process import MIDDLE, ROWS
from tests.server import environment_for, stop
from tests.snapshots import observed

POSTGRESQL = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
_PATIENCE = 60.0
_ROOT = Path(__file__).resolve().parent.parent
_record = audit_log.record


@dataclass
class Stop:
    """The first to record this act stops, its transaction all but done, until it may go on."""

    action: str
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def record(
        self, session: Any, principal: Any, action: str, *at: Any, **more: Any
    ) -> None:
        await _record(session, principal, action, *at, **more)
        if action == self.action and not self.reached.is_set():
            await session.flush()
            self.reached.set()
            await self.may_go_on.wait()


async def _somebody_waits(council: Council) -> bool:
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with council.database.engine.connect() as connection:
        return bool((await connection.execute(waiting)).scalar_one())


async def _race(
    council: Council,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    first: Awaitable[Any],
    second: Awaitable[Any],
) -> tuple[Any, Any]:
    """Let `second` come while `first` is about to commit `action`; what both came to."""
    stopped = Stop(action)
    with monkeypatch.context() as patched:
        patched.setattr(audit_log, "record", stopped.record)
        async with asyncio.timeout(_PATIENCE):
            one = asyncio.ensure_future(first)
            await stopped.reached.wait()
            other = asyncio.ensure_future(second)
            while not other.done() and not await _somebody_waits(council):
                pass
            assert not other.done(), "it did not wait for what is about to be committed"
            stopped.may_go_on.set()
            return await one, await other


def _hold_on(kind: str, person_id: str, pilot_id: str) -> dict[str, str]:
    ids = {"person": {"person_id": person_id}, "pilot": {"pilot_id": pilot_id}}
    return {"hold_on": kind, "reason": "a claim", **ids.get(kind, {})}


async def _id_of(client: httpx.AsyncClient, number: str) -> str:
    person_id: str = good(await client.get("/people", params={"external_id": number}))["items"][0][
        "person_id"
    ]
    return person_id


@POSTGRESQL
async def test_a_hold_stands_before_an_erasure_or_after_it_and_never_within(
    council: Council, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, governor = await council.admin(), await council.admin()
    numbers = [f"E{n}" for n in range(6)]
    await people(client, *numbers)
    pilot_id = await pilot(client, *({"person_external_id": n, "arm": "pilot"} for n in numbers))
    for place, kind in enumerate(("person", "pilot", "organisation")):
        gone, kept = [await _id_of(client, n) for n in numbers[place * 2 : place * 2 + 2]]
        erased, held = await _race(
            council,
            monkeypatch,
            "person.erased",
            client.post("/erasures", json={"person_id": gone}),
            governor.post("/legal-holds", json=_hold_on(kind, gone, pilot_id)),
        )
        done = good(erased, 201)
        problem(await client.get(f"/people/{gone}"), 404, "not_found")
        if kind == "person":
            problem(held, 422, "unknown_person")
        else:
            placed = good(held, 201)
            assert placed["placed_at"] > done["erased_at"]
            good(await client.post(f"/legal-holds/{placed['hold_id']}/release"))

        held, refused = await _race(
            council,
            monkeypatch,
            "legal_hold.placed",
            governor.post("/legal-holds", json=_hold_on(kind, kept, pilot_id)),
            client.post("/erasures", json={"person_id": kept}),
        )
        hold_id = good(held, 201)["hold_id"]
        assert problem(refused, 409, "legal_hold")["hold_ids"] == [hold_id]
        good(await client.get(f"/people/{kept}"))
        good(await client.post(f"/legal-holds/{hold_id}/release"))


async def _samples(council: Council) -> int:
    async with council.database.engine.connect() as connection:
        counted = text("SELECT count(*) FROM time_sample WHERE organisation_id IS NOT NULL")
        return int((await connection.execute(counted)).scalar_one())


async def _run(council: Council) -> None:
    job = JOBS["apply_retention"]
    organisation_id = council.organisation.organisation_id
    await run_slot(council.database, job, organisation_id, job.schedule.slot_at(now()))


async def _due_samples(client: httpx.AsyncClient) -> str:
    """A pilot that is over, whose samples are due and nothing else; its id."""
    with on("2024-04-20"):
        path = await observed(client)
        for step in ("planned", "running", "completed"):
            good(await client.post(f"{path}/transitions", json={"to": step}), 201)
    shown = await client.get("/retention-schedule")
    wanted = {period["kept"]: None for period in good(shown)["periods"]} | {"time_samples": 30}
    agreed = {"If-Match": shown.headers["etag"]}
    good(await client.put("/retention-schedule", json=wanted, headers=agreed))
    return path.rpartition("/")[2]


@POSTGRESQL
async def test_nothing_is_deleted_once_a_hold_on_it_was_answered(
    council: Council, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, governor = await council.admin(), await council.admin()
    pilot_id = await _due_samples(client)
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 20)
    before = await _samples(council)

    async def held(kind: str) -> tuple[str, int]:
        sent = _hold_on(kind, "", pilot_id)
        placed = good(await governor.post("/legal-holds", json=sent), 201)
        return placed["hold_id"], await _samples(council)

    with on("2024-06-10"):
        # The run has deleted the first rows, and the hold comes before that is committed.
        _, (hold_id, left) = await _race(
            council, monkeypatch, "retention.applied", _run(council), held("pilot")
        )
        assert await _samples(council) == left < before
        good(await client.post(f"/legal-holds/{hold_id}/release"))
    with on("2024-06-11"):
        # The hold is placed and not committed, and the run comes.
        (hold_id, _), _ = await _race(
            council, monkeypatch, "legal_hold.placed", held("organisation"), _run(council)
        )
        assert await _samples(council) == left
        good(await client.post(f"/legal-holds/{hold_id}/release"))
    with on("2024-06-12"):
        await _run(council)
        assert await _samples(council) == 0


def _begun(database_url: str, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.retention_process", *words],
        env=environment_for(database_url),
        cwd=_ROOT,
        stdout=subprocess.PIPE,
    )


@POSTGRESQL
async def test_a_run_of_retention_that_is_killed_leaves_whole_parts_and_is_finished_by_the_next(
    council: Council, database_url: str
) -> None:
    client = await council.admin()
    await _due_samples(client)
    before = await _samples(council)
    with on("2024-06-10"):
        slot = JOBS["apply_retention"].schedule.slot_at(now())
    organisation_id = council.organisation.organisation_id
    process = _begun(database_url, str(organisation_id), slot.isoformat())
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_PATIENCE):
            said = await asyncio.to_thread(process.stdout.readline)
        assert said.decode().strip() == MIDDLE, said + process.stdout.read()
        process.kill()
        process.wait(_PATIENCE)
    finally:
        stop(process)
        process.stdout.close()

    async def recorded() -> list[int]:
        found = good(await client.get("/audit-events?action=retention.applied"))["items"]
        return [event["details"]["rows"] for event in found]

    # The part that was under way is undone, with its event.
    assert await recorded() == [ROWS]
    assert await _samples(council) == before - ROWS
    await run_slot(council.database, JOBS["apply_retention"], organisation_id, slot)
    assert await _samples(council) == 0
    assert sum(await recorded()) == before
