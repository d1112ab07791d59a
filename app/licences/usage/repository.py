"""Seats and the activity of their holders, read as one matrix of seats by days.

One result set in both databases; PostgreSQL hands its columns over whole, because 20,000 rows cost more
to unpack one by one than to compute with.
"""

import struct
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    LargeBinary,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
)
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns
from app.core.fields import LATEST
from app.core.periods import DAY, Window
from app.licences.activity.models import LicenceActivityYear
from app.licences.activity.years import LENGTH, place_of
from app.licences.allocations.models import SeatAllocation
from app.licences.pools.models import LicencePool
from app.licences.usage.matrix import SeatUse
from app.people.absences.models import Absence
from app.people.models import Person

# PostgreSQL's driver takes the very last date for infinity.
_OPEN_END = LATEST
# PostgreSQL sends a date as the days since this one.
_EPOCH = date(2000, 1, 1).toordinal()
_EMPTY_YEAR = bytes(LENGTH)


async def load(session: AsyncSession, principal: Principal, product: str, days: Window) -> SeatUse:
    pools = await _pools(session, principal, product)
    asked = _Asked(principal, product, pools, days)
    if session.get_bind().dialect.name == "postgresql":
        packed = await _packed(session, asked)
    else:
        packed = await _rows(session, asked)
    found = np.frombuffer(packed, dtype=asked.row)
    # In one order, whatever way the database took to them: the last digit of an interval hangs on it.
    found = found[np.lexsort((found["numbers"][:, 0], found["person"]))]
    numbers = found["numbers"].astype(np.int32)
    # The place -1 stands for no pool, whose term has ended before it began.
    terms = np.array([*(pool.term_ends_on.toordinal() for pool in pools), 0], dtype=np.int32)
    first = np.array([date(year, 1, 1).toordinal() for year in asked.years_before], dtype=np.int32)
    starts, ends = numbers[:, :2].T + _EPOCH
    pool, lengths = numbers[:, 2], numbers[:, 3:]
    before = np.where(lengths > 0, lengths + first - 1, 0)
    return SeatUse(
        pools=pools,
        days=days,
        person=np.ascontiguousarray(found["person"]),
        pool=pool,
        starts=starts,
        ends=np.minimum(ends, terms[pool]),
        before=before.max(axis=1).astype(np.int32),
        activity=np.ascontiguousarray(found["activity"].T),
    )


async def _pools(session: AsyncSession, principal: Principal, product: str) -> list[LicencePool]:
    statement = (
        scoped(principal, LicencePool)
        .where(col(LicencePool.product) == product)
        .order_by(col(LicencePool.id))
    )
    return list((await session.exec(statement)).all())


@dataclass(frozen=True, slots=True)
class _Piece:
    """The part of a year that lies in the days asked for: `length` bytes from `start`, from 0."""

    year: int
    start: int
    length: int


def _pieces(days: Window) -> list[_Piece]:
    pieces = []
    for year in range(days.starts_on.year, (days.ends_on - DAY).year + 1):
        part = days.clip(Window(date(year, 1, 1), date(year + 1, 1, 1)))
        if part.days:
            pieces.append(_Piece(year, place_of(part.starts_on), part.days))
    return pieces


@dataclass(frozen=True, slots=True)
class _Asked:
    """Of which product, over which days; and a row of the answer: who, numbers, a byte a day.

    The numbers are the first day with and without the seat, the pool's place, and for each of
    `years_before` how many of its days (of the last one: before the days asked for) end in a used one.
    """

    principal: Principal
    product: str
    pools: list[LicencePool]
    days: Window

    @property
    def pieces(self) -> list[_Piece]:
        return _pieces(self.days)

    @property
    def years_before(self) -> list[int]:
        first = self.days.starts_on.year
        earliest = min((pool.term_starts_on.year for pool in self.pools), default=first)
        return [*range(earliest, first), first]

    @property
    def row(self) -> np.dtype[Any]:
        numbers = 3 + len(self.years_before)
        return np.dtype(
            [
                ("person", "S16"),
                ("numbers", ">i4", (numbers,)),
                ("activity", "u1", (self.days.days,)),
            ]
        )

    def seats(self) -> Select[*tuple[Any, ...]]:
        """Seats of the product that are held on one of the days."""
        a = SeatAllocation
        columns = (col(a.person_id), col(a.pool_id), col(a.allocated_on), col(a.released_on))
        return scoped_columns(self.principal, a, *columns).where(
            col(a.product) == self.product,
            col(a.allocated_on) < self.days.ends_on,
            or_(
                col(a.released_on).is_(None),
                and_(
                    col(a.released_on) > self.days.starts_on,
                    col(a.released_on) > col(a.allocated_on),
                ),
            ),
        )

    def year(self, year: int) -> Select[*tuple[Any, ...]]:
        """What everybody did with the product in a year."""
        y = LicenceActivityYear
        return scoped_columns(self.principal, y, col(y.person_id), col(y.days)).where(
            col(y.product) == self.product, col(y.year) == year
        )


async def _rows(session: AsyncSession, asked: _Asked) -> bytes:
    """Put together here, row by row: SQLite has no better way, and often no full join."""
    years: dict[int, dict[UUID, bytes]] = {}
    for year in {*asked.years_before, *(piece.year for piece in asked.pieces)}:
        years[year] = {row[0]: row[1] for row in await session.exec(asked.year(year))}
    places = {pool.id: place for place, pool in enumerate(asked.pools)}
    seats = [
        (row[0], _number(row[2]), _number(row[3]), places[row[1]])
        for row in await session.exec(asked.seats())
    ]
    holders = {seat[0] for seat in seats}
    others = {
        person for piece in asked.pieces for person in years[piece.year] if person not in holders
    }
    seats += [(person, _number(None), _number(None), -1) for person in others]
    until = asked.pieces[0].start
    found = []
    for person, *numbers in seats:
        of_person = {year: of_all.get(person, _EMPTY_YEAR) for year, of_all in years.items()}
        *earlier, this = (of_person[year] for year in asked.years_before)
        numbers += [len(days.rstrip(b"\0")) for days in (*earlier, this[:until])]
        activity = (of_person[p.year][p.start : p.start + p.length] for p in asked.pieces)
        found.append(person.bytes + struct.pack(f">{len(numbers)}i", *numbers) + b"".join(activity))
    return b"".join(found)


def _number(day: date | None) -> int:
    return (day or _OPEN_END).toordinal() - _EPOCH


async def _packed(session: AsyncSession, asked: _Asked) -> bytes:
    """Put together by the database, and handed over as one value."""
    seats = asked.seats().subquery()
    years = {
        year: asked.year(year).subquery()
        for year in {*asked.years_before, *(piece.year for piece in asked.pieces)}
    }
    source: Any = seats
    person: Any = seats.c.person_id
    for piece in asked.pieces:
        # Full: who has no seat is in it as well, and who has not done anything.
        year = years[piece.year]
        source = source.join(year, year.c.person_id == person, full=True)
        person = func.coalesce(person, year.c.person_id)
    for number in asked.years_before[:-1]:
        source = source.outerjoin(years[number], years[number].c.person_id == person)
    days: dict[int, ColumnElement[Any]] = {
        number: func.coalesce(year.c.days, literal(_EMPTY_YEAR, LargeBinary))
        for number, year in years.items()
    }
    place = case(
        *((seats.c.pool_id == pool.id, place) for place, pool in enumerate(asked.pools)), else_=-1
    )
    *earlier, this = asked.years_before
    before = [days[number] for number in earlier]
    before.append(func.substr(days[this], 1, asked.pieces[0].start))
    numbers = [
        place if asked.pools else literal(-1),
        *(func.length(func.rtrim(of_year, literal(b"\0", LargeBinary))) for of_year in before),
    ]
    dates = [
        func.coalesce(day, literal(_OPEN_END, Date))
        for day in (seats.c.allocated_on, seats.c.released_on)
    ]
    parts: list[Any] = [
        *(func.date_send(day, type_=LargeBinary) for day in dates),
        *(func.int4send(cast(number, Integer), type_=LargeBinary) for number in numbers),
        *(func.substr(days[p.year], p.start + 1, p.length) for p in asked.pieces),
    ]
    row: Any = func.uuid_send(person, type_=LargeBinary)
    for part in parts:
        row = row.op("||")(part)
    whole = func.string_agg(row, literal(b"", LargeBinary), type_=LargeBinary)
    statement: Select[*tuple[Any, ...]] = Select(whole).select_from(source)
    found: bytes | None = (await session.exec(statement)).one()[0]
    return found or b""


async def started_after(
    session: AsyncSession, principal: Principal, product: str, as_of: date, day: date
) -> dict[UUID, date]:
    statement = (
        scoped_columns(principal, Person, col(Person.id), col(Person.started_on))
        .join(SeatAllocation, _held_by(Person.organisation_id, Person.id, product, as_of))
        .where(col(Person.started_on) > day)
    )
    return {row[0]: row[1] for row in await session.exec(statement)}


async def away_after(
    session: AsyncSession, principal: Principal, product: str, as_of: date, day: date
) -> dict[UUID, list[Window]]:
    a = Absence
    columns = (col(a.person_id), col(a.starts_on), col(a.ends_on))
    statement = (
        scoped_columns(principal, a, *columns)
        .join(SeatAllocation, _held_by(a.organisation_id, a.person_id, product, as_of))
        .where(col(a.starts_on) <= as_of, or_(col(a.ends_on).is_(None), col(a.ends_on) > day))
    )
    found: dict[UUID, list[Window]] = defaultdict(list)
    for person_id, starts_on, ends_on in await session.exec(statement):
        found[person_id].append(Window(starts_on, ends_on or date.max))
    return found


def _held_by(
    organisation_id: Any, person_id: Any, product: str, as_of: date
) -> ColumnElement[bool]:
    """Seats of a product that somebody holds on a date."""
    a = SeatAllocation
    return and_(
        col(a.organisation_id) == organisation_id,
        col(a.person_id) == person_id,
        col(a.product) == product,
        col(a.allocated_on) <= as_of,
        or_(col(a.released_on).is_(None), col(a.released_on) > as_of),
    )
