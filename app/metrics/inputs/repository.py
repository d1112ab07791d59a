"""All SQL about what figures are made from: rows as they count, with nothing in them that is ours alone.

People go by their HR numbers and pools by their names, as ids differ between databases. What lies after the
last day that counts is left out, and an end that lies after it is open: it was, on that day.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select

from app.access.principals import Principal
from app.access.scoping import scoped_columns
from app.core.local_days import LocalDays, begins
from app.core.models import TenantRow
from app.core.periods import DAY, Window, iso_week_of
from app.feedback.responses.models import SCORES, FeedbackResponse
from app.licences.activity.models import LicenceActivity, Period
from app.licences.activity.repository import is_active
from app.licences.allocations.models import SeatAllocation
from app.licences.pools.models import LicencePool
from app.licences.reclaim.models import Decision, ReclaimDecision
from app.licences.waiting_list.models import WaitingEntry
from app.metrics.inputs.digests import InputRow
from app.people.absences.models import Absence
from app.people.models import Person
from app.pilots.models import Pilot, PilotMember
from app.time_use.samples.models import TimeSample

# Others have their turn in between.
_ROWS_AT_A_TIME = 1_000
_MIDDLE_OF_A_WEEK = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Extent:
    """Whose inputs are read: of a pilot and its pools, from a day on, up to the end of `as_of`."""

    principal: Principal
    pilot: Pilot
    pools: Sequence[LicencePool]
    since: date
    as_of: date

    @property
    def last(self) -> date:
        """The last day of the week of `as_of`: what is said by the week is said of the whole of it."""
        return iso_week_of(self.as_of).ends_on - DAY

    @property
    def products(self) -> list[str]:
        """Of which pools, those of other pilots as well: who holds a seat of one holds none of another."""
        return sorted({pool.product for pool in self.pools})

    def back_to(self, day: date) -> "Extent":
        return replace(self, since=min(self.since, day))

    def takes_part(self, person_id: Any) -> ColumnElement[bool]:
        """Whether somebody had joined the pilot, or been given a seat of these products."""
        members = scoped_columns(self.principal, PilotMember, col(PilotMember.person_id))
        holders = scoped_columns(self.principal, SeatAllocation, col(SeatAllocation.person_id))
        return or_(
            person_id.in_(members.where(self.has_joined())),
            person_id.in_(holders.where(self.was_given())),
        )

    def has_joined(self) -> ColumnElement[bool]:
        m = PilotMember
        joined = or_(col(m.joined_on).is_(None), col(m.joined_on) <= self.last)
        return and_(col(m.pilot_id) == self.pilot.id, joined)

    def was_given(self) -> ColumnElement[bool]:
        """One that was taken back altogether is none."""
        a = SeatAllocation
        taken_back = col(a.released_on) <= col(a.allocated_on)
        return and_(
            col(a.product).in_(self.products),
            col(a.allocated_on) <= self.as_of,
            or_(col(a.released_on).is_(None), ~taken_back),
        )

    def rows_of(self, model: type[TenantRow], *columns: Any) -> Select[*tuple[Any, ...]]:
        """Columns of a table about people, after the person's HR number."""
        of: Any = model
        return scoped_columns(self.principal, model, col(Person.external_id), *columns).join(
            Person,
            and_(
                col(Person.organisation_id) == col(of.organisation_id),
                col(Person.id) == col(of.person_id),
            ),
        )


def _until(day: date | None, last: date) -> date | None:
    """An end as it was known on the last day that counts."""
    return None if day is None or day > last else day


async def members(session: AsyncSession, extent: Extent) -> list[InputRow]:
    """Who had joined."""
    m = PilotMember
    statement = extent.rows_of(m, col(m.arm), col(m.joined_on), col(m.left_on)).where(
        extent.has_joined()
    )
    return [
        InputRow(joined_on, (who,), (arm, _until(left_on, extent.last)))
        for who, arm, joined_on, left_on in await session.exec(statement)
    ]


async def people(session: AsyncSession, extent: Extent) -> list[InputRow]:
    """From when to when they were employed who take part."""
    p = Person
    columns = (col(p.external_id), col(p.started_on), col(p.left_on))
    statement = scoped_columns(extent.principal, p, *columns).where(extent.takes_part(col(p.id)))
    return [
        InputRow(None, (who,), (started_on, _until(left_on, extent.last)))
        for who, started_on, left_on in await session.exec(statement)
    ]


async def absences(session: AsyncSession, extent: Extent) -> list[InputRow]:
    """When they were away who take part."""
    a = Absence
    statement = extent.rows_of(a, col(a.starts_on), col(a.ends_on)).where(
        extent.takes_part(col(a.person_id)),
        col(a.starts_on) <= extent.last,
        or_(col(a.ends_on).is_(None), col(a.ends_on) > extent.since),
    )
    return [
        InputRow(starts_on, (who,), (_until(ends_on, extent.last),))
        for who, starts_on, ends_on in await session.exec(statement)
    ]


async def time_samples(session: AsyncSession, extent: Extent) -> AsyncIterator[Iterable[InputRow]]:
    """The samples of the baseline and of the window, some at a time."""
    zone = ZoneInfo(extent.principal.organisation.zone)
    day_of = LocalDays(zone).of
    s = TimeSample
    columns = (s.source, s.source_ref, s.category, s.started_at, s.minutes, s.method)
    statement = extent.rows_of(s, *(col(column) for column in columns)).where(
        col(s.pilot_id) == extent.pilot.id, col(s.is_deleted).is_(other=False)
    )
    for window in extent.pilot.windows:
        days = window.clip(Window(date.min, extent.as_of + DAY))
        if not days.days:
            continue
        within = statement.where(
            col(s.started_at) >= begins(days.starts_on, zone),
            col(s.started_at) < begins(days.ends_on, zone),
        )
        rows = await session.stream(within)
        async for part in rows.partitions(_ROWS_AT_A_TIME):
            yield [
                InputRow(day_of(began), (source, ref), (who, category, began, minutes, method))
                for who, source, ref, category, began, minutes, method in part
            ]


async def feedback(session: AsyncSession, extent: Extent) -> list[InputRow]:
    """Answers about the weeks of the baseline and of the window; of anonymous ones nobody knows whose."""
    r = FeedbackResponse
    said = (*(getattr(r, score) for score in SCORES), r.minutes_saved_per_day, r.would_keep)
    columns = (col(column) for column in (Person.external_id, r.week_starts_on, *said))
    statement = (
        scoped_columns(extent.principal, r, *columns)
        .outerjoin(
            Person,
            and_(
                col(Person.organisation_id) == col(r.organisation_id),
                col(Person.id) == col(r.person_id),
            ),
        )
        .where(col(r.pilot_id) == extent.pilot.id, col(r.is_deleted).is_(other=False))
    )
    weeks = [Window(iso_week_of(w.starts_on).starts_on, w.ends_on) for w in extent.pilot.windows]
    return [
        InputRow(monday, (who,), tuple(answers))
        for who, monday, *answers in await session.exec(statement)
        if monday <= extent.last and any(monday in each for each in weeks)
    ]


def _counts_by(as_of: date) -> ColumnElement[bool]:
    """Whether activity had been by a day: that of a week counts on its fourth."""
    a = LicenceActivity
    ends = or_(col(a.period) == Period.DAY, col(a.period_starts_on) <= as_of - _MIDDLE_OF_A_WEEK)
    return and_(col(a.period_starts_on) <= as_of, ends)


async def activity(session: AsyncSession, extent: Extent) -> list[InputRow]:
    """What they did who take part."""
    a = LicenceActivity
    key = (a.product, a.period, a.period_starts_on, a.app)
    columns = (col(column) for column in (*key, a.active_days, a.actions))
    statement = extent.rows_of(a, *columns).where(
        extent.takes_part(col(a.person_id)),
        col(a.period_starts_on) > extent.since - timedelta(weeks=1),
        _counts_by(extent.as_of),
    )
    products = {*extent.products, *([extent.pilot.product] if extent.pilot.product else ())}
    if products:
        statement = statement.where(col(a.product).in_(products))
    return [
        InputRow(day, (who, product, period, app), (active_days, actions))
        for who, product, period, day, app, active_days, actions in await session.exec(statement)
    ]


async def newest_activity(session: AsyncSession, extent: Extent) -> list[InputRow]:
    """How far the data on the pools' products reach, anybody's: whether they are out of date."""
    a = LicenceActivity
    key = (col(a.product), col(a.period))
    statement = (
        scoped_columns(extent.principal, a, *key, func.max(col(a.period_starts_on)))
        .where(col(a.product).in_(extent.products), is_active(), _counts_by(extent.as_of))
        .group_by(*key)
    )
    return [
        InputRow(None, (product, period), (newest,))
        for product, period, newest in await session.exec(statement)
    ]


async def pools(session: AsyncSession, extent: Extent) -> list[InputRow]:
    """The pools of the products, and which of them are the pilot's."""
    p = LicencePool
    said = (p.term_starts_on, p.term_ends_on, p.seat_price, p.currency)
    columns = (col(column) for column in (p.product, p.name, p.pilot_id, *said))
    statement = scoped_columns(extent.principal, p, *columns).where(
        col(p.product).in_(extent.products)
    )
    return [
        InputRow(None, (product, name), (pilot_id == extent.pilot.id, *values))
        for product, name, pilot_id, *values in await session.exec(statement)
    ]


def _pool_of(model: type[SeatAllocation | WaitingEntry]) -> ColumnElement[bool]:
    p = LicencePool
    return and_(
        col(p.organisation_id) == col(model.organisation_id), col(p.id) == col(model.pool_id)
    )


async def seats(session: AsyncSession, extent: Extent) -> list[InputRow]:
    """Seats of the products that were given."""
    a = SeatAllocation
    pool = col(LicencePool.name)
    columns = (col(a.product), pool, col(a.allocated_on), col(a.released_on))
    statement = extent.rows_of(a, *columns).join(LicencePool, _pool_of(a)).where(extent.was_given())
    return [
        InputRow(given_on, (product, who), (name, _until(ended_on, extent.as_of)))
        for who, product, name, given_on, ended_on in await session.exec(statement)
    ]


async def waiting(session: AsyncSession, extent: Extent) -> list[InputRow]:
    """Who asked for a seat of the pilot's pools, and what became of it."""
    e = WaitingEntry
    ended = (col(e.ended_on), col(e.allocation_id).is_not(None))
    statement = (
        extent.rows_of(e, col(LicencePool.name), col(e.requested_on), *ended)
        .join(LicencePool, _pool_of(e))
        .where(col(e.pool_id).in_(_ids(extent)), col(e.requested_on) <= extent.as_of)
    )
    found = []
    for who, pool, asked_on, ended_on, got_seat in await session.exec(statement):
        until = _until(ended_on, extent.as_of)
        found.append(InputRow(asked_on, (pool, who), (until, until is not None and bool(got_seat))))
    return found


async def kept_seats(session: AsyncSession, extent: Extent) -> list[InputRow]:
    """Seats that nobody is to be asked for, by the last decision about them."""
    a, d = SeatAllocation, ReclaimDecision
    decided = (col(d.allocation_id), col(d.decision), col(d.as_of), col(d.keep_until))
    statement = (
        extent.rows_of(a, col(a.product), col(a.allocated_on), *decided)
        .join(
            d,
            and_(
                col(d.organisation_id) == col(a.organisation_id), col(d.allocation_id) == col(a.id)
            ),
        )
        .where(col(a.product).in_(extent.products), col(d.as_of) <= extent.as_of)
        .order_by(col(d.decided_at), col(d.id))
    )
    last: dict[UUID, InputRow | None] = {}
    for who, product, given_on, seat, decision, day, until in await session.exec(statement):
        kept = InputRow(day, (product, who, given_on), (until,))
        last[seat] = kept if decision is Decision.KEEP else None
    return [row for row in last.values() if row is not None]


def _ids(extent: Extent) -> list[UUID]:
    return [pool.id for pool in extent.pools]
