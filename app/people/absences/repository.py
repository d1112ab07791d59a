"""All SQL about absences."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import within
from app.core.bulk.results import Outcome
from app.core.bulk.undo import forget_replaced, take_back
from app.core.bulk.versions import WithHistory
from app.core.bulk.writer import UpsertTarget, upsert
from app.core.models import metadata
from app.people.absences.models import Absence, AbsenceVersion

_KEPT = WithHistory(metadata.tables["absence"], metadata.tables["absence_version"])
_UPSERT = UpsertTarget(
    table=_KEPT.table,
    key=("organisation_id", "person_id", "starts_on"),
    compared=("ends_on", "kind"),
    carried=("updated_at", "batch_id"),
    on_insert=("created_at",),
    history=_KEPT.history,
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
    """Delete absences by person and first day, and what they had been; returns how many there were."""
    removed = 0
    for person_id, starts_on in sorted(keys):
        await session.exec(
            delete(AbsenceVersion).where(
                *within(principal, AbsenceVersion),
                col(AbsenceVersion.person_id) == person_id,
                col(AbsenceVersion.starts_on) == starts_on,
            )
        )
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


async def undo(
    session: AsyncSession, principal: Principal, batch_id: UUID, now: datetime
) -> tuple[int, int]:
    """Make absences what they were without a batch; returns how many were removed and restored."""
    batch = (principal.organisation_id, batch_id)
    await forget_replaced(session, _KEPT, batch)
    return await take_back(session, _KEPT, batch, now)
