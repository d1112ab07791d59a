"""Rows found by many keys at once: what differs between the two databases."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Dialect,
    FromClause,
    Text,
    bindparam,
    func,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine
from sqlmodel.ext.asyncio.session import AsyncSession


async def find_each(
    session: AsyncSession, statement: Any, columns: Sequence[Any], keys: Collection[tuple[Any, ...]]
) -> Sequence[Any]:
    """What a statement finds for each of these keys, one row at most, in their order on PostgreSQL.

    The keys are a few parameters however many they are, so that the statement is prepared once.

    Args:
        session: the transaction.
        statement: a SELECT, already scoped; what it finds is told, and locked if it says so.
        columns: with what else it names, these make a unique key.
        keys: their values, key by key.
    """
    if not keys:
        return []
    if session.get_bind().dialect.name == "postgresql":
        keyed = asked(session, [column.type for column in columns], keys)
        found = statement.where(
            *(column == part for column, part in zip(columns, keyed.c, strict=True))
        )
        # One look into the index a key, whatever the planner thinks of a table that it does not know yet.
        each = found.limit(1).lateral()
        found = select(each).select_from(keyed.join(each, true()))
    else:
        # SQLite joined with a list reads the table through; a list of keys to be among, it looks up.
        found = statement.where(among(session, columns, keys))
    result = await session.exec(found)
    rows: Sequence[Any] = result.all()
    return rows


def each_of(session: AsyncSession, keyed: FromClause, grouped: Any) -> Any:
    """What a grouped SELECT finds for each key of `asked`, beside the key's parts.

    Its conditions say which rows are a key's. On PostgreSQL each key is one look into an index, whatever the
    planner thinks of the table; SQLite goes from one table to the next anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        each = grouped.lateral()
        return select(*keyed.c, *each.c).select_from(keyed.join(each, true()))
    return grouped.add_columns(*keyed.c).group_by(*keyed.c)


def among(
    session: AsyncSession, columns: Sequence[Any], keys: Collection[tuple[Any, ...]]
) -> ColumnElement[bool]:
    """Whether columns are one of these keys, which are a few parameters however many they are."""
    keyed = asked(session, [column.type for column in columns], keys)
    return tuple_(*columns).in_(select(*keyed.c))


def asked(
    session: AsyncSession, types: Sequence[TypeEngine[Any]], keys: Collection[tuple[Any, ...]]
) -> FromClause:
    """Keys as something to select from, part by part: lists side by side on PostgreSQL, JSON on SQLite.

    There is one key at least.
    """
    dialect = session.get_bind().dialect
    names = [f"part_{place}" for place in range(len(types))]
    values = list(zip(*keys, strict=True))
    if dialect.name == "postgresql":
        # Text without the length of the column: a cast to it would cut a longer one, which then equals another.
        items = [Text() if kind.python_type is str else kind for kind in types]
        lists = [
            bindparam(None, list(part), type_=ARRAY(item))
            for part, item in zip(values, items, strict=True)
        ]
        return func.unnest(*lists).table_valued(*names, name="asked").render_derived()
    stored = [_as_stored(dialect, *each) for each in zip(types, values, strict=True)]
    rows = json.dumps(list(zip(*stored, strict=True)))
    each = func.json_each(bindparam(None, rows)).table_valued("value")
    parts = (
        func.json_extract(each.c.value, f"$[{place}]").label(name)
        for place, name in enumerate(names)
    )
    return select(*parts).subquery("asked")


def _as_stored(dialect: Dialect, kind: TypeEngine[Any], values: Sequence[Any]) -> Sequence[Any]:
    process = kind.dialect_impl(dialect).bind_processor(dialect)
    return values if process is None else list(map(process, values))
