"""Erasing somebody: what would go, and having it go. What stays is under a pseudonym that leads nowhere."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core import clock
from app.core.errors import NotFound, existing
from app.core.models import metadata
from app.core.pagination import PageQuery
from app.licences.allocations import leavers
from app.people import service as people
from app.people.erased_numbers import service as erased_numbers
from app.people.models import Person
from app.pilots.models import Pilot, PilotMember
from app.privacy.erasure import errors, repository
from app.privacy.erasure.models import Erasure
from app.privacy.erasure.naming import is_telling, names_in, without_in
from app.privacy.legal_holds import service as legal_holds
from app.privacy.register import repository as register
from app.privacy.register import service as holdings
from app.privacy.register.holdings import Holding, Treatment
from app.privacy.register.repository import Subject

PREFIX: Final = "erased-"
# Of a pseudonym nothing says when it was made: the audit log says when whom was erased.
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Target:
    """Who is to be erased, and by what values they stand elsewhere."""

    person: Person
    subject: Subject
    names: frozenset[str]

    @property
    def telling(self) -> list[str]:
        """The values that texts are searched for."""
        return sorted(name for name in self.names if is_telling(name))

    @property
    def in_answers(self) -> list[str]:
        return [*self.telling, str(self.person.id)]


@dataclass(frozen=True, slots=True)
class Found:
    """What an erasure does to one table."""

    holding: Holding
    rows: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What an erasure would do.

    Attributes:
        held_by: legal holds in force; with one of them it is refused.
        tables: of each table the rows that are the person's.
        mentions: of each table the rows in whose texts the person is named, and will not be.
        mentions_kept: the same of rows that are sealed: they stay as they were made.
        answers: stored answers to requests that name the person.
        keeps: the groups that the pseudonym stays in, because enough others are in them.
        unsearched: how many of the person's values are too short to be looked for in texts.
    """

    held_by: list[UUID]
    tables: list[Found]
    mentions: dict[str, int]
    mentions_kept: dict[str, int]
    answers: int
    keeps: list[str]
    unsearched: int = field(default=0)


async def plan(session: AsyncSession, principal: Principal, person_id: UUID) -> Plan:
    """What an erasure of somebody would do; it is a reading of personal data, and recorded as one.

    Raises:
        NotFound: there is nobody of this id.
    """
    target = await _target(session, principal, await people.get(session, principal, person_id))
    found = await _plan(session, principal, target)
    await audit_log.record(session, principal, "erasure.previewed", person_id)
    return found


async def erase(session: AsyncSession, principal: Principal, person_id: UUID) -> Erasure:
    """Erase somebody, in the caller's one transaction. Seats are released and handed on first.

    Raises:
        Invalid: there is nobody of this id.
        Conflict: a legal hold is in force, or the person is a pseudonym already.
    """
    await legal_holds.keep_still(session, principal)
    person = await _held(session, principal, person_id)
    if person.external_id.startswith(PREFIX):
        raise errors.erased_already()
    target = await _target(session, principal, person)
    planned = await _plan(session, principal, target)
    if planned.held_by:
        raise errors.held(planned.held_by)
    groups = {name: getattr(person, name) for name in planned.keeps}
    await _leave(session, principal, person)
    await session.flush()
    await _pseudonymise(session, principal, target, groups)
    await _take_out_of_texts(session, principal, target)
    await repository.forget_answers(session, principal, target.in_answers)
    erasure = Erasure(
        organisation_id=principal.organisation_id,
        principal_id=principal.id,
        counts={
            each.holding.table: each.rows
            for each in planned.tables
            if each.rows and each.holding.treatment is not Treatment.KEPT
        },
    )
    session.add(erasure)
    numbers = target.subject.numbers
    await erased_numbers.remember(session, principal, erasure.id, numbers)
    details = {"erasure_id": str(erasure.id), "rows": sum(erasure.counts.values())}
    await audit_log.record(session, principal, "person.erased", person_id, details=details)
    return erasure


async def _held(session: AsyncSession, principal: Principal, person_id: UUID) -> Person:
    try:
        return await people.get(session, principal, person_id, for_update=True)
    except NotFound:
        raise errors.nobody() from None


async def _target(session: AsyncSession, principal: Principal, person: Person) -> Target:
    row = await repository.directory_user(session, principal, person.id)
    said = {row.external_id, row.user_name, *names_in(row.attributes)} if row is not None else set()
    named = {person.external_id, person.user_name, person.display_name, *said}
    numbers = {person.external_id, row.external_id if row is not None else None}
    return Target(
        person,
        Subject(person.id, frozenset(number for number in numbers if number)),
        frozenset(name for name in named if name),
    )


async def _plan(session: AsyncSession, principal: Principal, target: Target) -> Plan:
    subject = target.subject
    tables = [
        Found(holding, await register.count(session, principal, holding, subject))
        for holding in holdings.of_people()
    ]
    mentions: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    for holding in holdings.with_prose():
        for row in await register.mentioning(session, principal, holding, target.telling):
            if _without(holding, row, target):
                (kept if _is_sealed(holding, row) else mentions)[holding.table] += 1
    held = await legal_holds.on_person(session, principal, subject.person_id)
    return Plan(
        held_by=[hold.id for hold in held],
        tables=tables,
        mentions=dict(mentions),
        mentions_kept=dict(kept),
        answers=await repository.count_answers(session, principal, target.in_answers),
        keeps=await _groups_kept(session, principal, target.person),
        unsearched=len(target.names) - len(target.telling),
    )


async def _groups_kept(session: AsyncSession, principal: Principal, person: Person) -> list[str]:
    """Department, team and job, as far as enough others share them all.

    So whoever is left in a group is one of many there; and a group that somebody is taken out of has fewer
    people than any figure is shown of.
    """
    least = principal.organisation.minimum_group_size
    kept: dict[str, str] = {}
    for name in repository.GROUPS:
        value = getattr(person, name)
        if value is None:
            continue
        wanted = {**kept, name: value}
        if await repository.others_in(session, principal, person.id, wanted) >= least:
            kept = wanted
    return list(kept)


async def _leave(session: AsyncSession, principal: Principal, person: Person) -> None:
    """Let memberships, seats and waits end; memberships as they counted, for the dates of employment go."""
    today = clock.today(principal.organisation.zone)
    employed = (person.started_on, person.left_on)
    for member, pilot in await repository.memberships(session, principal, person.id):
        days = taking_part(member, pilot, employed, today)
        if days is None:
            await session.delete(member)
        else:
            member.joined_on, member.left_on = days
    person.started_on, person.left_on = None, min(person.left_on or today, today)
    await session.flush()
    await leavers.release(session, principal, today, person.id)


def taking_part(
    member: PilotMember, pilot: Pilot, employed: tuple[date | None, date | None], today: date
) -> tuple[date | None, date | None] | None:
    """From when to when somebody counted in a pilot, up to today; None where on no day."""
    joined = max((day for day in (member.joined_on, employed[0]) if day is not None), default=None)
    # Of a pilot that is over no end is set: it would say when its member was erased.
    ends = (member.left_on, employed[1], today if pilot.ends_on > today else None)
    left = min((day for day in ends if day is not None), default=None)
    if joined is not None and left is not None and left <= joined:
        return None
    return joined, left


async def _pseudonymise(
    session: AsyncSession, principal: Principal, target: Target, groups: Mapping[str, str]
) -> None:
    """Put a pseudonym in the person's place. Its id is random: none of ours, which tell when they were made."""
    pseudonym, subject = uuid4(), target.subject
    values: dict[str, Any] = {
        "organisation_id": principal.organisation_id,
        "id": pseudonym,
        "external_id": f"{PREFIX}{uuid4().hex}",
        "created_at": _LONG_AGO,
        "updated_at": _LONG_AGO,
        "revision": 1,
        **groups,
    }
    await repository.add(session, "person", values)
    await repository.forget_prompts_ahead(session, principal, subject.person_id)
    rank = {table.name: place for place, table in enumerate(metadata.sorted_tables)}
    treated = [each for each in holdings.changed() if each.table != "person"]
    # What leads to somebody through another table first; then what points at another table before that.
    treated.sort(key=lambda each: (not each.is_reached_through, -rank[each.table]))
    for holding in treated:
        await repository.treat(session, principal, holding, subject, pseudonym)
    await repository.remove_person(session, principal, subject.person_id)


async def _take_out_of_texts(session: AsyncSession, principal: Principal, target: Target) -> None:
    for holding in holdings.with_prose():
        for row in await register.mentioning(session, principal, holding, target.telling):
            texts = _without(holding, row, target)
            if texts and not _is_sealed(holding, row):
                await repository.rewrite(session, principal, holding, row, texts)


def _is_sealed(holding: Holding, row: Mapping[str, Any]) -> bool:
    return holding.sealed_since is not None and row[holding.sealed_since] is not None


def _without(holding: Holding, row: Mapping[str, Any], target: Target) -> dict[str, Any]:
    """Those texts of a row that name the person, as they are without that."""
    texts = {name: row[name] for name in holding.prose if row[name] is not None}
    mended = {name: without_in(text, target.telling) for name, text in texts.items()}
    return {name: text for name, text in mended.items() if text != texts[name]}


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery
) -> tuple[list[Erasure], str | None]:
    """Erasures, newest first."""
    rows, cursor = await repository.page(session, principal, query)
    return list(rows), cursor


async def get(session: AsyncSession, principal: Principal, erasure_id: UUID) -> Erasure:
    """One erasure.

    Raises:
        NotFound: there is none within reach.
    """
    return existing(await repository.find(session, principal, erasure_id), "erasure")


async def lift(session: AsyncSession, principal: Principal, erasure_id: UUID) -> Erasure:
    """Let whoever was erased be recorded again, as somebody new. Nothing that was erased comes back.

    Raises:
        NotFound: there is no such erasure.
    """
    found = await repository.find(session, principal, erasure_id, for_update=True)
    erasure = existing(found, "erasure")
    forgotten = await erased_numbers.forget(session, principal, erasure.id)
    erasure.lifted_at = erasure.lifted_at or clock.now()
    details = {"numbers": forgotten}
    await audit_log.record(session, principal, "erasure.lifted", erasure.id, details=details)
    return erasure
