"""Who takes part in a pilot: enrolled in bulk, by HR number or id."""

from collections.abc import Collection, Iterable
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core import clock
from app.core.bulk.formats import Parsed
from app.core.bulk.requests import BulkOptions
from app.core.bulk.results import BulkResult, RowError
from app.core.pagination import PageQuery
from app.core.periods import Window
from app.core.rows import date_problem, given
from app.imports.mappings import service as mappings
from app.imports.models import ImportKind
from app.imports.service import Intake, intake
from app.people import service as people
from app.pilots import repository
from app.pilots.models import Arm, Member, Pilot, PilotMember
from app.pilots.repository import Membership
from app.pilots.roll import Roll
from app.pilots.schemas import MemberRow
from app.pilots.service import get


async def page(
    session: AsyncSession, principal: Principal, pilot_id: UUID, query: PageQuery, arm: Arm | None
) -> tuple[list[PilotMember], str | None]:
    """Members of a pilot within reach."""
    await get(session, principal, pilot_id)
    return await repository.members(session, principal, pilot_id, query, arm)


async def over(
    session: AsyncSession, principal: Principal, pilot: Pilot, days: Window | None
) -> list[Member]:
    """All members of a pilot within reach, in the order of their ids, with their absences on these days.

    `days` None: nobody asks who was away.
    """
    return await repository.taking_part(session, principal, pilot.id, days)


async def roll(
    session: AsyncSession, principal: Principal, pilot: Pilot, days: Window | None
) -> Roll:
    """All members of a pilot within reach as arrays, in any order; `days` as for `over`."""
    return await repository.roll(session, principal, pilot.id, days)


async def groups(
    session: AsyncSession, principal: Principal, pilot: Pilot, arm: Arm, attribute: str
) -> dict[str | None, list[UUID]]:
    """Who of an arm of a pilot within reach is in which group today; None for those in none.

    `attribute` is one of people: `team`, `department` or `job_family`.
    """
    return await repository.groups(session, principal, pilot.id, arm, attribute)


async def of_people(
    session: AsyncSession, principal: Principal, pilot_id: UUID, person_ids: Collection[UUID]
) -> dict[UUID, Membership]:
    """How those of these people who are members take part."""
    return await repository.stored_members(session, principal, pilot_id, person_ids)


async def upsert_many(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    chunks: Iterable[list[Parsed[MemberRow]]],
    options: BulkOptions,
    *,
    origin: str = "api",
) -> BulkResult:
    """Enrol people, or change how they take part."""
    # Held, because what a row leaves out is taken from what is stored.
    pilot = await get(session, principal, pilot_id, for_update=True)
    async with intake(
        session, principal, ImportKind.PILOT_MEMBERS, options, origin=origin, about=pilot.id
    ) as batch:
        for chunk in chunks:
            await _upsert_chunk(session, principal, pilot, chunk, batch)
    return batch.answer


async def _upsert_chunk(
    session: AsyncSession,
    principal: Principal,
    pilot: Pilot,
    chunk: list[Parsed[MemberRow]],
    batch: Intake,
) -> None:
    references = {(p.row.person_id, p.row.person_external_id) for p in chunk if p.row is not None}
    person_of = await people.resolve(session, principal, references)
    stored = await repository.stored_members(session, principal, pilot.id, set(person_of.values()))
    now = clock.now()
    problems: list[RowError | None] = []
    rows: list[dict[str, Any]] = []
    for parsed in chunk:
        if parsed.row is None:
            problems.append(parsed.error)
            continue
        person_id = person_of.get((parsed.row.person_id, parsed.row.person_external_id))
        wanted = replace(stored.get(person_id, Membership()), **_changes(parsed.row))  # type: ignore[arg-type]  # None is nobody's key
        problem = _problem(parsed.index, person_id, wanted)
        problems.append(problem)
        if problem is None and person_id is not None:
            stored[person_id] = wanted
            rows.append(
                {
                    **asdict(wanted),
                    "organisation_id": principal.organisation_id,
                    "pilot_id": pilot.id,
                    "person_id": person_id,
                    "batch_id": batch.batch_id,
                    "created_at": now,
                    "updated_at": now,
                }
            )
    batch.tally.note_chunk(problems, await repository.upsert_members(session, rows))


def _changes(row: MemberRow) -> dict[str, Any]:
    """How the row says that the person takes part; what it leaves out stays."""
    stated = given(row)
    return {name: stated[name] for name in ("arm", "joined_on", "left_on") if name in stated}


def _problem(index: int, person_id: UUID | None, wanted: Membership) -> RowError | None:
    if person_id is None:
        return people.nobody(index)
    outside = date_problem(index, joined_on=wanted.joined_on, left_on=wanted.left_on)
    if outside is not None:
        return outside
    if wanted.joined_on and wanted.left_on and wanted.left_on <= wanted.joined_on:
        detail = "left_on must lie after joined_on"
        return RowError(index, "dates_out_of_order", detail, "/left_on")
    return None


async def enrolled(
    session: AsyncSession, principal: Principal, pilot: Pilot, person_ids: Iterable[UUID]
) -> set[UUID]:
    """Which of these people are members of the pilot, in whatever arm."""
    return set(await repository.stored_members(session, principal, pilot.id, set(person_ids)))


mappings.applies_to(ImportKind.PILOT_MEMBERS, MemberRow)
