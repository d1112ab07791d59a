"""All SQL about daily facts: what is marked, what the samples of a day add up to, what is stored."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Integer, column, delete, func, insert, values
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns, within
from app.core.bulk.loading import load
from app.core.local_days import overlapped
from app.core.models import UtcDateTime, in_parts, metadata
from app.core.periods import DAY, Window
from app.time_use.daily.models import TimeUseCode, TimeUseDay, TimeUsePerson
from app.time_use.samples.models import TimeSample, TimeUseDayMark

_DAYS_AT_A_TIME = 500
# No two zones are further apart.
_ZONES_APART = 2 * DAY


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


async def outdated_pilots(session: AsyncSession, principal: Principal) -> list[UUID]:
    """Pilots of which a day is marked, or stored as one of another zone than the organisation's."""
    m, d = TimeUseDayMark, TimeUseDay
    marked = scoped_columns(principal, m, col(m.pilot_id))
    moved = scoped_columns(principal, d, col(d.pilot_id)).where(
        col(d.zone) != principal.organisation.zone
    )
    found: set[UUID] = set()
    for statement in (marked, moved):
        found |= {row[0] for row in await session.exec(statement.distinct())}
    return sorted(found)


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
    zone = ZoneInfo(principal.organisation.zone)
    return [
        (day, mark_id)
        for marked, mark_id, of in await session.exec(statement)
        for day in overlapped(marked, ZoneInfo(of or zone.key), zone)
        if days is None or day in days
    ]


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


async def stored(
    session: AsyncSession, principal: Principal, pilot_id: UUID, days: Window
) -> list[tuple[date, str, bytes]]:
    """The days that are stored: the day, its zone, its entries."""
    d = TimeUseDay
    columns = (col(d.local_day), col(d.zone), col(d.entries))
    statement = scoped_columns(principal, d, *columns).where(
        col(d.pilot_id) == pilot_id,
        col(d.local_day) >= days.starts_on,
        col(d.local_day) < days.ends_on,
    )
    return [(row[0], row[1], row[2]) for row in await session.exec(statement)]


async def other_zones(
    session: AsyncSession, principal: Principal, pilot_id: UUID, zone: str
) -> bool:
    """Whether a day of a pilot is stored that is one of another zone."""
    d = TimeUseDay
    statement = scoped_columns(principal, d, col(d.local_day)).where(
        col(d.pilot_id) == pilot_id, col(d.zone) != zone
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


async def people(session: AsyncSession, principal: Principal, pilot_id: UUID) -> dict[UUID, int]:
    """The numbers of a pilot's people, in their order."""
    p = TimeUsePerson
    statement = scoped_columns(principal, p, col(p.person_id), col(p.number))
    statement = statement.where(col(p.pilot_id) == pilot_id).order_by(col(p.number))
    rows = await session.exec(statement)
    return {row[0]: row[1] for row in rows}


async def codes(session: AsyncSession, principal: Principal, pilot_id: UUID) -> list[TimeUseCode]:
    """The codes of a pilot, by their numbers."""
    c = TimeUseCode
    statement = scoped(principal, c).where(col(c.pilot_id) == pilot_id).order_by(col(c.number))
    return list((await session.exec(statement)).all())


async def add_people(
    session: AsyncSession, principal: Principal, pilot_id: UUID, numbers: dict[UUID, int]
) -> None:
    rows = [(principal.organisation_id, pilot_id, n, who) for who, n in numbers.items()]
    table = metadata.tables["time_use_person"]
    await load(session, table, ("organisation_id", "pilot_id", "number", "person_id"), rows)
