"""Writing many rows into a table that keeps what its rows were before: look, compare, then write.

Most rows of such a table are new, and go straight into it; one that is there is read, held and compared
here. So nothing is staged, and what was there before is known to whoever has to act on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import asyncpg
from sqlalchemy import Row, Table, bindparam, update
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.bulk.loading import Values, hold, load
from app.core.bulk.results import Outcome
from app.core.bulk.writer import waves
from app.core.errors import Unavailable

# The second sees what overtook the first; more are needed only where it is overtaken again.
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class VersionedTable:
    """A table with a natural key: `compared` decides whether a row changes, `carried` goes along.

    The primary key is `within`, which is the same for all rows of a call, and then `key`, which is text.

    The table counts its row's versions in `revision`. What a row was before it changes is kept in `history`:
    a table with the key, `revision`, columns of the table, and `replaced_at`, the `updated_at` of the row
    that took its place.
    """

    table: Table
    history: Table
    within: tuple[str, ...]
    key: tuple[str, ...]
    compared: tuple[str, ...]
    carried: tuple[str, ...]
    on_insert: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """What a row brings, in order."""
        return (
            *(*self.within, *self.key, *self.compared),
            *(*self.carried, *self.on_insert, "revision"),
        )

    @property
    def kept(self) -> tuple[str, ...]:
        """What is kept of a row that changes: the primary key, what is compared, then the rest."""
        first = (*self.within, *self.key, *self.compared)
        rest = {column.name for column in self.history.c} & {column.name for column in self.table.c}
        return (*first, *sorted(rest.difference(first)))


@dataclass(slots=True)
class Written:
    """What became of each row, and what those that changed were before, by their place."""

    outcomes: list[Outcome]
    before: dict[int, Row[Any]]


async def replace(session: AsyncSession, target: VersionedTable, rows: Sequence[Values]) -> Written:
    """Write the rows in their order; a key that comes again is written again.

    Args:
        session: the transaction.
        target: where to.
        rows: the values of `target.columns`, as of a row that is new.

    Raises:
        Unavailable: other transactions bring the same new rows, again and again.
    """
    keys = list(map(itemgetter(_key(target)), rows))
    written = Written([Outcome.ACCEPTED] * len(rows), {})
    for places in waves(keys):
        place_of = {keys[place]: place for place in places}
        there = await _add_new(session, target, {key: rows[at] for key, at in place_of.items()})
        for key, old in there.items():
            written.outcomes[place_of[key]] = Outcome.DUPLICATE
            if _differs(target, old, rows[place_of[key]]):
                written.outcomes[place_of[key]] = Outcome.UPDATED
                written.before[place_of[key]] = old
        changed = [place_of[key] for key in there if place_of[key] in written.before]
        await _change(session, target, [(written.before[at], rows[at]) for at in changed])
    return written


async def _add_new(
    session: AsyncSession, target: VersionedTable, wanted: Mapping[Values, Values]
) -> dict[Values, Row[Any]]:
    """Add the rows that are new; returns those that were there, held until the transaction ends."""
    for _ in range(_ATTEMPTS):
        there = await _look(session, target, wanted)
        # In the order of the key, so that two batches never wait for each other crosswise.
        new = sorted(row for key, row in wanted.items() if key not in there)
        if not new:
            return there
        try:
            async with session.begin_nested():
                await load(session, target.table, target.columns, new)
        except asyncpg.UniqueViolationError:
            continue  # somebody else's came in after the look
        return there
    raise Unavailable(
        "Other requests are writing the same rows; nothing was written. Try again.",
        code="database_busy",
    )


async def _look(
    session: AsyncSession, target: VersionedTable, wanted: Mapping[Values, Values]
) -> dict[Values, Row[Any]]:
    """Those of the rows that are there, held until the transaction ends."""
    within = dict(zip(target.within, next(iter(wanted.values())), strict=False))
    rows = await hold(session, target.table, target.kept, within, target.key, sorted(wanted))
    return {tuple(row[_key(target)]): row for row in rows}


def _key(target: VersionedTable) -> slice:
    """Where the key stands in a row, whether it is there or brought."""
    return slice(len(target.within), len(target.within) + len(target.key))


def _differs(target: VersionedTable, old: Row[Any], new: Values) -> bool:
    first = _key(target).stop
    compared = slice(first, first + len(target.compared))
    return tuple(old[compared]) != new[compared]


async def _change(
    session: AsyncSession, target: VersionedTable, changed: Sequence[tuple[Row[Any], Values]]
) -> None:
    """Keep what each row was, then make it what is brought."""
    if not changed:
        return
    now = target.columns.index("updated_at")
    kept = [(*old, new[now]) for old, new in changed]
    await load(session, target.history, (*target.kept, "replaced_at"), kept)
    table, primary = target.table, (*target.within, *target.key)
    replaced = (*target.compared, *target.carried)
    statement = (
        update(table)
        .where(*(table.c[name] == bindparam(f"of_{name}") for name in primary))
        .values({name: bindparam(f"new_{name}") for name in replaced})
        .values(revision=table.c.revision + 1)
    )
    names_of = [f"of_{name}" for name in primary] + [f"new_{name}" for name in replaced]
    connection = await session.connection()
    await connection.execute(
        statement, [dict(zip(names_of, new, strict=False)) for _, new in changed]
    )
