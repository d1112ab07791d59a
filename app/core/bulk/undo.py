"""Taking a batch back from a table that keeps its history: row by row, what was there before it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, delete, exists, func, literal, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.bulk.writer import UpsertTarget


async def touched_by(
    session: AsyncSession, target: UpsertTarget, column: str, organisation_id: UUID, batch_id: UUID
) -> set[Any]:
    """The values of a column in the rows that a batch brought, those replaced since among them."""
    found: set[Any] = set()
    for table in (target.table, target.kept):
        statement = select(table.c[column]).where(
            table.c.organisation_id == organisation_id, table.c.batch_id == batch_id
        )
        rows = await session.exec(statement.distinct())  # type: ignore[call-overload]  # SQLAlchemy's own
        found |= {row[0] for row in rows}
    return found


async def take_back(
    session: AsyncSession,
    target: UpsertTarget,
    organisation_id: UUID,
    batch_id: UUID,
    now: datetime,
) -> tuple[int, int]:
    """Make rows what they were without a batch.

    Args:
        session: the transaction.
        target: a table that carries `batch_id` and keeps its history.
        organisation_id: whose rows.
        batch_id: the batch.
        now: when, for the rows that change.

    Returns:
        How many rows were removed, and how many restored.
    """
    t, v, older = target.table, target.kept, target.kept.alias("older")
    # First what later batches have replaced already: it is nobody's earlier state any more.
    await session.exec(
        delete(v).where(v.c.organisation_id == organisation_id, v.c.batch_id == batch_id)
    )
    mine = (t.c.organisation_id == organisation_id, t.c.batch_id == batch_id)
    versions = and_(*(v.c[name] == t.c[name] for name in target.key))
    removed = await session.exec(
        delete(t).where(*mine, ~exists(select(1).where(versions).correlate(t)))
    )
    newest = (
        select(func.max(older.c.revision))
        .where(*(older.c[name] == t.c[name] for name in target.key))
        .correlate(t)
        .scalar_subquery()
    )
    restored = await session.exec(
        update(t)
        .where(*mine, versions, v.c.revision == newest)
        .values(
            **{name: v.c[name] for name in (*target.compared, "batch_id")},
            revision=t.c.revision + 1,
            # What keeps no time is given none.
            updated_at=case((t.c.updated_at.is_not(None), literal(now, t.c.updated_at.type))),
        )
    )
    return removed.rowcount, restored.rowcount
