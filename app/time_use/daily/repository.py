"""All SQL about daily facts: what is marked, what the samples of a day add up to, what is stored."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
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
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    literal,
    null,
    union_all,
    values,
)
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select

from app.access.principals import Principal
from app.access.scoping import of, scoped_columns, scoped_once, within
from app.core.arrays import Ids, Reading, comes_whole
from app.core.bulk.loading import load
from app.core.local_days import overlapped
from app.core.models import UtcDateTime, in_parts, metadata
from app.core.periods import DAY, Window
from app.time_use.daily.entries import LAYOUT
from app.time_use.daily.models import TimeUseCode, TimeUseDay, TimeUsePerson
from app.time_use.samples.models import TimeSample, TimeUseDayMark

_DAYS_AT_A_TIME = 500
# No two zones are further apart.
_ZONES_APART = 2 * DAY
_HELD, _MARKED, _MOVED, _CODE, _PERSON = range(5)


@dataclass(frozen=True, slots=True)
class Summed:
    """What the samples of a person with a code add up to on a day."""

    day: date
    person_id: UUID
    source: str
    category: str
    method: str
    minutes: float
    samples: int


@dataclass(frozen=True, slots=True)
class LocalDay:
    """A local day as the instants that it begins and ends with."""

    day: date
    since: datetime
    until: datetime


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
    session: AsyncSession, principal: Principal, pilot_id: UUID, days: Window | None = None
) -> list[tuple[date, UUID]]:
    """Marked days of a pilot, of the organisation's zone, with the ids of their marks.

    The mark of a day of another zone marks every day of this one that has a part in it.
    """
    m = TimeUseDayMark
    statement = scoped_columns(principal, m, col(m.local_day), col(m.mark_id), col(m.zone))
    statement = statement.where(col(m.pilot_id) == pilot_id)
    if days is not None:
        statement = statement.where(
            col(m.local_day) >= days.starts_on - _ZONES_APART,
            col(m.local_day) < days.ends_on + _ZONES_APART,
        )
    return [
        (day, mark_id)
        for marked, mark_id, zone in await session.exec(statement)
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


async def unmark(
    session: AsyncSession, principal: Principal, pilot_id: UUID, mark_ids: Collection[UUID]
) -> None:
    """Delete the marks that were seen, and no others."""
    m = TimeUseDayMark
    for part in in_parts(mark_ids):
        await session.exec(
            delete(m).where(
                *within(principal, m), col(m.pilot_id) == pilot_id, col(m.mark_id).in_(part)
            )
        )


async def sums(
    session: AsyncSession, principal: Principal, pilot_id: UUID, days: Sequence[LocalDay]
) -> list[Summed]:
    """What the samples of some days add up to, straight from the samples."""
    found: list[Summed] = []
    for start in range(0, len(days), _DAYS_AT_A_TIME):
        part = days[start : start + _DAYS_AT_A_TIME]
        found += await _sums(session, principal, pilot_id, part)
    return found


async def _sums(
    session: AsyncSession, principal: Principal, pilot_id: UUID, days: Sequence[LocalDay]
) -> list[Summed]:
    s = TimeSample
    asked = (
        values(
            column("place", Integer()),
            column("since", UtcDateTime()),
            column("until", UtcDateTime()),
            name="asked",
        )
        .data([(place, day.since, day.until) for place, day in enumerate(days)])
        .cte("asked")
    )
    what = (col(s.person_id), col(s.source), col(s.category), col(s.method))
    total = (func.coalesce(func.sum(col(s.minutes)), 0.0), func.count())
    statement = (
        scoped_columns(principal, s, asked.c.place, *what, *total)
        .join(
            asked,
            (col(s.started_at) >= asked.c.since) & (col(s.started_at) < asked.c.until),
        )
        .where(col(s.pilot_id) == pilot_id, col(s.is_deleted).is_(other=False))
        .group_by(asked.c.place, *what)
        .order_by(asked.c.place, *what)
    )
    return [
        Summed(days[row[0]].day, row[1], row[2], row[3], str(row[4]), float(row[5]), row[6])
        for row in await session.exec(statement)
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

    `people` and `codes` are those of all of the pilot's days, by their numbers.
    """

    days: list[tuple[date, bytes]]
    marked: set[date]
    moved: bool
    people: Ids
    codes: list[TimeUseCode]


_PEOPLE = Reading(
    scoped_once(
        TimeUsePerson,
        col(TimeUsePerson.person_id).label("person"),
        col(TimeUsePerson.number).label("number"),
    ).where(col(TimeUsePerson.pilot_id) == bindparam("of_pilot"))
)


def _stored(*, with_people: bool) -> CompoundSelect[*tuple[Any, ...]]:
    """A kind, a day, its entries, the zone of a mark; of a code its number, source, category and method.

    Read together: a journey to the database costs more than what each of them brings.
    """
    d, m, c = TimeUseDay, TimeUseDayMark, TimeUseCode
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
    held, marked, moved, codes, known = [], set(), False, [], None
    statement = _STORED_AND_PEOPLE if comes_whole(session) else _STORED
    for kind, day, entries, zone, *code in await session.exec(statement, params=asked):  # type: ignore[call-overload]  # a union is executable
        if kind == _HELD:
            held.append((day, entries))
        elif kind == _MARKED:
            marked |= {each for each in _days_marked(principal, day, zone) if each in days}
        elif kind == _MOVED:
            moved = day is not None
        elif kind == _CODE:
            codes.append(_code(principal, pilot_id, *code))
        else:
            known = _by_number(_PEOPLE.unpack(entries))
    if known is None:
        known = await people(session, principal, pilot_id)
    return Stored(held, marked, moved, known, sorted(codes, key=lambda code: code.number))


def _code(
    principal: Principal, pilot_id: UUID, number: int, source: str, category: str, method: str
) -> TimeUseCode:
    return TimeUseCode(
        organisation_id=principal.organisation_id,
        pilot_id=pilot_id,
        number=number,
        source=source,
        category=category,
        method=method,
    )


async def stored_days(session: AsyncSession, principal: Principal, pilot_id: UUID) -> set[date]:
    """Every day of a pilot that is stored."""
    d = TimeUseDay
    statement = scoped_columns(principal, d, col(d.local_day)).where(col(d.pilot_id) == pilot_id)
    return {row[0] for row in await session.exec(statement)}


async def other_zones(session: AsyncSession, principal: Principal, pilot_id: UUID) -> bool:
    """Whether a day of a pilot is stored that is one of another zone."""
    d = TimeUseDay
    statement = scoped_columns(principal, d, col(d.local_day)).where(
        col(d.pilot_id) == pilot_id, col(d.zone) != zone_of(principal)
    )
    return (await session.exec(statement.limit(1))).first() is not None


async def store(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    days: Collection[date],
    rows: Sequence[dict[str, Any]],
) -> None:
    """Put these rows in the place of what is stored of some days."""
    d = TimeUseDay
    for part in in_parts(days):
        await session.exec(
            delete(d).where(
                *within(principal, d), col(d.pilot_id) == pilot_id, col(d.local_day).in_(part)
            )
        )
    owner = {"organisation_id": principal.organisation_id, "pilot_id": pilot_id}
    if rows:
        await session.exec(insert(d), params=[{**owner, **row} for row in rows])


async def people(session: AsyncSession, principal: Principal, pilot_id: UUID) -> Ids:
    """A pilot's people by their numbers, which leave none out."""
    return _by_number(await _PEOPLE.run(session, of(principal, of_pilot=pilot_id)))


def _by_number(found: Mapping[str, NDArray[Any]]) -> Ids:
    person: Ids = np.empty_like(found["person"])
    person[found["number"]] = found["person"]
    return person


_CODES = scoped_once(TimeUseCode, TimeUseCode).where(
    col(TimeUseCode.pilot_id) == bindparam("of_pilot")
)


async def codes(session: AsyncSession, principal: Principal, pilot_id: UUID) -> list[TimeUseCode]:
    """The codes of a pilot, by their numbers."""
    rows = await session.exec(_CODES, params=of(principal, of_pilot=pilot_id))
    return sorted((row[0] for row in rows), key=lambda code: code.number)


async def add_people(
    session: AsyncSession, principal: Principal, pilot_id: UUID, numbers: dict[UUID, int]
) -> None:
    rows = [(principal.organisation_id, pilot_id, n, who) for who, n in numbers.items()]
    table = metadata.tables["time_use_person"]
    await load(session, table, ("organisation_id", "pilot_id", "number", "person_id"), rows)
