"""Upserting many rows: staged, then merged by one statement that says what became of each.

The staging differs by database (COPY on PostgreSQL, executemany on SQLite); the merge is the same.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, MetaData, Table, delete, false, insert, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.bulk.results import Outcome
from app.core.errors import Invalid

Row = Mapping[str, Any]

# Each repetition of a key within a chunk is a statement of its own.
MAX_REPEATS = 50


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

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.key, *self.compared, *self.carried, *self.on_insert, "revision")


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
        for place in wave:
            revision = written.get(_key_of(target, rows[place]))
            if revision is not None:
                outcomes[place] = Outcome.ACCEPTED if revision == 1 else Outcome.UPDATED
    return outcomes


def _key_of(target: UpsertTarget, row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in target.key)


def _waves(
    target: UpsertTarget, rows: Sequence[Row]
) -> Iterator[tuple[tuple[str, ...], list[int]]]:
    """Places of rows that one statement can write: no key twice, and all with the same columns.

    A key's rows keep their order: its second row is in a later wave than its first.
    """
    seen: Counter[tuple[Any, ...]] = Counter()
    waves: dict[int, dict[tuple[str, ...], list[int]]] = {}
    if max(Counter(_key_of(target, row) for row in rows).values(), default=0) > MAX_REPEATS:
        raise Invalid(
            f"A row comes more than {MAX_REPEATS} times in one request; nothing was written. "
            "Send each row once, with its last values.",
            code="row_repeated",
        )
    for place, row in enumerate(rows):
        key = _key_of(target, row)
        given = tuple(name for name in target.compared if name in row)
        waves.setdefault(seen[key], {}).setdefault(given, []).append(place)
        seen[key] += 1
    for number in sorted(waves):
        yield from waves[number].items()


async def _merge(
    session: AsyncSession, target: UpsertTarget, given: tuple[str, ...], rows: Sequence[Row]
) -> dict[tuple[Any, ...], int]:
    table = target.table
    versions = [{**row, "revision": 1} for row in rows]
    async with staged(session, table, target.columns, versions) as stage:
        dialect = session.get_bind().dialect.name
        make = postgresql.insert if dialect == "postgresql" else sqlite.insert
        # In the order of the key, so that two batches never wait for each other crosswise.
        source = select(*(stage.c[name] for name in target.columns)).order_by(
            *(stage.c[name] for name in target.key)
        )
        statement = make(table).from_select(list(target.columns), source, include_defaults=False)
        new = statement.excluded
        changes: dict[str, Any] = {name: new[name] for name in (*given, *target.carried)}
        changes["revision"] = table.c.revision + 1
        merged = statement.on_conflict_do_update(
            index_elements=[table.c[name] for name in target.key],
            set_=changes,
            where=or_(*(table.c[name].is_distinct_from(new[name]) for name in given), false()),
        ).returning(*(table.c[name] for name in target.key), table.c.revision)
        result = (await session.exec(merged)).all()
    return {tuple(row[:-1]): row[-1] for row in result}


@asynccontextmanager
async def staged(
    session: AsyncSession, table: Table, columns: Sequence[str], rows: Sequence[Row]
) -> AsyncIterator[Table]:
    """A temporary table that holds the rows, some columns of a table's, while the block lasts."""
    stage = Table(
        "staged_" + "_".join((table.name, str(len(columns)))),
        MetaData(),
        *(Column(name, table.c[name].type) for name in columns),
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DROP",
    )
    connection = await session.connection()
    await connection.execute(CreateTable(stage, if_not_exists=True))
    if session.get_bind().dialect.name == "postgresql":
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
        await driver.copy_records_to_table(
            stage.name,
            columns=list(columns),
            records=[tuple(row.get(name) for name in columns) for row in rows],
        )
    elif rows:
        values = [{name: row.get(name) for name in columns} for row in rows]
        await session.exec(insert(stage), params=values)
    yield stage
    await session.exec(delete(stage))
