"""What adoption is computed from: who had access when, and what they did."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped_columns
from app.core.fields import EARLIEST, LATEST
from app.core.periods import Window
from app.licences.activity.models import ANY_APP, LicenceActivity, Period
from app.licences.activity.repository import active_rows, days_of_period
from app.licences.allocations.models import SeatAllocation
from app.licences.pools.models import LicencePool
from app.metrics.groups import GroupBy
from app.people.models import Person
from app.pilots.models import Arm, Pilot, PilotMember


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody in the pilot: with access over these days (none in the comparison arm), from a day on."""

    person_id: UUID
    access: tuple[Window, ...]
    access_from: date
    group: str | None


@dataclass(frozen=True, slots=True)
class Record:
    """What one person did with one product in one day or week, over all apps.

    `total_*` come from the row of app `any`, `apps_*` from the rows by app: the largest number of
    days, the sum of actions. None is not known.
    """

    person_id: UUID
    product: str
    period: Period
    period_starts_on: date
    total_days: int | None
    apps_days: int | None
    total_actions: int | None
    apps_actions: int | None
    has_total: bool
    active_rows: int

    @property
    def days(self) -> int | None:
        return self.apps_days if self.total_days is None else self.total_days

    @property
    def actions(self) -> int | None:
        # A total that is not known is not the sum of the apps that are.
        return self.total_actions if self.has_total else self.apps_actions

    @property
    def days_are_a_lower_bound(self) -> bool:
        """Days by app may lie on different days, so the largest app's is the least there can be."""
        return self.total_days is None

    @property
    def contradicts_itself(self) -> bool:
        """The total is smaller than a part of it."""
        days = self.total_days is not None and (self.apps_days or 0) > self.total_days
        actions = self.total_actions is not None and (self.apps_actions or 0) > self.total_actions
        return days or actions


def _group(group_by: GroupBy | None) -> Any:
    return col(getattr(Person, (group_by or GroupBy.DEPARTMENT).value))


def _person_of(model: type[PilotMember | SeatAllocation]) -> ColumnElement[bool]:
    return and_(
        col(Person.organisation_id) == col(model.organisation_id),
        col(Person.id) == col(model.person_id),
    )


async def members(
    session: AsyncSession, principal: Principal, pilot: Pilot, group_by: GroupBy | None
) -> list[Participant]:
    """All members of a pilot; those of arm `pilot` have access while they are in it."""
    m = PilotMember
    columns = (col(m.person_id), col(m.arm), col(m.joined_on), col(m.left_on), _group(group_by))
    statement = (
        scoped_columns(principal, m, *columns)
        .join(Person, _person_of(m))
        .where(col(m.pilot_id) == pilot.id)
    )
    found = []
    for person_id, arm, joined_on, left_on, group in await session.exec(statement):
        days = Window(joined_on or EARLIEST, left_on or LATEST)
        access = (days,) if arm is Arm.PILOT else ()
        found.append(Participant(person_id, access, joined_on or pilot.starts_on, group))
    return found


async def holders(
    session: AsyncSession,
    principal: Principal,
    pools: Sequence[LicencePool],
    group_by: GroupBy | None,
) -> list[Participant]:
    """Everybody who has or had a seat of these pools, with access while they hold one."""
    a = SeatAllocation
    ends = {pool.id: pool.term_ends_on for pool in pools}
    columns = (col(a.pool_id), col(a.allocated_on), col(a.released_on), _group(group_by))
    statement = (
        scoped_columns(principal, a, col(a.person_id), *columns)
        .join(Person, _person_of(a))
        .where(col(a.pool_id).in_(ends))
        .order_by(col(a.person_id), col(a.allocated_on))
    )
    seats: dict[UUID, list[Window]] = defaultdict(list)
    groups: dict[UUID, str | None] = {}
    for person_id, pool_id, allocated_on, released_on, group in await session.exec(statement):
        days = Window(allocated_on, released_on or ends[pool_id])
        if days.days:
            seats[person_id].append(days)
            groups[person_id] = group
    return [
        Participant(person_id, tuple(access), access[0].starts_on, groups[person_id])
        for person_id, access in seats.items()
    ]


async def activity(
    session: AsyncSession,
    principal: Principal,
    pilot: Pilot,
    pools: Sequence[LicencePool],
    days: Window,
) -> list[Record]:
    """What the pilot's members and holders of its seats did, as far as it counts on one of these days.

    Weeks are read from six days before the window, as they count on their fourth day.
    """
    a, m, seat = LicenceActivity, PilotMember, SeatAllocation
    is_any = col(a.app) == ANY_APP
    key = (col(a.person_id), col(a.product), col(a.period), col(a.period_starts_on))
    participants = scoped_columns(principal, m, col(m.person_id)).where(col(m.pilot_id) == pilot.id)
    of_holders = scoped_columns(principal, seat, col(seat.person_id)).where(
        col(seat.pool_id).in_([pool.id for pool in pools])
    )
    statement = (
        scoped_columns(
            principal,
            LicenceActivity,
            *key,
            *days_of_period(),
            func.max(case((is_any, col(a.actions)))),
            func.sum(case((~is_any, col(a.actions)))),
            func.max(case((is_any, 1), else_=0)),
            active_rows(),
        )
        .where(
            or_(col(a.person_id).in_(participants), col(a.person_id).in_(of_holders)),
            col(a.period_starts_on) >= days.starts_on - timedelta(days=6),
            col(a.period_starts_on) < days.ends_on,
        )
        .group_by(*key)
    )
    products = [pilot.product] if pilot.product else [pool.product for pool in pools]
    if products:
        statement = statement.where(col(a.product).in_(products))
    rows = (await session.exec(statement)).all()
    return [_record(*row) for row in rows]


def _record(
    person_id: UUID,
    product: str,
    period: Period,
    period_starts_on: date,
    total_days: int | None,
    apps_days: int | None,
    total_actions: int | None,
    apps_actions: Any,
    has_total: int,
    active_rows: Any,
) -> Record:
    """A row of `activity`. A sum is a decimal on one database and an integer on the other."""
    return Record(
        person_id,
        product,
        period,
        period_starts_on,
        total_days,
        apps_days,
        total_actions,
        None if apps_actions is None else int(apps_actions),
        bool(has_total),
        int(active_rows),
    )
