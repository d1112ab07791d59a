"""Upserting many rows: staged, then merged by one statement that says what became of each.

The staging differs by database (COPY on PostgreSQL, executemany on SQLite); the merge is the same.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    MetaData,
    Table,
    and_,
    delete,
    false,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.bulk.results import Outcome
from app.core.errors import Invalid, Unavailable

Row = Mapping[str, Any]

# Each repetition of a key within a chunk is a statement of its own.
MAX_REPEATS = 50

# The second sees what overtook the first; more are needed only where it is overtaken again.
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class UpsertTarget:
    """A table with a natural key: `compared` decides whether a row changes, `carried` goes along.

    The table counts its row's versions in `revision`; 1 is a row that is new. Where there is a `history`,
    what a row was before it changes is kept there: a table with the key, `revision`, columns of it, and
    `replaced_at`, the `updated_at` of the row that took its place.
    """

    table: Table
    key: tuple[str, ...]
    compared: tuple[str, ...]
    carried: tuple[str, ...] = ()
    on_insert: tuple[str, ...] = ()
    history: Table | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.key, *self.compared, *self.carried, *self.on_insert)

    @property
    def kept(self) -> Table:
        """The history, which must be there."""
        if self.history is None:
            raise ValueError("the target keeps no history")
        return self.history


async def upsert(session: AsyncSession, target: UpsertTarget, rows: Sequence[Row]) -> list[Outcome]:
    """Write the rows in their order; a key that comes again is written again.

    Args:
        session: the transaction.
        target: where to.
        rows: a value for each column of the target but `revision`. A compared column that a row
            leaves out stays as it is, and is null in a row that is new.

    Returns:
        What became of each row: accepted (new), updated, or duplicate (there already, the same).

    Raises:
        Unavailable: the target keeps its history, and another transaction brings the same new rows.
    """
    outcomes: list[Outcome] = [Outcome.DUPLICATE] * len(rows)
    merge = _merge if target.history is None else _merge_and_keep
    for given, wave in _waves(target, rows):
        written = await merge(session, target, given, [rows[place] for place in wave])
        for place, outcome in zip(wave, written, strict=True):
            outcomes[place] = outcome
    return outcomes


def _waves(
    target: UpsertTarget, rows: Sequence[Row]
) -> Iterator[tuple[tuple[str, ...], Sequence[int]]]:
    """Places of rows that one statement can write: no key twice, and all with the same columns.

    A key's rows keep their order: its second row is in a later wave than its first.
    """
    keys = list(map(itemgetter(*target.key), rows))
    if len(set(keys)) == len(rows) and len(set(map(tuple, rows))) == 1:
        yield tuple(name for name in target.compared if name in rows[0]), range(len(rows))
        return
    seen: Counter[tuple[Any, ...]] = Counter()
    waves: dict[int, dict[tuple[str, ...], list[int]]] = {}
    if max(Counter(keys).values(), default=0) > MAX_REPEATS:
        raise Invalid(
            f"A row comes more than {MAX_REPEATS} times in one request; nothing was written. "
            "Send each row once, with its last values.",
            code="row_repeated",
        )
    for place, (key, row) in enumerate(zip(keys, rows, strict=True)):
        given = tuple(name for name in target.compared if name in row)
        waves.setdefault(seen[key], {}).setdefault(given, []).append(place)
        seen[key] += 1
    for number in sorted(waves):
        yield from waves[number].items()


async def _merge(
    session: AsyncSession, target: UpsertTarget, given: tuple[str, ...], rows: Sequence[Row]
) -> list[Outcome]:
    table, key_of = target.table, itemgetter(*target.key)
    async with staged(session, table, target.columns, rows) as stage:
        statement = _insert(session, target, stage)
        new = statement.excluded
        changes: dict[str, Any] = {name: new[name] for name in (*given, *target.carried)}
        merged = statement.on_conflict_do_update(
            index_elements=[table.c[name] for name in target.key],
            set_=changes | {"revision": table.c.revision + 1},
            where=_differs(target, given, new),
        ).returning(*(table.c[name] for name in target.key), table.c.revision)
        result = (await session.exec(merged)).all()
    written = {tuple(row[:-1]): row[-1] for row in result}
    return [_outcome(written.get(key_of(row))) for row in rows]


def _outcome(revision: int | None) -> Outcome:
    if revision is None:
        return Outcome.DUPLICATE
    return Outcome.ACCEPTED if revision == 1 else Outcome.UPDATED


async def _merge_and_keep(
    session: AsyncSession, target: UpsertTarget, given: tuple[str, ...], rows: Sequence[Row]
) -> list[Outcome]:
    """The same for a target with a history: what is there is looked at, held and kept before."""
    for _ in range(_ATTEMPTS):
        attempt = await session.begin_nested()
        outcomes = await _look_and_write(session, target, given, rows)
        if outcomes is not None:
            await attempt.commit()
            return outcomes
        await attempt.rollback()
    raise Unavailable(
        "Other requests are writing the same rows; nothing was written. Try again.",
        code="database_busy",
    )


async def _look_and_write(
    session: AsyncSession, target: UpsertTarget, given: tuple[str, ...], rows: Sequence[Row]
) -> list[Outcome] | None:
    """Most rows of a table with a history are new, and nothing comes back for each of those.

    Returns:
        None where somebody else's row under a new key came in after the look, and was not kept.
    """
    table, history = target.table, target.kept
    outcomes = [Outcome.ACCEPTED] * len(rows)
    async with staged(session, table, target.columns, rows, numbered=True) as stage:
        same = and_(*(table.c[name] == stage.c[name] for name in target.key))
        differs = _differs(target, given, stage.c)
        there = (
            select(stage.c.place, differs)
            .join(table, same)
            .order_by(*(table.c[name] for name in target.key))
            .with_for_update(of=table)
        )
        for place, has_changed in (await session.exec(there)).all():  # type: ignore[call-overload]  # SQLAlchemy's own
            outcomes[place] = Outcome.UPDATED if has_changed else Outcome.DUPLICATE
        counts = Counter(outcomes)
        if counts[Outcome.ACCEPTED]:
            new = _insert(session, target, stage).on_conflict_do_nothing(
                index_elements=[table.c[name] for name in target.key]
            )
            if (await session.exec(new)).rowcount != counts[Outcome.ACCEPTED]:
                return None
        if counts[Outcome.UPDATED]:
            names = [column.name for column in history.c if column.name in table.c]
            before = (
                select(*(table.c[name] for name in names), stage.c.updated_at)
                .join(stage, same)
                .where(differs)
            )
            await session.exec(insert(history).from_select([*names, "replaced_at"], before))
            values = {name: stage.c[name] for name in (*given, *target.carried)}
            await session.exec(
                update(table).where(same, differs).values(**values, revision=table.c.revision + 1)
            )
    return outcomes


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
    *,
    numbered: bool = False,
) -> AsyncIterator[Table]:
    """A temporary table that holds the rows, some columns of a table's, while the block lasts.

    `numbered`: and each one's place among them, from 0, as `place`.
    """
    places = [Column("place", Integer())] if numbered else []
    stage = Table(
        "staged_" + "_".join((table.name, str(len(columns)))),
        MetaData(),
        *(Column(name, table.c[name].type) for name in columns),
        *places,
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DROP",
    )
    names = stage.columns.keys()
    if numbered:
        rows = [{**row, "place": place} for place, row in enumerate(rows)]
    connection = await session.connection()
    await connection.execute(CreateTable(stage, if_not_exists=True))
    if session.get_bind().dialect.name == "postgresql":
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
        await driver.copy_records_to_table(stage.name, columns=names, records=_records(names, rows))
    elif rows:
        values = [{name: row.get(name) for name in names} for row in rows]
        await session.exec(insert(stage), params=values)
    yield stage
    await session.exec(delete(stage))


def _records(columns: Sequence[str], rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    try:
        return list(map(itemgetter(*columns), rows))
    except KeyError:  # a row leaves a column out
        return [tuple(row.get(name) for name in columns) for row in rows]
