"""Writing many rows into a table that keeps what its rows were before: look, compare, then write.

Most rows of such a table are new, and come in batches of nothing else: a few are looked for, and where none is
there all go straight in. If that was wrong the table says so, and all are looked for. A row that is there is
read, held and compared here. So nothing is staged, and what was there before is known to whoever acts on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import asyncpg
from sqlalchemy import Row, Table, bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.bulk.loading import Values, load
from app.core.bulk.results import Outcome
from app.core.bulk.writer import waves
from app.core.database import constraint_of
from app.core.errors import Unavailable
from app.core.lookup import find_each

# The second sees what overtook the first; more are needed only where it is overtaken again.
_ATTEMPTS = 5

# So many tell, as a rule, whether a batch is of rows that are there already.
_SOME = 64


@dataclass(frozen=True, slots=True)
class WithHistory:
    """A table that counts its row's versions in `revision`. What a row was before it changes is kept in `history`.

    That has the primary key, `revision`, those columns of the table that are put back, and `replaced_at`, the
    `updated_at` of the row that took its place.
    """

    table: Table
    history: Table

    @property
    def primary(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.table.primary_key)

    @property
    def put_back(self) -> tuple[str, ...]:
        """What is put back where a batch is taken back."""
        known = {*self.primary, "revision"}
        names = [column.name for column in self.history.c if column.name not in known]
        return tuple(name for name in names if name in self.table.c)


@dataclass(frozen=True, slots=True)
class VersionedTable(WithHistory):
    """One with a natural key: `compared` decides whether a row changes, `carried` goes along.

    The primary key is `within`, which is the same for all rows of a call, and then `key`.
    """

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
    written = Written([Outcome.ACCEPTED] * len(rows), {})
    for place_of in waves(list(map(itemgetter(_key(target)), rows))):
        there = await _add_new(session, target, place_of, rows)
        changed = []
        for key, old in there.items():
            place = place_of[key]
            written.outcomes[place] = Outcome.DUPLICATE
            if _differs(target, old, rows[place]):
                written.outcomes[place] = Outcome.UPDATED
                written.before[place] = old
                changed.append((old, rows[place]))
        await _change(session, target, changed)
    return written


async def _add_new(
    session: AsyncSession,
    target: VersionedTable,
    place_of: Mapping[Values, int],
    rows: Sequence[Values],
) -> dict[Values, Row[Any]]:
    """Add the rows that are new; returns those that were there, held until the transaction ends."""

    table = target.table
    within = zip(target.within, rows[0], strict=False)
    statement = (
        select(*(table.c[name] for name in target.kept))
        .where(*(table.c[name] == value for name, value in within))
        .with_for_update()
    )

    async def look(keys: Sequence[Values]) -> dict[Values, Row[Any]]:
        found = await find_each(session, statement, [table.c[name] for name in target.key], keys)
        return {tuple(row[_key(target)]): row for row in found}

    # In the order of the key, so that two batches never wait for each other crosswise.
    keys = sorted(place_of)
    some = keys[:: len(keys) // _SOME + 1]
    there = await look(some)
    if there and len(some) < len(keys):
        there = await look(keys)
    for _ in range(_ATTEMPTS):
        new = [rows[place_of[key]] for key in keys if key not in there]
        try:
            async with session.begin_nested():
                await load(session, target.table, target.columns, new)
        except (asyncpg.UniqueViolationError, IntegrityError) as error:
            if isinstance(error, IntegrityError) and constraint_of(error) != _name(target):
                raise
            there = await look(keys)  # not all were new, or somebody else's came in after the look
        else:
            return there
    raise Unavailable(
        "Other requests are writing the same rows; nothing was written. Try again.",
        code="database_busy",
    )


def _name(target: VersionedTable) -> str | None:
    name = target.table.primary_key.name
    return str(name) if name is not None else None


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
