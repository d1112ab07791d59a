"""Rules about people."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
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
from app.core.errors import Invalid, Unavailable, existing
from app.core.etags import check_if_match, etag_of
from app.core.models import new_id
from app.core.pagination import PageQuery
from app.core.rows import date_problem, given
from app.imports import service as imports
from app.imports.mappings import service as mappings
from app.imports.models import ImportBatch, ImportKind
from app.imports.service import Intake, Stayed, TakenBack, intake
from app.people import errors as errors  # noqa: PLC0414 - declares the constraint answers
from app.people import repository
from app.people.erased_numbers import service as erased_numbers
from app.people.models import Person
from app.people.schemas import Employment, PersonChange, PersonFilter, PersonIn, PersonRow

_CHANGED_SINCE = "Another import, somebody by hand or the directory has changed this person since, who stays as that left them."
_IN_USE = (
    "There is more recorded of this person by now, who therefore stays as this import left them."
)


async def create(session: AsyncSession, principal: Principal, wanted: PersonIn) -> Person:
    """Record a person.

    Raises:
        Conflict: the external_id is taken, or that of somebody who was erased.
    """
    await erased_numbers.check(session, principal, [wanted.external_id])
    person = Person(organisation_id=principal.organisation_id, **wanted.model_dump())
    session.add(person)
    await session.flush()
    await audit_log.record(session, principal, "person.created", person.id)
    return person


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery, wanted: PersonFilter
) -> tuple[list[Person], str | None]:
    """People of the organisation."""
    return await repository.page(session, principal, query, wanted)


async def get(
    session: AsyncSession, principal: Principal, person_id: UUID, *, for_update: bool = False
) -> Person:
    """One person.

    Raises:
        NotFound: there is none within reach.
    """
    return existing(
        await repository.find(session, principal, person_id, for_update=for_update), "person"
    )


async def change(
    session: AsyncSession,
    principal: Principal,
    person_id: UUID,
    changes: PersonChange,
    if_match: str | None,
    *,
    also: Collection[str] = (),
) -> Person:
    """Change a person; what is left out stays as it is.

    `also` names what changes beside the person's own row, for the one event of the audit log.
    """
    person = await get(session, principal, person_id, for_update=True)
    check_if_match(if_match, etag_of(person.id, person.revision))
    values = changes.model_dump(exclude_unset=True)
    if values.get("external_id") is not None:
        await erased_numbers.check(session, principal, [values["external_id"]])
    repository.keep(session, person)
    for name, value in values.items():
        setattr(person, name, value)
    if person.started_on and person.left_on and person.left_on < person.started_on:
        raise Invalid.field("/left_on", "dates_out_of_order", "left_on lies before started_on")
    person.touch()
    await audit_log.record(
        session,
        principal,
        "person.changed",
        person.id,
        details={"fields": sorted({*values, *also})},
    )
    return person


async def assign_teams(
    session: AsyncSession, principal: Principal, teams: Mapping[UUID, str | None]
) -> int:
    """Move people to the team of each, None for to no team; returns how many were elsewhere before.

    The event is that of whoever moves them. Whoever has left stays where he was: figures of the past
    are grouped by it.
    """
    today = clock.today(principal.organisation.zone)
    moved = 0
    for person in await repository.lock_each(session, principal, teams):
        has_left = person.left_on is not None and person.left_on <= today
        if person.team != teams[person.id] and not has_left:
            repository.keep(session, person)
            person.team = teams[person.id]
            person.touch()
            moved += 1
    return moved


async def known_as(
    session: AsyncSession, principal: Principal, user_name: str
) -> Collection[Person]:
    """People whose sign-in name this is, in whatever case; two at most."""
    return await repository.known_as(session, principal, user_name)


async def upsert_many(
    session: AsyncSession,
    principal: Principal,
    chunks: Iterable[list[Parsed[PersonRow]]],
    options: BulkOptions,
    *,
    origin: str = "api",
) -> BulkResult:
    """Record or replace many people by their external_id."""
    async with intake(session, principal, ImportKind.PEOPLE, options, origin=origin) as batch:
        for chunk in chunks:
            await _upsert_chunk(session, principal, chunk, batch)
    return batch.answer


async def _upsert_chunk(
    session: AsyncSession, principal: Principal, chunk: list[Parsed[PersonRow]], batch: Intake
) -> None:
    numbers = {parsed.row.external_id for parsed in chunk if parsed.row is not None}
    known = await repository.by_external_id(session, principal, numbers)
    erased = await erased_numbers.among(session, principal, numbers)
    stored = {number: (person.started_on, person.left_on) for number, person in known.items()}
    now = clock.now()
    problems: list[RowError | None] = []
    rows: list[dict[str, Any]] = []
    for parsed in chunk:
        values = given(parsed.row) if parsed.row is not None else {}
        problem = parsed.error or _problem(parsed.index, values, stored, erased)
        problems.append(problem)
        if problem is None:
            rows.append(
                {
                    **values,
                    "organisation_id": principal.organisation_id,
                    "id": new_id(),
                    "batch_id": batch.batch_id,
                    "created_at": now,
                    "updated_at": now,
                }
            )
    outcomes = await repository.upsert_people(session, rows)
    if await erased_numbers.among(session, principal, numbers) - erased:
        # Erased while we waited for the row: what was written is somebody new under that number.
        raise Unavailable("Somebody of these was erased at this moment. Send it again.")
    batch.tally.note_chunk(problems, outcomes)


def _problem(
    index: int,
    values: dict[str, Any],
    stored: dict[str, tuple[date | None, date | None]],
    erased: Collection[str],
) -> RowError | None:
    if values["external_id"] in erased:
        return RowError(index, erased_numbers.CODE, erased_numbers.DETAIL, "/external_id")
    before = stored.get(values["external_id"], (None, None))
    started_on = values.get("started_on", before[0])
    left_on = values.get("left_on", before[1])
    outside = date_problem(index, started_on=started_on, left_on=left_on)
    if outside is not None:
        return outside
    if started_on and left_on and left_on < started_on:
        return RowError(index, "dates_out_of_order", "left_on lies before started_on", "/left_on")
    # Later rows of the chunk for the same person are held against this one.
    stored[values["external_id"]] = (started_on, left_on)
    return None


def nobody(index: int) -> RowError:
    """A row names a person, and nobody of the organisation is meant; the name is not repeated."""
    detail = "Nobody is recorded under this name. POST /people first."
    return RowError(index, "unknown_person", detail, "/person_external_id")


async def by_name(
    session: AsyncSession, principal: Principal, names: Collection[str]
) -> dict[str, UUID]:
    """Whom each name means: a sign-in name in whatever case, or an HR number; those of nobody, or of two, are left out."""
    wanted = {name: name.lower() for name in names}
    found: dict[str, set[UUID]] = defaultdict(set)
    numbers: dict[str, set[UUID]] = defaultdict(set)
    for person_id, external_id, user_name in await repository.named(session, principal, wanted):
        numbers[external_id].add(person_id)
        found[(user_name or "").lower()].add(person_id)
    meant = {name: numbers[name] | found[lower] for name, lower in wanted.items()}
    return {name: next(iter(ids)) for name, ids in meant.items() if len(ids) == 1}


Reference = tuple[UUID | None, str | None]


async def find_many(
    session: AsyncSession, principal: Principal, references: Collection[Reference]
) -> dict[Reference, Employment]:
    """The person that each (person_id, person_external_id) names; those that name nobody are left out.

    A reference that gives both must mean the same person by both.
    """
    external = {external_id for _, external_id in references if external_id is not None}
    ids = {person_id for person_id, _ in references if person_id is not None}
    by_external = await repository.by_external_id(session, principal, external)
    by_id = await repository.by_id(session, principal, ids)
    found: dict[Reference, Employment] = {}
    for person_id, external_id in references:
        named = {by_external.get(external_id)} if external_id is not None else set()
        if person_id is not None:
            named.add(by_id.get(person_id))
        if len(named) == 1 and (only := named.pop()) is not None:
            found[person_id, external_id] = only
    return found


async def resolve(
    session: AsyncSession, principal: Principal, references: Collection[Reference]
) -> dict[Reference, UUID]:
    """The id of the person that each reference names, as `find_many` finds them."""
    found = await find_many(session, principal, references)
    return {reference: person.person_id for reference, person in found.items()}


async def employment(
    session: AsyncSession, principal: Principal, person_ids: Collection[UUID]
) -> dict[UUID, Employment]:
    """From when to when these people are employed."""
    return await repository.by_id(session, principal, person_ids)


async def _undo(session: AsyncSession, principal: Principal, batch: ImportBatch) -> TakenBack:
    await repository.hold_brought(session, principal, batch.id)
    changed = await repository.changed_since(session, principal, batch.id)
    used = await repository.keep_those_in_use(session, principal, batch.id)
    removed, restored = await repository.take_back(session, principal, batch.id, clock.now())
    stayed = [Stayed(person_id, "changed_since", _CHANGED_SINCE) for person_id in changed]
    stayed += [Stayed(person_id, "in_use", _IN_USE) for person_id in used]
    return TakenBack(removed, restored, stayed)


imports.undone_by(ImportKind.PEOPLE, _undo)
mappings.applies_to(ImportKind.PEOPLE, PersonRow)
