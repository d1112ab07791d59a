"""Rules about training: who of a pilot has completed what."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.assurance.governance.training import repository
from app.assurance.governance.training.schemas import TrainingOut, TrainingRow
from app.core import clock
from app.core.bulk.formats import Parsed
from app.core.bulk.requests import BulkOptions
from app.core.bulk.results import BulkResult, RowError
from app.core.periods import DAY
from app.core.rows import date_problem
from app.imports.models import ImportKind
from app.imports.service import Intake, intake
from app.people import service as people
from app.pilots import membership
from app.pilots import service as pilots
from app.pilots.models import Arm, Pilot


async def upsert_many(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    chunks: Iterable[list[Parsed[TrainingRow]]],
    options: BulkOptions,
    *,
    origin: str = "api",
) -> BulkResult:
    """Record completed courses; a later row of the same person and course replaces the day.

    Raises:
        NotFound: there is no such pilot within reach.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    async with intake(
        session, principal, ImportKind.TRAINING, options, origin=origin, about=pilot.id
    ) as batch:
        for chunk in chunks:
            await _upsert_chunk(session, principal, pilot.id, chunk, batch)
    return batch.answer


async def _upsert_chunk(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    chunk: list[Parsed[TrainingRow]],
    batch: Intake,
) -> None:
    references = {(p.row.person_id, p.row.person_external_id) for p in chunk if p.row is not None}
    person_of = await people.resolve(session, principal, references)
    now, today = clock.now(), clock.today(principal.organisation.zone)
    problems: list[RowError | None] = []
    rows: list[dict[str, Any]] = []
    for parsed in chunk:
        row = parsed.row
        if row is None:
            problems.append(parsed.error)
            continue
        person_id = person_of.get((row.person_id, row.person_external_id))
        problem = _problem(parsed.index, person_id, row.completed_on, today)
        problems.append(problem)
        if problem is None:
            rows.append(
                {
                    "organisation_id": principal.organisation_id,
                    "pilot_id": pilot_id,
                    "person_id": person_id,
                    "course": row.course,
                    "completed_on": row.completed_on,
                    "batch_id": batch.batch_id,
                    "created_at": now,
                    "updated_at": now,
                }
            )
    batch.tally.note_chunk(problems, await repository.upsert_completions(session, rows))


def _problem(
    index: int, person_id: UUID | None, completed_on: date, today: date
) -> RowError | None:
    if person_id is None:
        return people.nobody(index)
    if completed_on > today:
        detail = "This day is still to come."
        return RowError(index, "in_the_future", detail, "/completed_on")
    return date_problem(index, completed_on=completed_on)


async def standing(session: AsyncSession, principal: Principal, pilot: Pilot) -> TrainingOut:
    """How far the people of a pilot within reach are trained: those who have not left it before today.

    Of a pilot that is over, those who were in it to the end.
    """
    day = min(clock.today(principal.organisation.zone), pilot.ends_on - DAY)
    members = await membership.over(session, principal, pilot, None)
    taking_part = {
        member.person_id
        for member in members
        if member.arm is Arm.PILOT and member.days.ends_on > day
    }
    completed = await repository.completed(session, principal, pilot.id)
    trained = taking_part & {person_id for person_id, _ in completed}
    return TrainingOut(
        members=len(taking_part),
        trained=len(trained),
        is_complete=bool(taking_part) and trained == taking_part,
        courses=sorted({course for _, course in completed}),
    )
