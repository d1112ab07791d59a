"""All SQL about absences."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import within
from app.core.bulk.results import Outcome
from app.core.bulk.writer import UpsertTarget, upsert
from app.core.models import metadata
from app.people.absences.models import Absence

_UPSERT = UpsertTarget(
    table=metadata.tables["absence"],
    key=("organisation_id", "person_id", "starts_on"),
    compared=("ends_on", "kind"),
    carried=("updated_at", "batch_id"),
    on_insert=("created_at",),
)


async def upsert_absences(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> list[Outcome]:
    return await upsert(session, _UPSERT, rows)


async def of_person(session: AsyncSession, principal: Principal, person_id: UUID) -> list[Absence]:
    """The absences of a person, the latest first."""
    statement = select(Absence).where(
        *within(principal, Absence), col(Absence.person_id) == person_id
    )
    return list((await session.exec(statement.order_by(col(Absence.starts_on).desc()))).all())


async def remove(
    session: AsyncSession, principal: Principal, keys: Collection[tuple[UUID, date]]
) -> int:
    """Delete absences by person and first day; returns how many there were."""
    removed = 0
    for person_id, starts_on in sorted(keys):
        result = await session.exec(
            delete(Absence)
            .where(
                *within(principal, Absence),
                col(Absence.person_id) == person_id,
                col(Absence.starts_on) == starts_on,
            )
            .returning(col(Absence.person_id))
        )
        removed += len(result.all())
    return removed
