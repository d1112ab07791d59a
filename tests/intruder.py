"""Somebody who holds the database and writes into the audit log beside the service."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text

from app.audit_log.seals.chain import Kind
from app.core.database import Database
from app.core.models import metadata, new_ids

COUNT = 10_000
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


async def fill(database: Database, owner: UUID, count: int, action: str = "thing.done") -> None:
    """Many events, as so many requests would leave them."""
    ids = [UUID(str(each)) for each in new_ids(count)]
    nobody = UUID(int=0)
    events = [
        {
            "organisation_id": owner,
            "id": each,
            "occurred_at": NOON + timedelta(microseconds=n),
            "principal_kind": "system",
            "principal_id": nobody,
            "action": action,
            "details": {"count": n, "field": "naïve"},
        }
        for n, each in enumerate(ids)
    ]
    waiting = [{"organisation_id": owner, "event_id": each} for each in ids]
    async with database.engine.begin() as connection:
        await connection.execute(insert(metadata.tables["audit_event"]), events)
        await connection.execute(insert(metadata.tables["audit_unsealed"]), waiting)


class Intruder:
    """Somebody who holds the database, and takes its triggers off."""

    def __init__(self, database: Database, owner: UUID) -> None:
        self.database = database
        self.owner = owner

    async def take_triggers_off(self) -> None:
        async with self.database.engine.begin() as connection:
            if not self.database.is_sqlite:
                for table in ("audit_event", "audit_seal"):
                    await connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
                return
            asked = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit%'"
            for (name,) in (await connection.execute(text(asked))).all():
                await connection.execute(text(f"DROP TRIGGER {name}"))

    async def run(self, *statements: str, **values: Any) -> None:
        """Run statements; `:owner` is the organisation, `:event_N` the event at a position."""
        async with self.database.engine.begin() as connection:
            for statement in statements:
                asked = text(statement)
                known = {**values, "owner": self.stored(self.owner)}
                names = asked.compile().params
                await connection.execute(asked, {name: known[name] for name in names})

    async def event_at(self, position: int) -> Any:
        async with self.database.engine.begin() as connection:
            asked = "SELECT event_id FROM audit_seal WHERE organisation_id = :owner AND position = :position"
            found = await connection.execute(
                text(asked), {"owner": self.stored(self.owner), "position": position}
            )
            return found.scalar_one()

    def stored(self, identity: UUID) -> Any:
        return identity.hex if self.database.is_sqlite else identity


_EVENT = "audit_event WHERE organisation_id = :owner"
_SEAL = "audit_seal WHERE organisation_id = :owner"


async def nothing(_intruder: Intruder) -> None:
    """Whoever takes the triggers off and changes nothing."""


async def edit(intruder: Intruder) -> None:
    await intruder.run(
        "UPDATE audit_event SET action = 'thing.undone' WHERE organisation_id = :owner AND id = :event",
        event=await intruder.event_at(4711),
    )


async def break_a_row(intruder: Intruder) -> None:
    await intruder.run(
        "UPDATE audit_event SET details = '[]' WHERE organisation_id = :owner AND id = :event",
        event=await intruder.event_at(4711),
    )


async def delete(intruder: Intruder) -> None:
    event = await intruder.event_at(4711)
    await intruder.run(f"DELETE FROM {_EVENT} AND id = :event", event=event)


async def delete_with_seal(intruder: Intruder) -> None:
    event = await intruder.event_at(4711)
    await intruder.run(
        f"DELETE FROM {_EVENT} AND id = :event",
        f"DELETE FROM {_SEAL} AND position = 4711",
        event=event,
    )


async def reorder(intruder: Intruder) -> None:
    """Two events change places in the chain."""
    set_to = "UPDATE audit_seal SET event_id = :{} WHERE organisation_id = :owner AND position = {}"
    await intruder.run(
        set_to.format("spare", 4711),
        set_to.format("first", 9000),
        set_to.format("second", 4711),
        first=await intruder.event_at(4711),
        second=await intruder.event_at(9000),
        spare=intruder.stored(UUID(int=1)),
    )


async def truncate(intruder: Intruder) -> None:
    """The last events and every trace of them."""
    await intruder.run(
        f"DELETE FROM {_EVENT} AND id IN (SELECT event_id FROM {_SEAL} AND position >= 4711)",
        f"DELETE FROM {_SEAL} AND position >= 4711",
        "DELETE FROM audit_checkpoint WHERE organisation_id = :owner AND position >= 4711",
        "UPDATE audit_seal_head SET position = 4710, hash = "
        f"(SELECT hash FROM {_SEAL} AND position = 4710) WHERE organisation_id = :owner",
    )


async def forget_chain(intruder: Intruder) -> None:
    """No seal is left; the events wait to be sealed as if they were new."""
    await intruder.run(
        "DELETE FROM audit_seal WHERE organisation_id = :owner",
        "DELETE FROM audit_seal_head WHERE organisation_id = :owner",
        "DELETE FROM audit_checkpoint WHERE organisation_id = :owner",
        "DELETE FROM audit_unsealed WHERE organisation_id = :owner",
        f"INSERT INTO audit_unsealed SELECT organisation_id, id FROM {_EVENT}",
    )


async def edit_and_make_anew(intruder: Intruder) -> None:
    await edit(intruder)
    await forget_chain(intruder)


async def replace_whole(intruder: Intruder) -> None:
    await intruder.run("DELETE FROM audit_event WHERE organisation_id = :owner")
    await fill(intruder.database, intruder.owner, COUNT)
    await forget_chain(intruder)


Attack = Callable[[Intruder], Awaitable[None]]
# What is done, what it is told as, and where.
ATTACKS: list[tuple[Attack, Kind | None, int]] = [
    (nothing, None, 0),
    (edit, Kind.EVENT_CHANGED, 4711),
    (break_a_row, Kind.EVENT_CHANGED, 4711),
    (delete, Kind.EVENT_MISSING, 4711),
    (delete_with_seal, Kind.SEAL_MISSING, 4711),
    (reorder, Kind.EVENT_CHANGED, 4711),
    (truncate, Kind.TRUNCATED, 4711),
    (edit_and_make_anew, Kind.CHECKPOINT_DIFFERS, 4711),
    (replace_whole, Kind.CHECKPOINT_DIFFERS, 1),
]
