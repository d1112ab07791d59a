"""Upserting many rows: staged, then merged by one statement that says what became of each.

The merge is the same on both databases; what differs between them is in `loading`. A table may keep what its rows
were before they changed, so that a batch can be taken back (`undo`).
"""

from collections import Counter
from collections.abc import AsyncIterator, Hashable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    MetaData,
    Table,
    and_,
    delete,
    false,
    insert,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.bulk.loading import load
from app.core.bulk.results import Outcome
from app.core.errors import Invalid, Unavailable

Row = Mapping[str, Any]
Key = TypeVar("Key", bound=Hashable)

# Each repetition of a key within a chunk is a statement of its own.
MAX_REPEATS = 50

# The second keeps what came in between as well; more are needed only where it is overtaken again.
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class UpsertTarget:
    """A table with a natural key: `compared` decides whether a row changes, `carried` goes along.

    The table counts its row's versions in `revision`; 1 is a row that is new.
    """

    table: Table
    key: tuple[str, ...]
    compared: tuple[str, ...]
    carried: tuple[str, ...] = ()
    on_insert: tuple[str, ...] = ()
    # Where what a row was before it changes is kept: see `versions.WithHistory`.
    history: Table | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.key, *self.compared, *self.carried, *self.on_insert)


async def upsert(session: AsyncSession, target: UpsertTarget, rows: Sequence[Row]) -> list[Outcome]:
    """Write the rows in their order; a key that comes again is written again.

    Args:
        session: the transaction.
        target: where to.
        rows: a value for each column of the target but `revision`. A compared column that a row
            leaves out stays as it is, and is null in a row that is new.

    Returns:
        What became of each row: accepted (new), updated, or duplicate (there already, the same).
    """
    outcomes: list[Outcome] = [Outcome.DUPLICATE] * len(rows)
    for given, wave in _waves(target, rows):
        written = await _merge(session, target, given, [rows[place] for place in wave])
        for place, outcome in zip(wave, written, strict=True):
            outcomes[place] = outcome
    return outcomes


def _waves(
    target: UpsertTarget, rows: Sequence[Row]
) -> Iterator[tuple[tuple[str, ...], Sequence[int]]]:
    """Places of rows that one statement can write: no key twice, and all with the same columns.

    A key's rows keep their order: its second row is in a later wave than its first.
    """
    for place_of in waves(list(map(itemgetter(*target.key), rows))):
        by_columns: dict[tuple[str, ...], list[int]] = {}
        for place in place_of.values():
            given = tuple(name for name in target.compared if name in rows[place])
            by_columns.setdefault(given, []).append(place)
        yield from by_columns.items()


def waves(keys: Sequence[Key]) -> list[dict[Key, int]]:
    """The places of keys, in parts that hold no key twice, earlier ones first.

    Raises:
        Invalid: a key comes too often.
    """
    first = dict(zip(keys, range(len(keys)), strict=True))
    if len(first) == len(keys):
        return [first] if keys else []
    seen: Counter[Key] = Counter()
    found: list[dict[Key, int]] = []
    for place, key in enumerate(keys):
        if seen[key] == MAX_REPEATS:
            raise Invalid(
                f"A row comes more than {MAX_REPEATS} times in one request; nothing was written. "
                "Send each row once, with its last values.",
                code="row_repeated",
            )
        if seen[key] == len(found):
            found.append({})
        found[seen[key]][key] = place
        seen[key] += 1
    return found


async def _merge(
    session: AsyncSession, target: UpsertTarget, given: tuple[str, ...], rows: Sequence[Row]
) -> list[Outcome]:
    key_of = itemgetter(*target.key)
    async with staged(session, target.table, target.columns, rows) as stage:
        if target.history is None:
            written = await _write(session, target, given, stage)
        else:
            written = await _keep_and_write(session, target, target.history, given, stage)
    return [_outcome(written.get(key_of(row))) for row in rows]


async def _write(
    session: AsyncSession, target: UpsertTarget, given: tuple[str, ...], stage: Table
) -> dict[tuple[Any, ...], int]:
    """Add what is new of what is staged, and change what differs; the revision of each by its key."""
    table = target.table
    statement = _insert(session, target, stage)
    new = statement.excluded
    changes: dict[str, Any] = {name: new[name] for name in (*given, *target.carried)}
    merged = statement.on_conflict_do_update(
        index_elements=[table.c[name] for name in target.key],
        set_=changes | {"revision": table.c.revision + 1},
        where=_differs(target, given, new),
    ).returning(*(table.c[name] for name in target.key), table.c.revision)
    return {tuple(row[:-1]): row[-1] for row in await session.exec(merged)}


async def _keep_and_write(
    session: AsyncSession,
    target: UpsertTarget,
    history: Table,
    given: tuple[str, ...],
    stage: Table,
) -> dict[tuple[Any, ...], int]:
    """The same, with what each row was kept before it changes.

    A row that somebody else adds in between is changed without having been kept: the numbers tell, and all is
    taken back and done once more.

    Raises:
        Unavailable: that happens again and again.
    """
    for _ in range(_ATTEMPTS):
        async with session.begin_nested() as tried:
            kept = await _keep(session, target, history, given, stage)
            written = await _write(session, target, given, stage)
            if kept == sum(revision > 1 for revision in written.values()):
                return written
            await tried.rollback()
    raise Unavailable(
        "Other requests are writing the same rows; nothing was written. Try again.",
        code="database_busy",
    )


async def _keep(
    session: AsyncSession,
    target: UpsertTarget,
    history: Table,
    given: tuple[str, ...],
    stage: Table,
) -> int:
    """Keep what the rows are that will change, and hold them; returns how many."""
    table = target.table
    names = [column.name for column in history.c if column.name in table.c]
    old = (
        select(*(table.c[name] for name in names), stage.c.updated_at)
        .join_from(stage, table, and_(*(table.c[name] == stage.c[name] for name in target.key)))
        .where(_differs(target, given, stage.c))
        .order_by(*(stage.c[name] for name in target.key))
        .with_for_update(of=table, key_share=True)
    )
    kept = insert(history).from_select([*names, "replaced_at"], old, include_defaults=False)
    connection = await session.connection()
    done = await connection.execute(kept, execution_options={"preserve_rowcount": True})
    return done.rowcount


def _outcome(revision: int | None) -> Outcome:
    if revision is None:
        return Outcome.DUPLICATE
    return Outcome.ACCEPTED if revision == 1 else Outcome.UPDATED


def _differs(target: UpsertTarget, given: tuple[str, ...], new: Any) -> ColumnElement[bool]:
    """Whether a row is to change; `new` are the columns of what is brought."""
    old = target.table.c
    return or_(*(old[name].is_distinct_from(new[name]) for name in given), false())


def _insert(session: AsyncSession, target: UpsertTarget, stage: Table) -> Any:
    """The statement that writes what is staged; what it does about rows that are there is yet to be said."""
    dialect = session.get_bind().dialect.name
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    # In the order of the key, so that two batches never wait for each other crosswise.
    source = select(*(stage.c[name] for name in target.columns), literal(1)).order_by(
        *(stage.c[name] for name in target.key)
    )
    names = [*target.columns, "revision"]
    return make(target.table).from_select(names, source, include_defaults=False)


@asynccontextmanager
async def staged(
    session: AsyncSession,
    table: Table,
    columns: Sequence[str],
    rows: Sequence[Row],
) -> AsyncIterator[Table]:
    """A temporary table that holds the rows, some columns of a table's, while the block lasts."""
    stage = Table(
        "staged_" + "_".join((table.name, str(len(columns)))),
        MetaData(),
        *(Column(name, table.c[name].type) for name in columns),
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DROP",
    )
    names = tuple(columns)
    connection = await session.connection()
    await connection.execute(CreateTable(stage, if_not_exists=True))
    await load(session, stage, names, _records(names, rows))
    yield stage
    await session.exec(delete(stage))


def _records(columns: Sequence[str], rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    try:
        return list(map(itemgetter(*columns), rows))
    except KeyError:  # a row leaves a column out
        return [tuple(row.get(name) for name in columns) for row in rows]
