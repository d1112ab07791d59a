"""Rules about absences: when staff are away, as HR tells it."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core import clock
from app.core.bulk.formats import Parsed
from app.core.bulk.requests import BulkOptions
from app.core.bulk.results import BulkResult, RowError
from app.core.pagination import PageQuery, page_of
from app.core.rows import date_problem, given
from app.imports import service as imports
from app.imports.mappings import service as mappings
from app.imports.models import ImportBatch, ImportKind
from app.imports.service import Intake, TakenBack, intake
from app.people import service as people
from app.people.absences import errors as errors  # noqa: PLC0414 - declares the constraint answers
from app.people.absences import repository
from app.people.absences.models import Absence
from app.people.absences.schemas import AbsenceRow


async def page(
    session: AsyncSession, principal: Principal, person_id: UUID, asked: PageQuery
) -> tuple[list[Absence], str | None]:
    """When somebody is away, the latest first. The read is recorded.

    Raises:
        NotFound: there is no such person within reach.
    """
    person = await people.get(session, principal, person_id)
    rows, cursor = page_of(await repository.of_person(session, principal, person.id), asked)
    await audit_log.record(
        session, principal, "absences.read", person.id, details={"rows": len(rows)}
    )
    return rows, cursor


async def upsert_many(
    session: AsyncSession,
    principal: Principal,
    chunks: Iterable[list[Parsed[AbsenceRow]]],
    options: BulkOptions,
    *,
    origin: str = "api",
) -> BulkResult:
    """Record absences; a later row for the same person and first day replaces the earlier one."""
    async with intake(session, principal, ImportKind.ABSENCES, options, origin=origin) as batch:
        for chunk in chunks:
            await _upsert_chunk(session, principal, chunk, batch)
    return batch.answer


async def _upsert_chunk(
    session: AsyncSession, principal: Principal, chunk: list[Parsed[AbsenceRow]], batch: Intake
) -> None:
    references = {(p.row.person_id, p.row.person_external_id) for p in chunk if p.row is not None}
    person_of = await people.resolve(session, principal, references)
    now = clock.now()
    problems: list[RowError | None] = []
    rows: list[dict[str, Any]] = []
    for parsed in chunk:
        row = parsed.row
        if row is None:
            problems.append(parsed.error)
            continue
        stated = given(row)
        person_id = person_of.get((row.person_id, row.person_external_id))
        problem = _problem(parsed.index, person_id, row.starts_on, stated.get("ends_on"))
        problems.append(problem)
        if problem is None:
            rows.append(
                {
                    **{name: stated[name] for name in ("ends_on", "kind") if name in stated},
                    "organisation_id": principal.organisation_id,
                    "person_id": person_id,
                    "starts_on": row.starts_on,
                    "batch_id": batch.batch_id,
                    "created_at": now,
                    "updated_at": now,
                }
            )
    batch.tally.note_chunk(problems, await repository.upsert_absences(session, rows))


def _problem(
    index: int, person_id: UUID | None, starts_on: date, ends_on: date | None
) -> RowError | None:
    if person_id is None:
        return people.nobody(index)
    outside = date_problem(index, starts_on=starts_on, ends_on=ends_on)
    if outside is not None:
        return outside
    if ends_on is not None and ends_on <= starts_on:
        detail = "ends_on, the first day back, must lie after starts_on"
        return RowError(index, "dates_out_of_order", detail, "/ends_on")
    return None


async def take_back(
    session: AsyncSession, principal: Principal, absences: Collection[tuple[str, date]]
) -> int:
    """Forget absences, each named by the person's number and its first day; returns how many were there."""
    if not absences:
        return 0
    person_of = await people.resolve(session, principal, {(None, number) for number, _ in absences})
    keys = [
        (person_of[None, number], day) for number, day in absences if (None, number) in person_of
    ]
    removed = await repository.remove(session, principal, keys)
    details = {"removed": removed}
    await audit_log.record(session, principal, "absences.taken_back", details=details)
    return removed


async def _undo(session: AsyncSession, principal: Principal, batch: ImportBatch) -> TakenBack:
    removed, restored = await repository.undo(session, principal, batch.id, clock.now())
    return TakenBack(removed, restored)


imports.undone_by(ImportKind.ABSENCES, _undo)
mappings.applies_to(ImportKind.ABSENCES, AbsenceRow)
