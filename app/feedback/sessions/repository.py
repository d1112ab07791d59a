"""All SQL about feedback sessions."""

from collections.abc import Collection
from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns
from app.core.models import in_parts
from app.core.pagination import PageQuery, paginate
from app.feedback.sessions.models import FeedbackSession, SessionKind


async def page(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    query: PageQuery,
    kind: SessionKind | None,
) -> tuple[list[FeedbackSession], str | None]:
    s = FeedbackSession
    statement = scoped(principal, s).where(col(s.pilot_id) == pilot_id)
    if kind is not None:
        statement = statement.where(col(s.kind) == kind)
    return await paginate(session, statement, col(s.id), query)


async def find(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    session_id: UUID,
    *,
    for_update: bool = False,
) -> FeedbackSession | None:
    s = FeedbackSession
    statement = scoped(principal, s).where(col(s.pilot_id) == pilot_id, col(s.id) == session_id)
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).one_or_none()


async def of_pilot(
    session: AsyncSession, principal: Principal, pilot_id: UUID
) -> list[FeedbackSession]:
    """All sessions of a pilot."""
    statement = scoped(principal, FeedbackSession)
    statement = statement.where(col(FeedbackSession.pilot_id) == pilot_id)
    return list((await session.exec(statement)).all())


async def known(
    session: AsyncSession, principal: Principal, pilot_id: UUID, session_ids: Collection[UUID]
) -> set[UUID]:
    """Which of these are sessions of the pilot."""
    s = FeedbackSession
    statement = scoped_columns(principal, s, col(s.id)).where(col(s.pilot_id) == pilot_id)
    found: set[UUID] = set()
    for part in in_parts(session_ids):
        rows = await session.exec(statement.where(col(s.id).in_(part)))
        found |= {row[0] for row in rows}
    return found
