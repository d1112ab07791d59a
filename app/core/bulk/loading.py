"""Many rows at a time, into a table and by their keys out of it: what differs between the two databases."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Dialect,
    FromClause,
    Row,
    Table,
    Text,
    bindparam,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel.ext.asyncio.session import AsyncSession

Values = tuple[Any, ...]


async def load(
    session: AsyncSession, table: Table, columns: tuple[str, ...], rows: Sequence[Values]
) -> None:
    """Append rows, each with a value for every one of the columns, in their order.

    By COPY on PostgreSQL, by executemany on SQLite.

    Raises:
        asyncpg.PostgresError: as the driver tells it, without SQLAlchemy's wrapping.
    """
    if not rows:
        return
    connection = await session.connection()
    if connection.dialect.name == "postgresql":
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.copy_records_to_table(table.name, columns=columns, records=rows)
    else:
        marks = ", ".join("?" * len(columns))
        await connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 - our own names
            list(_as_stored(table, columns, rows, connection.dialect)),
        )


def _as_stored(
    table: Table, columns: tuple[str, ...], rows: Sequence[Values], dialect: Dialect
) -> Iterator[Values]:
    """The rows as the driver wants them, worked out by the column: many are the same in every row."""
    converted: list[Any] = []
    for name, values in zip(columns, zip(*rows, strict=True), strict=True):
        process = table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        if process is None:
            converted.append(values)
        elif all(value is values[0] for value in values):
            converted.append(repeat(process(values[0]), len(rows)))
        else:
            converted.append(map(process, values))
    return zip(*converted, strict=True)


async def hold(
    session: AsyncSession,
    table: Table,
    columns: Sequence[str],
    within: Mapping[str, Any],
    key: Sequence[str],
    keys: Collection[Values],
) -> Sequence[Row[Any]]:
    """The rows of these keys that are there, locked in the order of the keys until the transaction ends.

    Args:
        session: the transaction.
        table: where they are looked for.
        columns: what is told of each.
        within: the columns of the primary key that are the same for all of them.
        key: the other columns of it, all of text.
        keys: their values, row by row.
    """
    if not keys:
        return []
    asked = _asked(session.get_bind().dialect.name, key, keys)
    mine: list[ColumnElement[bool]] = [table.c[name] == value for name, value in within.items()]
    mine += [table.c[name] == asked.c[name] for name in key]
    found = select(*(table.c[name] for name in columns)).where(*mine)
    if session.get_bind().dialect.name == "postgresql":
        # One look into the index for each key, whatever the planner thinks of a table that it does not know yet.
        each = found.limit(1).with_for_update().lateral()
        found = select(each).select_from(asked.join(each, true()))
    result = await session.exec(found)  # type: ignore[call-overload]  # SQLAlchemy's own
    rows: Sequence[Row[Any]] = result.all()
    return rows


def _asked(dialect: str, key: Sequence[str], keys: Collection[Values]) -> FromClause:
    """Keys as something to select from: lists side by side on PostgreSQL, JSON on SQLite."""
    if dialect == "postgresql":
        lists = [
            bindparam(None, list(values), type_=ARRAY(Text())) for values in zip(*keys, strict=True)
        ]
        return func.unnest(*lists).table_valued(*key, name="asked").render_derived()
    each = func.json_each(bindparam(None, json.dumps(list(keys)))).table_valued("value")
    parts = (
        func.json_extract(each.c.value, f"$[{place}]").label(name) for place, name in enumerate(key)
    )
    return select(*parts).subquery("asked")
