"""Appending many rows to a table: what differs between the two databases."""

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any

from sqlalchemy import Dialect, Table
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
