"""Taking a batch back from a table that keeps its history: row by row, what was there before it.

First `forget_replaced`; then, where it matters which rows are to change, `states`; then `take_back`.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    delete,
    exists,
    func,
    literal,
    select,
    union,
    update,
)
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.bulk.versions import WithHistory

Batch = tuple[UUID, UUID]


async def touched_by(
    session: AsyncSession, target: WithHistory, column: str, batch: Batch
) -> set[Any]:
    """The values of a column in the rows that a batch brought, those replaced since among them.

    Args:
        session: the transaction.
        target: a table that carries `batch_id`.
        column: of the table and its history.
        batch: its organisation and its id; here and in what follows.
    """
    found: set[Any] = set()
    for table in (target.table, target.history):
        statement = select(table.c[column]).where(*_brought(table.c, batch)).distinct()
        rows = await session.exec(statement)  # type: ignore[call-overload]  # SQLAlchemy's own
        found |= {row[0] for row in rows}
    return found


async def forget_replaced(session: AsyncSession, target: WithHistory, batch: Batch) -> None:
    """Forget what later batches have replaced of a batch: it is nobody's earlier state any more."""
    v = target.history
    await session.exec(delete(v).where(*_brought(v.c, batch)))


async def states(
    session: AsyncSession, target: WithHistory, columns: tuple[str, ...], batch: Batch
) -> AsyncIterator[tuple[Any, ...]]:
    """Columns of what a batch brought and holds still, and of what it had replaced by that."""
    t, v = target.table, target.history
    now = select(*(t.c[name] for name in columns)).where(*_brought(t.c, batch))
    then = select(*(v.c[name] for name in columns)).where(
        *_brought(t.c, batch), _newest_version(target)
    )
    rows = await session.stream(union(now, then))
    async for row in rows:
        yield tuple(row)


async def take_back(
    session: AsyncSession, target: WithHistory, batch: Batch, now: datetime
) -> tuple[int, int]:
    """Make rows what they were without a batch; returns how many were removed and restored."""
    t, v = target.table, target.history
    versions = select(1).where(_same_row(target, v.c)).correlate(t)
    removed = await session.exec(delete(t).where(*_brought(t.c, batch), ~exists(versions)))
    restored = await session.exec(
        update(t)
        .where(*_brought(t.c, batch), _newest_version(target))
        .values(
            **{name: v.c[name] for name in target.put_back},
            revision=t.c.revision + 1,
            # What keeps no time is given none.
            updated_at=case((t.c.updated_at.is_not(None), literal(now, t.c.updated_at.type))),
        )
    )
    return removed.rowcount, restored.rowcount


def _brought(columns: Any, batch: Batch) -> tuple[ColumnElement[bool], ...]:
    return (columns.organisation_id == batch[0], columns.batch_id == batch[1])


def _same_row(target: WithHistory, columns: Any) -> ColumnElement[bool]:
    return and_(*(columns[name] == target.table.c[name] for name in target.primary))


def _newest_version(target: WithHistory) -> ColumnElement[bool]:
    """Which version of a row is its newest."""
    older = target.history.alias("older")
    newest = (
        select(func.max(older.c.revision))
        .where(_same_row(target, older.c))
        .correlate(target.table)
        .scalar_subquery()
    )
    v = target.history
    return and_(_same_row(target, v.c), v.c.revision == newest)
