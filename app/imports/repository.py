"""All SQL about import batches."""

from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped
from app.core.pagination import PageQuery, paginate
from app.imports.models import ImportBatch, ImportKind


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery, kind: ImportKind | None
) -> tuple[list[ImportBatch], str | None]:
    statement = scoped(principal, ImportBatch)
    if kind is not None:
        statement = statement.where(col(ImportBatch.kind) == kind)
    return await paginate(session, statement, col(ImportBatch.id), query, newest_first=True)


async def hold_kind(session: AsyncSession, principal: Principal, kind: ImportKind) -> None:
    """Hold the first batch of a kind until the transaction ends: whoever takes a batch back waits for others who do."""
    statement = scoped(principal, ImportBatch).where(col(ImportBatch.kind) == kind)
    first = statement.order_by(col(ImportBatch.id)).limit(1)
    await session.exec(first.with_for_update(key_share=True))


async def find(session: AsyncSession, principal: Principal, batch_id: UUID) -> ImportBatch | None:
    """One batch, held until the transaction ends; rows may go back to it in the meantime."""
    statement = scoped(principal, ImportBatch).where(col(ImportBatch.id) == batch_id)
    return (await session.exec(statement.with_for_update(key_share=True))).one_or_none()
