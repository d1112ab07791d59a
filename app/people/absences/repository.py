"""All SQL about absences."""

from collections.abc import Sequence
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.bulk.results import Outcome
from app.core.bulk.writer import UpsertTarget, upsert
from app.core.models import metadata
from app.people.absences import models as models  # noqa: PLC0414 - defines the table

_UPSERT = UpsertTarget(
    table=metadata.tables["absence"],
    key=("organisation_id", "person_id", "starts_on"),
    compared=("ends_on", "kind"),
    carried=("updated_at", "batch_id"),
    on_insert=("created_at",),
)


async def upsert_absences(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> list[Outcome]:
    return await upsert(session, _UPSERT, rows)
