"""All SQL about licence activity."""

from collections.abc import Sequence
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.bulk.results import Outcome
from app.core.bulk.writer import UpsertTarget, upsert
from app.core.models import metadata
from app.licences.activity import models as models  # noqa: PLC0414 - defines the table

_UPSERT = UpsertTarget(
    table=metadata.tables["licence_activity"],
    key=("organisation_id", "person_id", "product", "period", "period_starts_on", "app"),
    compared=("active_days", "actions"),
    carried=("source", "updated_at", "batch_id"),
    on_insert=("created_at",),
)


async def upsert_activity(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> list[Outcome]:
    return await upsert(session, _UPSERT, rows)
