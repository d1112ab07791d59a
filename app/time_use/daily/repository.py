"""All SQL about daily facts: what is marked, what the samples of a day add up to, what is stored."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    CompoundSelect,
    Date,
    Integer,
    LargeBinary,
    String,
    Uuid,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal,
    null,
    union_all,
)
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select

from app.access.principals import Principal
from app.access.scoping import of, scoped_columns, scoped_once, within
from app.core.arrays import Ids, Reading, comes_whole
from app.core.bulk.loading import load
from app.core.local_days import overlapped
from app.core.lookup import among, asked, each_of
from app.core.models import UtcDateTime, in_parts, metadata
from app.core.periods import DAY, Window
from app.time_use.daily.entries import LAYOUT
from app.time_use.daily.models import Code, TimeUseCode, TimeUseDay, TimeUsePerson
from app.time_use.samples.models import TimeSample, TimeUseDayMark
from app.time_use.taxonomies.models import PilotTaxonomy

_DAYS_AT_A_TIME = 500
# No two zones are further apart.
_ZONES_APART = 2 * DAY
_HELD, _MARKED, _MOVED, _CODE, _TAXONOMY, _PERSON = range(6)


@dataclass(frozen=True, slots=True)
class Summed:
    """What the samples of a person with a code add up to on a day; the person's number where there is one."""

    pilot_id: UUID
    day: date
    person_id: UUID
    number: int | None
    source: str
    category: str
    method: str
    minutes: float
    samples: int


@dataclass(frozen=True, slots=True)
class LocalDay:
    """A local day of a pilot as the instants that it begins and ends with."""

    pilot_id: UUID
    day: date
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Marked:
    """A local day of a pilot, of the organisation's zone, that a mark marks; the mark's own day and id."""

    pilot_id: UUID
    day: date
    marked_day: date
    mark_id: UUID


def zone_of(principal: Principal) -> str:
    """What is stored as the zone of a day that can be read: the organisation's, and how entries lie."""
    return f"{principal.organisation.zone} {LAYOUT}"


async def outdated_pilots(session: AsyncSession, principal: Principal) -> dict[UUID, int | None]:
    """Pilots of which a day is marked, with the number of marks; None: one is stored as of another zone."""
    m, d = TimeUseDayMark, TimeUseDay
    marked = scoped_columns(principal, m, col(m.pilot_id), func.count()).group_by(col(m.pilot_id))
    moved = scoped_columns(principal, d, col(d.pilot_id)).where(col(d.zone) != zone_of(principal))
    found: dict[UUID, int | None] = {row[0]: row[1] for row in await session.exec(marked)}
    found |= {row[0]: None for row in await session.exec(moved.distinct())}
    return dict(sorted(found.items()))


async def marks(
    session: AsyncSession,
    principal: Principal,
    pilot_ids: Collection[UUID],
    days: Window | None = None,
) -> list[Marked]:
    """Marked days of pilots, with their marks.

    The mark of a day of another zone marks every day of this one that has a part in it.
    """
    m = TimeUseDayMark
    mark = (col(m.pilot_id), col(m.local_day), col(m.mark_id), col(m.zone))
    statement = scoped_columns(principal, m, *mark).where(col(m.pilot_id).in_(pilot_ids))
    if days is not None:
        statement = statement.where(
            col(m.local_day) >= days.starts_on - _ZONES_APART,
            col(m.local_day) < days.ends_on + _ZONES_APART,
        )
    return [
        Marked(pilot_id, day, marked, mark_id)
        for pilot_id, marked, mark_id, zone in await session.exec(statement)
        for day in _days_marked(principal, marked, zone)
        if days is None or day in days
    ]


def _days_marked(principal: Principal, marked: date, zone: str | None) -> list[date]:
    """The organisation's days that the mark of a day of some zone marks."""
    ours = ZoneInfo(principal.organisation.zone)
    return overlapped(marked, ZoneInfo(zone) if zone is not None else ours, ours)


async def mark(
    session: AsyncSession, principal: Principal, pilot_id: UUID, days: Collection[date]
) -> None:
    """Mark local days of a pilot."""
    zone = principal.organisation.zone
    session.add_all(
        TimeUseDayMark(
            organisation_id=principal.organisation_id, pilot_id=pilot_id, local_day=day, zone=zone
        )
        for day in days
    )
    await session.flush()


async def unmark(session: AsyncSession, principal: Principal, seen: Collection[Marked]) -> None:
    """Delete the marks that were seen, and no others."""
    m = TimeUseDayMark
    key = (col(m.pilot_id), col(m.local_day), col(m.mark_id))
    for part in in_parts({(each.pilot_id, each.marked_day, each.mark_id) for each in seen}):
        await session.exec(delete(m).where(*within(principal, m), among(session, key, part)))


async def sums(
    session: AsyncSession, principal: Principal, days: Sequence[LocalDay]
) -> list[Summed]:
    """What the samples of some days add up to, straight from the samples."""
    found: list[Summed] = []
    for start in range(0, len(days), _DAYS_AT_A_TIME):
        found += await _sums(session, principal, days[start : start + _DAYS_AT_A_TIME])
    return found


async def _sums(
    session: AsyncSession, principal: Principal, days: Sequence[LocalDay]
) -> list[Summed]:
    s, p = TimeSample, TimeUsePerson
    keys = [(place, each.pilot_id, each.since, each.until) for place, each in enumerate(days)]
    types = (Integer(), Uuid(), UtcDateTime(), UtcDateTime())
    keyed = asked(session, types, keys)
    what = (col(s.person_id), col(s.source), col(s.category), col(s.method))
    total = (
        func.coalesce(func.sum(col(s.minutes)), 0.0).label("minutes"),
        func.count().label("samples"),
    )
    of_a_day = (
        scoped_columns(principal, s, *what, *total)
        .where(
            col(s.pilot_id) == keyed.c.part_1,
            col(s.started_at) >= keyed.c.part_2,
            col(s.started_at) < keyed.c.part_3,
            col(s.is_deleted).is_(other=False),
        )
        .group_by(*what)
    )
    summed = each_of(session, keyed, of_a_day).subquery("summed").c
    order = (summed.part_0, summed.person_id, summed.source, summed.category, summed.method)
    of_person = and_(
        *within(principal, p),
        col(p.pilot_id) == summed.part_1,
        col(p.person_id) == summed.person_id,
    )
    statement: Select[*tuple[Any, ...]] = (
        Select(*order, summed.minutes, summed.samples, col(p.number))
        .select_from(summed.part_0.table)
        .outerjoin(p, of_person)
        .order_by(*order)
    )
    return [
        Summed(
            days[place].pilot_id,
            days[place].day,
            person_id,
            number,
            source,
            category,
            str(method),
            float(minutes),
            samples,
        )
        for place, person_id, source, category, method, minutes, samples, number in (
            await session.exec(statement)
        )
    ]


async def span(
    session: AsyncSession, principal: Principal, pilot_id: UUID
) -> tuple[datetime, datetime] | None:
    """When the first and the last sample of a pilot began; None where it has none."""
    s = TimeSample
    ends = (func.min(col(s.started_at)), func.max(col(s.started_at)))
    statement = scoped_columns(principal, s, *ends).where(col(s.pilot_id) == pilot_id)
    first, last = (await session.exec(statement)).one()
    return (first, last) if first is not None else None


@dataclass(frozen=True, slots=True)
class Stored:
    """Days that are stored with their entries, days that are marked; `moved`: some are of another zone.

    `people` and `codes` are those of all of the pilot's days, by their numbers; `taxonomy` is the version that is
    chosen to read it with, if one is.
    """

    days: list[tuple[date, bytes]]
    marked: set[date]
    moved: bool
    people: Ids
    codes: list[Code]
    taxonomy: str | None


_PEOPLE = Reading(
    scoped_once(
        TimeUsePerson,
        col(TimeUsePerson.person_id).label("person"),
        col(TimeUsePerson.number).label("number"),
    ).where(col(TimeUsePerson.pilot_id) == bindparam("of_pilot"))
)


def _stored(*, with_people: bool) -> CompoundSelect[*tuple[Any, ...]]:
    """A kind, a day, its entries, the zone of a mark or a taxonomy's version; a code's number, source, category, method.

    Read together: a journey to the database costs more than what each of them brings.
    """
    d, m, c, t = TimeUseDay, TimeUseDayMark, TimeUseCode, PilotTaxonomy
    no_day, nothing, no_zone = cast(null(), Date), cast(null(), LargeBinary), cast(null(), String)
    no_code = (cast(null(), Integer), *(cast(null(), String) for _ in range(3)))
    code = (col(c.number), col(c.source), col(c.category), col(c.method))
    day = (col(d.local_day), col(d.entries))
    # One row whatever there is, of which the day is null where no day is of another zone.
    last = func.max(col(d.local_day))
    parts = [
        scoped_once(d, literal(_HELD), *day, no_zone, *no_code).where(
            col(d.pilot_id) == bindparam("of_pilot"),
            col(d.local_day) >= bindparam("starts_on"),
            col(d.local_day) < bindparam("ends_on"),
        ),
        scoped_once(m, literal(_MARKED), col(m.local_day), nothing, col(m.zone), *no_code).where(
            col(m.pilot_id) == bindparam("of_pilot"),
            col(m.local_day) >= bindparam("marked_from"),
            col(m.local_day) < bindparam("marked_until"),
        ),
        scoped_once(d, literal(_MOVED), last, nothing, no_zone, *no_code).where(
            col(d.pilot_id) == bindparam("of_pilot"), col(d.zone) != bindparam("zone")
        ),
        scoped_once(c, literal(_CODE), no_day, nothing, no_zone, *code).where(
            col(c.pilot_id) == bindparam("of_pilot")
        ),
        scoped_once(t, literal(_TAXONOMY), no_day, nothing, col(t.version), *no_code).where(
            col(t.pilot_id) == bindparam("of_pilot")
        ),
    ]
    if with_people:
        whole = _PEOPLE.whole.scalar_subquery()
        of_people: tuple[Any, ...] = (literal(_PERSON), no_day, whole, no_zone, *no_code)
        parts.append(Select(*of_people))
    return union_all(*parts)


_STORED, _STORED_AND_PEOPLE = _stored(with_people=False), _stored(with_people=True)


async def stored(
    session: AsyncSession, principal: Principal, pilot_id: UUID, days: Window
) -> Stored:
    """What is stored of some days of a pilot, and what is marked of them, at one moment.

    `moved` speaks of all of the pilot's days.
    """
    asked = of(
        principal,
        of_pilot=pilot_id,
        starts_on=days.starts_on,
        ends_on=days.ends_on,
        marked_from=days.starts_on - _ZONES_APART,
        marked_until=days.ends_on + _ZONES_APART,
        zone=zone_of(principal),
    )
    held, marked, moved, codes, taxonomy, known = [], set(), False, [], None, None
    statement = _STORED_AND_PEOPLE if comes_whole(session) else _STORED
    for kind, day, entries, name, *code in await session.exec(statement, params=asked):  # type: ignore[call-overload]  # a union is executable
        if kind == _HELD:
            held.append((day, entries))
        elif kind == _MARKED:
            marked |= {each for each in _days_marked(principal, day, name) if each in days}
        elif kind == _MOVED:
            moved = day is not None
        elif kind == _CODE:
            codes.append(Code(*code))
        elif kind == _TAXONOMY:
            taxonomy = name
        else:
            known = _by_number(_PEOPLE.unpack(entries))
    if known is None:
        known = await people(session, principal, pilot_id)
    codes.sort(key=lambda code: code.number)
    return Stored(held, marked, moved, known, codes, taxonomy)


async def stored_days(session: AsyncSession, principal: Principal, pilot_id: UUID) -> set[date]:
    """Every day of a pilot that is stored."""
    d = TimeUseDay
    statement = scoped_columns(principal, d, col(d.local_day)).where(col(d.pilot_id) == pilot_id)
    return {row[0] for row in await session.exec(statement)}


async def moved(
    session: AsyncSession, principal: Principal, pilot_ids: Collection[UUID]
) -> set[UUID]:
    """Those of some pilots of which a day is stored that is one of another zone."""
    d = TimeUseDay
    statement = scoped_columns(principal, d, col(d.pilot_id)).where(
        col(d.pilot_id).in_(pilot_ids), col(d.zone) != zone_of(principal)
    )
    return {row[0] for row in await session.exec(statement.distinct())}


async def store(
    session: AsyncSession,
    principal: Principal,
    days: Collection[tuple[UUID, date]],
    rows: Sequence[dict[str, Any]],
) -> None:
    """Put these rows in the place of what is stored of some pilots' days."""
    d = TimeUseDay
    key = (col(d.pilot_id), col(d.local_day))
    for part in in_parts(days):
        await session.exec(delete(d).where(*within(principal, d), among(session, key, part)))
    if rows:
        owner = {"organisation_id": principal.organisation_id}
        await session.exec(insert(d), params=[{**owner, **row} for row in rows])


async def people_counted(
    session: AsyncSession, principal: Principal, pilot_ids: Collection[UUID]
) -> Mapping[UUID, int]:
    """How many people of some pilots have a number; a pilot that has none is left out."""
    p = TimeUsePerson
    statement = scoped_columns(principal, p, col(p.pilot_id), func.count())
    statement = statement.where(col(p.pilot_id).in_(pilot_ids)).group_by(col(p.pilot_id))
    return {row[0]: row[1] for row in await session.exec(statement)}


async def people(session: AsyncSession, principal: Principal, pilot_id: UUID) -> Ids:
    """A pilot's people by their numbers, which leave none out."""
    return _by_number(await _PEOPLE.run(session, of(principal, of_pilot=pilot_id)))


def _by_number(found: Mapping[str, NDArray[Any]]) -> Ids:
    person: Ids = np.empty_like(found["person"])
    person[found["number"]] = found["person"]
    return person


async def codes(
    session: AsyncSession, principal: Principal, pilot_ids: Collection[UUID]
) -> Mapping[UUID, list[Code]]:
    """The codes of some pilots, by their numbers."""
    c = TimeUseCode
    code = (col(c.number), col(c.source), col(c.category), col(c.method))
    statement = scoped_columns(principal, c, col(c.pilot_id), *code)
    statement = statement.where(col(c.pilot_id).in_(pilot_ids))
    found: dict[UUID, list[Code]] = {pilot_id: [] for pilot_id in pilot_ids}
    for pilot_id, *values in await session.exec(statement.order_by(col(c.number))):
        found[pilot_id].append(Code(*values))
    return found


async def add_codes(
    session: AsyncSession, principal: Principal, codes: Mapping[UUID, Sequence[Code]]
) -> None:
    """Add codes of pilots, by the ids of these."""
    owner = principal.organisation_id
    session.add_all(
        TimeUseCode(organisation_id=owner, pilot_id=pilot_id, **asdict(code))
        for pilot_id, every in codes.items()
        for code in every
    )
    await session.flush()


async def add_people(
    session: AsyncSession, principal: Principal, numbers: Mapping[tuple[UUID, UUID], int]
) -> None:
    """Give people of pilots, by the ids of both, their numbers."""
    rows = [(principal.organisation_id, *key, number) for key, number in numbers.items()]
    table = metadata.tables["time_use_person"]
    await load(session, table, ("organisation_id", "pilot_id", "person_id", "number"), rows)
