"""All SQL about decisions: they are added and read, and nothing else."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns
from app.core.pagination import PageQuery, paginate
from app.decisions.models import PilotDecision
from app.pilots.models import Pilot


def _within_reach(principal: Principal) -> ColumnElement[bool]:
    """Decisions are within reach as their pilots are."""
    return col(PilotDecision.pilot_id).in_(scoped_columns(principal, Pilot, col(Pilot.id)))


async def find(
    session: AsyncSession, principal: Principal, decision_id: UUID
) -> PilotDecision | None:
    statement = scoped(principal, PilotDecision).where(
        col(PilotDecision.id) == decision_id, _within_reach(principal)
    )
    return (await session.exec(statement)).one_or_none()


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery, pilot_id: UUID | None
) -> tuple[list[PilotDecision], str | None]:
    statement = scoped(principal, PilotDecision).where(_within_reach(principal))
    if pilot_id is not None:
        statement = statement.where(col(PilotDecision.pilot_id) == pilot_id)
    return await paginate(session, statement, col(PilotDecision.id), query, newest_first=True)


async def newest(
    session: AsyncSession, principal: Principal, pilot_id: UUID
) -> PilotDecision | None:
    statement = (
        scoped(principal, PilotDecision)
        .where(col(PilotDecision.pilot_id) == pilot_id)
        .order_by(col(PilotDecision.number).desc())
        .limit(1)
    )
    return (await session.exec(statement)).one_or_none()


async def superseding(
    session: AsyncSession, principal: Principal, decision_ids: Collection[UUID]
) -> dict[UUID, UUID]:
    """Of those of these decisions that a later one took the place of, which one that is."""
    d = PilotDecision
    statement = scoped_columns(principal, d, col(d.supersedes_id), col(d.id)).where(
        col(d.supersedes_id).in_(decision_ids)
    )
    return dict((await session.exec(statement)).all())
