"""The sealed audit log: nothing is left out, and whatever is done to it is seen, and where."""

import asyncio
import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import hypothesis
import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import text

from app.audit_log import service as audit_log
from app.audit_log.seals import chain
from app.audit_log.seals.chain import GENESIS, Difference, Kind, Sealed, Walk
from app.audit_log.seals.checkpoints import (
    Checkpoint,
    NotACheckpoint,
    Signer,
    UnknownKey,
    expected_of,
)
from app.audit_log.seals.sealing import Sealer
from app.core.database import Database
from app.core.settings import Settings
from app.organisations import service as organisations
from tests.command import Run
from tests.council import Council, good, people, pilot
from tests.databases import Templates, settings_for
from tests.intruder import ATTACKS, COUNT, NOON, Attack, Intruder, delete, edit, fill, truncate
from tests.receivers import dispatch

KEYS = "k" * 32


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return _sealing(database_url, tmp_path / "kept.jws")


def _sealing(url: str, file: Path) -> Settings:
    kept = {"checkpoint_file": str(file), "sealing_keys": SecretStr(KEYS)}
    return settings_for(url).model_copy(update=kept)


async def seal(council: Council) -> None:
    await Sealer(council.database).seal_audit_log()


@dataclass(frozen=True)
class TenThousand:
    """An organisation with as many sealed events, and the checkpoints that somebody keeps elsewhere."""

    owner: UUID
    checkpoints: str


@pytest.fixture
async def ten_thousand(database_kind: str, templates: Templates) -> tuple[str, TenThousand]:
    """Filled and sealed once a worker; the template's name."""
    return await templates.filled(database_kind, "sealed", _fill_and_seal)


async def _fill_and_seal(url: str) -> TenThousand:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "kept.jws"
        database = Database(_sealing(url, file))
        async with database.transaction() as session:
            owner = (await organisations.create(session, "Test Council")).organisation_id
        await fill(database, owner, COUNT - 1)  # beside the one that the organisation was made
        await Sealer(database).seal_audit_log()
        await database.close()
        return TenThousand(owner, file.read_text())


@pytest.mark.parametrize(
    ("database_kind", "attack", "kind", "position"),
    # What is done is the same on both; how rows are read is not.
    [
        *(("sqlite", *each) for each in ATTACKS),
        *(("postgresql", *each) for each in ATTACKS if each[0] in (edit, delete, truncate)),
    ],
    ids=lambda each: getattr(each, "__name__", str(each)),
    indirect=["database_kind"],
)
async def test_whatever_is_done_to_ten_thousand_events_is_located(
    ten_thousand: tuple[str, TenThousand],
    database_kind: str,
    templates: Templates,
    run: Run,
    tmp_path: Path,
    attack: Attack,
    kind: Kind | None,
    position: int,
) -> None:
    template, made = ten_thousand
    elsewhere = tmp_path / "elsewhere.jws"
    elsewhere.write_text(made.checkpoints)
    command = ("verify-audit", "--organisation", "Test Council", "--checkpoint", str(elsewhere))
    given = {"PILOTLIGHT_SEALING_KEYS": KEYS, "PILOTLIGHT_ENVIRONMENT": "demo"}
    async with templates.database(database_kind, template=template) as url:
        database = Database(_sealing(url, tmp_path / "kept.jws"))
        intruder = Intruder(database, made.owner)
        await intruder.take_triggers_off()
        await attack(intruder)
        await Sealer(database).seal_audit_log()  # the service goes on
        await database.close()
        told = await asyncio.to_thread(run, url, *command, settings=given)
    if kind is None:
        assert (told.status, f"{COUNT} events" in told.out) == (0, True), told
    else:
        located = f"{kind.value} at position {position} "
        assert (told.status, located in told.out.replace(":", " ")) == (1, True), told


async def test_events_are_sealed_in_order_and_the_tail_is_told(council: Council) -> None:
    client = await council.admin()
    await people(client, "E-1")
    pilot_id = await pilot(client)
    before = good(await client.get("/audit-seal"))
    events = good(await client.get("/audit-events?limit=200"))["items"][::-1]
    assert (before["position"], before["hash"], before["checkpoint"]) == (0, GENESIS, None)
    assert before["unsealed"] == len(events)
    shown = (await client.get("http://pilotlight.test/internal/metrics")).text
    assert f"pilotlight_audit_unsealed {len(events)}.0" in shown
    await seal(council)
    after = good(await client.get("/audit-seal"))
    assert (after["position"], after["unsealed"]) == (len(events), 0)
    told = GENESIS
    for position, event in enumerate(events, 1):
        # As the guide says, from what the API answers.
        event["id"] = event.pop("audit_event_id")
        sealed = {
            "organisation_id": str(council.organisation.organisation_id),
            "position": position,
            "previous": told,
            "event": {**event, "occurred_at": _microseconds(event["occurred_at"])},
        }
        line = json.dumps(sealed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        told = hashlib.sha256(line.encode()).hexdigest()
    assert after["hash"] == told
    assert pilot_id in json.dumps(events)
    verified = good(await client.get("/audit-seal/verification"))
    assert (verified["is_intact"], verified["through"], verified["checkpoints"]) == (
        True,
        len(events),
        1,
    )
    assert (
        "pilotlight_audit_unsealed 0.0"
        in (await client.get("http://pilotlight.test/internal/metrics")).text
    )


def _microseconds(shown: str) -> str:
    read = datetime.fromisoformat(shown)
    return read.isoformat(timespec="microseconds").replace("+00:00", "Z")


async def test_events_beside_the_chain_and_forged_checkpoints_are_told(council: Council) -> None:
    client = await council.admin()
    await people(client, "E-1")
    await seal(council)
    intruder = Intruder(council.database, council.organisation.organisation_id)
    await intruder.take_triggers_off()
    await fill(council.database, intruder.owner, 1, "thing.forged")
    await intruder.run("DELETE FROM audit_unsealed WHERE organisation_id = :owner")
    told = good(await client.get("/audit-seal/verification"))
    assert (told["difference"]["kind"], told["difference"]["position"]) == ("event_inserted", None)
    await intruder.run(
        "UPDATE audit_checkpoint SET statement = statement || 'x' WHERE organisation_id = :owner"
    )
    told = good(await client.get("/audit-seal/verification"))
    assert told["difference"]["kind"] == "checkpoint_forged"


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_checkpoints_are_announced_now_and_then(council: Council) -> None:
    client = await council.admin()
    start = datetime.now(UTC)
    for minutes in (0, 1, 2, 6):
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            await people(client, f"E-{minutes}")
            await seal(council)
    await dispatch(council)
    told = good(await client.get("/events"))["items"]
    assert [event["type"] for event in told] == ["audit_log.sealed"] * 2
    seen = Signer([KEYS]).verify(told[-1]["data"]["checkpoint"])
    now = good(await client.get("/audit-seal"))
    assert (seen.position, seen.hash) == (now["position"], now["hash"])


async def test_writers_and_sealers_at_once_leave_nothing_out(council: Council) -> None:
    owner = council.organisation.organisation_id
    done = asyncio.Event()

    async def write(turns: int) -> None:
        for _ in range(turns):
            async with council.database.transaction() as session:
                await audit_log.record(session, council.system, "thing.done")
                await session.flush()
                await asyncio.sleep(0)  # others commit what has a greater id

    async def keep_sealing() -> None:
        while not done.is_set():
            await seal(council)
            await asyncio.sleep(0)

    sealers = [asyncio.create_task(keep_sealing()) for _ in range(2)]
    await asyncio.gather(*(write(25) for _ in range(6)))
    done.set()
    await asyncio.gather(*sealers)
    await seal(council)
    async with council.database.engine.begin() as connection:
        asked = "SELECT position FROM audit_seal WHERE organisation_id = :owner ORDER BY position"
        stored = Intruder(council.database, owner).stored(owner)
        positions = (await connection.execute(text(asked), {"owner": stored})).scalars().all()
    client = await council.admin()
    assert list(positions) == list(range(1, len(positions) + 1))
    assert len(positions) >= 150
    told = good(await client.get("/audit-seal/verification"))
    assert told["is_intact"]


async def test_an_event_that_commits_late_is_sealed_late(council: Council) -> None:
    if council.database.is_sqlite:
        pytest.skip("SQLite has one writer: nothing commits late")
    early, late = council.database.transaction(), council.database.transaction()
    async with early as waits:
        await audit_log.record(waits, council.system, "thing.begun")
        await waits.flush()
        async with late as session:
            await audit_log.record(session, council.system, "thing.overtook")
        await seal(council)
    await seal(council)
    client = await council.admin()
    told = good(await client.get("/audit-seal/verification"))
    assert (told["is_intact"], told["difference"]) == (True, None)
    assert good(await client.get("/audit-seal"))["position"] >= 2


OWNER = UUID(int=7)


def made(count: int) -> list[Sealed]:
    sealed, previous = [], GENESIS
    for position in range(1, count + 1):
        event = {
            **dict.fromkeys(("id", "principal_id", "resource_id"), str(UUID(int=position))),
            **dict.fromkeys(("principal_kind", "action", "request_id"), "a"),
            "occurred_at": NOON,
            "details": "{}",
        }
        previous = chain.link(OWNER, position, previous, event)
        sealed.append(Sealed(position, UUID(int=position), previous, event))
    return sealed


def walked(rows: list[Sealed], expected: dict[int, str], head: int = 0) -> Difference | None:
    walk = Walk(OWNER, expected)
    for row in rows:
        found = walk.take(row)
        if found is not None:
            return found
    return walk.end(head)


def made_anew(rows: list[Sealed]) -> list[Sealed]:
    """The chain that somebody makes who holds the database, without the keys."""
    anew, previous = [], GENESIS
    for position, row in enumerate(rows, 1):
        assert row.event is not None
        previous = chain.link(OWNER, position, previous, row.event)
        anew.append(replace(row, position=position, hash=previous))
    return anew


CHAIN = made(12)
KEPT = expected_of(
    [
        Checkpoint(OWNER, 5, CHAIN[4].hash, NOON, [row.hash[:32] for row in CHAIN[:5]]),
        Checkpoint(OWNER, 12, CHAIN[11].hash, NOON, [row.hash[:32] for row in CHAIN[5:]]),
    ]
)


@hypothesis.settings(deadline=None)
@given(st.data())
def test_the_first_position_that_differs_is_found_whatever_the_damage(data: st.DataObject) -> None:
    rows = list(CHAIN)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(rows) - 1))
        match data.draw(st.sampled_from(["edit", "delete", "swap", "truncate"])):
            case "edit":
                event = {**(rows[at].event or {}), "action": data.draw(st.text(min_size=2))}
                rows[at] = replace(rows[at], event=event)
            case "delete" if len(rows) > 1:
                del rows[at]
            case "swap":
                other = data.draw(st.integers(0, len(rows) - 1))
                rows[at], rows[other] = rows[other], rows[at]
            case _:
                rows = rows[: at + 1]
    kept = [row.event for row in CHAIN]
    first = next((n for n, row in enumerate(rows, 1) if row.event != kept[n - 1]), len(rows) + 1)
    expected = None if first > len(CHAIN) else first
    for damaged in (rows, made_anew(rows)):
        found = walked(damaged, KEPT)
        assert (found.position if found else None) == expected
    if rows == CHAIN:
        assert walked(rows, {}, len(CHAIN)) is None


def test_keys_are_told_apart_and_old_ones_go_on_verifying() -> None:
    old, new = "o" * 32, "n" * 32
    checkpoint = Checkpoint(OWNER, 2, CHAIN[1].hash, NOON, [row.hash[:32] for row in CHAIN[:2]])
    signed = Signer([old]).sign(checkpoint)
    assert Signer([new, old]).verify(signed) == checkpoint
    with pytest.raises(UnknownKey):
        Signer([new]).verify(signed)
    header, _, signature = signed.split(".")
    another = Signer([old]).sign(replace(checkpoint, position=3)).split(".")[1]
    for line in (f"{header}.{another}.{signature}", signed[:-4], "nothing", ""):
        with pytest.raises(NotACheckpoint):
            Signer([old]).verify(line)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_file_that_cannot_be_written_is_caught_up(council: Council) -> None:
    path = Path(str(council.database.settings.checkpoint_file))
    path.mkdir()
    client = await council.admin()
    await people(client, "E-1")
    await seal(council)
    shown = (await client.get("http://pilotlight.test/internal/metrics")).text
    assert "pilotlight_audit_checkpoints_unwritten 1.0" in shown
    path.rmdir()
    path.write_text("cut off in the mid")
    await people(client, "E-2")
    await seal(council)
    first, *lines = path.read_text().splitlines()
    assert first == "cut off in the mid"
    assert [Signer([KEYS]).verify(line).position for line in lines] == sorted(
        Signer([KEYS]).verify(line).position for line in lines
    )
    assert len(lines) == 2
