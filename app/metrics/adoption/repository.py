"""What adoption is computed from: who had access when, and what they did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from sqlalchemy import Date, Integer, and_, bindparam, case, cast, func, literal, or_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import of, scoped_columns, scoped_once
from app.core.arrays import Ids, Reading, array_of
from app.core.fields import EARLIEST, LATEST
from app.core.periods import Window
from app.licences.activity.models import ANY_APP, LicenceActivity, LicenceActivityYear, Period
from app.licences.allocations.models import SeatAllocation
from app.licences.pools.models import LicencePool
from app.metrics.adoption.participants import Ordinals
from app.metrics.adoption.records import UNKNOWN, Rows
from app.metrics.groups import GroupBy
from app.people.models import Person
from app.pilots.models import Arm, Pilot, PilotMember

# What kind a row of activity is, a bit each.
_IS_TOTAL, _IS_WEEK = 1, 2


@dataclass(frozen=True, slots=True)
class Spans:
    """Days over which people are something, shape (n,) each: ids, first days, and those after the last ones."""

    person: Ids
    since: Ordinals
    until: Ordinals


@dataclass(frozen=True, slots=True)
class Members:
    """Members of a pilot, shape (n,) each: when they are in it, since when, and whether in arm `pilot`."""

    spans: Spans
    since: Ordinals
    is_participant: np.ndarray[Any, np.dtype[np.bool_]]


def _members() -> Reading:
    m = PilotMember
    since, until = (literal(day, Date) for day in (EARLIEST, LATEST))
    return Reading(
        scoped_once(
            m,
            col(m.person_id).label("person"),
            cast(case((col(m.arm) == Arm.PILOT, 1), else_=0), Integer).label("is_participant"),
            func.coalesce(col(m.joined_on), since).label("since"),
            func.coalesce(col(m.left_on), until).label("until"),
            func.coalesce(col(m.joined_on), bindparam("pilot_since", type_=Date)).label("counted"),
        ).where(col(m.pilot_id) == bindparam("of_pilot"))
    )


def _holders() -> Reading:
    a, p = SeatAllocation, LicencePool
    until = func.coalesce(col(a.released_on), col(p.term_ends_on))
    return Reading(
        scoped_once(
            a,
            col(a.person_id).label("person"),
            col(a.allocated_on).label("since"),
            until.label("until"),
        )
        .join(
            p, and_(col(p.organisation_id) == col(a.organisation_id), col(p.id) == col(a.pool_id))
        )
        .where(
            col(a.pool_id).in_(bindparam("of_pools", expanding=True)), until > col(a.allocated_on)
        )
    )


_MEMBERS, _HOLDERS = _members(), _holders()


async def members(session: AsyncSession, principal: Principal, pilot: Pilot) -> Members:
    """All members of a pilot; who has not joined on a day of its own is counted from the pilot's first."""
    asked = of(principal, of_pilot=pilot.id, pilot_since=pilot.starts_on)
    found = await _MEMBERS.run(session, asked)
    spans = Spans(found["person"], found["since"], found["until"])
    return Members(spans, found["counted"], found["is_participant"] > 0)


async def holders(
    session: AsyncSession, principal: Principal, pools: Sequence[LicencePool]
) -> Spans:
    """The seats of these pools that were held for a day at least."""
    found = await _HOLDERS.run(session, of(principal, of_pools=[pool.id for pool in pools]))
    return Spans(found["person"], found["since"], found["until"])


async def groups(
    session: AsyncSession,
    principal: Principal,
    pilot: Pilot,
    pools: Sequence[LicencePool],
    wanted: Sequence[GroupBy],
) -> dict[GroupBy, dict[str | None, Ids]]:
    """Who of the pilot's members, and of those who ever had a seat of its pools, is in which group."""
    p, m, a = Person, PilotMember, SeatAllocation
    enrolled = scoped_columns(principal, m, col(m.person_id)).where(col(m.pilot_id) == pilot.id)
    seated = scoped_columns(principal, a, col(a.person_id)).where(
        col(a.pool_id).in_([pool.id for pool in pools])
    )
    columns = [col(getattr(p, by.value)) for by in wanted]
    statement = scoped_columns(principal, p, col(p.id), *columns).where(
        or_(col(p.id).in_(enrolled), col(p.id).in_(seated)) if pools else col(p.id).in_(enrolled)
    )
    rows = (await session.exec(statement)).all()
    found: dict[GroupBy, dict[str | None, Ids]] = {}
    for place, by in enumerate(wanted, start=1):
        of_group: dict[str | None, list[Any]] = {}
        for row in rows:
            of_group.setdefault(row[place], []).append(row[0])
        found[by] = {name: array_of(ids) for name, ids in of_group.items()}
    return found


async def products(
    session: AsyncSession, principal: Principal, pilot: Pilot, pools: Sequence[LicencePool]
) -> list[str]:
    """The products whose activity counts: the pilot's, else those of its pools, else every one that was used."""
    known = {pilot.product} if pilot.product else {pool.product for pool in pools}
    if not known:
        y = LicenceActivityYear
        statement = scoped_columns(principal, y, col(y.product)).distinct()
        known = {row[0] for row in await session.exec(statement)}
    return sorted(known)


async def activity(
    session: AsyncSession,
    principal: Principal,
    pilot: Pilot,
    pools: Sequence[LicencePool],
    names: Sequence[str],
    days: Window,
) -> Rows:
    """What the pilot's members and holders of its seats did with products, as far as it counts on one of these days.

    As it is stored: to add rows up takes the database longer than to send them. Weeks are read from six days
    before the window, as they count on their fourth day.
    """
    a, m, seat = LicenceActivity, PilotMember, SeatAllocation
    enrolled = scoped_columns(principal, m, col(m.person_id)).where(col(m.pilot_id) == pilot.id)
    seated = scoped_columns(principal, seat, col(seat.person_id)).where(
        col(seat.pool_id).in_([pool.id for pool in pools])
    )
    person = col(a.person_id)
    kind = case((col(a.app) == ANY_APP, _IS_TOTAL), else_=0) + case(
        (col(a.period) == Period.WEEK, _IS_WEEK), else_=0
    )
    of_name = [(col(a.product) == name, n) for n, name in enumerate(names)]
    number = case(*of_name, else_=0) if of_name else literal(0)
    statement = scoped_columns(
        principal,
        a,
        person.label("person"),
        cast(number, Integer).label("product"),
        col(a.period_starts_on).label("starts"),
        cast(kind, Integer).label("kind"),
        func.coalesce(col(a.active_days), UNKNOWN).label("active_days"),
        func.coalesce(col(a.actions), UNKNOWN).label("actions"),
    ).where(
        or_(person.in_(enrolled), person.in_(seated)) if pools else person.in_(enrolled),
        col(a.product).in_(names),
        col(a.period_starts_on) >= days.starts_on - timedelta(days=6),
        col(a.period_starts_on) < days.ends_on,
    )
    found = await Reading(statement).run(session, {})
    return Rows(
        person=found["person"],
        product=found["product"],
        starts=found["starts"],
        is_week=(found["kind"] & _IS_WEEK) > 0,
        is_total=(found["kind"] & _IS_TOTAL) > 0,
        active_days=found["active_days"],
        actions=found["actions"],
    )
