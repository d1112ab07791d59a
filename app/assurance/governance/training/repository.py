"""All SQL about training."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped_columns
from app.assurance.governance.training.models import TrainingCompletion
from app.core.bulk.results import Outcome
from app.core.bulk.writer import UpsertTarget, upsert
from app.core.models import metadata

_UPSERT = UpsertTarget(
    table=metadata.tables["training_completion"],
    key=("organisation_id", "pilot_id", "person_id", "course"),
    compared=("completed_on",),
    carried=("updated_at", "batch_id"),
    on_insert=("created_at",),
)


async def upsert_completions(
    session: AsyncSession, rows: Sequence[dict[str, Any]]
) -> list[Outcome]:
    return await upsert(session, _UPSERT, rows)


async def completed(
    session: AsyncSession, principal: Principal, pilot_id: UUID
) -> list[tuple[UUID, str]]:
    """Who has completed what."""
    t = TrainingCompletion
    columns = (col(t.person_id), col(t.course))
    statement = scoped_columns(principal, t, *columns).where(col(t.pilot_id) == pilot_id)
    return [(row[0], row[1]) for row in await session.exec(statement)]
