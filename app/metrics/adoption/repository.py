"""What adoption is computed from: who had access when, and what they did."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, or_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped_columns, within
from app.core.periods import Window
from app.licences.activity.models import ANY_APP, LicenceActivity, Period
from app.people.models import Person
from app.pilots.models import Arm, Pilot, PilotMember


class GroupBy(StrEnum):
    """The fixed groups that a figure may be broken down by."""

    TEAM = "team"
    DEPARTMENT = "department"
    JOB_FAMILY = "job_family"


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the pilot; `joined_on` or `left_on` None leaves that end open."""

    person_id: UUID
    arm: Arm
    joined_on: date | None
    left_on: date | None
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


async def members(
    session: AsyncSession, principal: Principal, pilot_id: UUID, group_by: GroupBy | None
) -> list[Member]:
    """All members of a pilot, with the group that each is in today."""
    group = col(getattr(Person, (group_by or GroupBy.DEPARTMENT).value))
    statement = (
        scoped_columns(
            principal,
            PilotMember,
            col(PilotMember.person_id),
            col(PilotMember.arm),
            col(PilotMember.joined_on),
            col(PilotMember.left_on),
            group,
        )
        .join(
            Person,
            and_(
                col(Person.organisation_id) == col(PilotMember.organisation_id),
                col(Person.id) == col(PilotMember.person_id),
            ),
        )
        .where(col(PilotMember.pilot_id) == pilot_id)
    )
    return [Member(*row) for row in await session.exec(statement)]


async def activity(
    session: AsyncSession, principal: Principal, pilot: Pilot, days: Window
) -> list[Record]:
    """What the pilot's members did, in either arm, as far as it counts on one of these days.

    Weeks are read from six days before the window, as they count on their fourth day.
    """
    a = LicenceActivity
    is_any = col(a.app) == ANY_APP
    says_nothing = and_(col(a.active_days).is_(None), col(a.actions).is_(None))
    is_active = or_(col(a.active_days) > 0, col(a.actions) > 0, says_nothing)
    key = (col(a.person_id), col(a.product), col(a.period), col(a.period_starts_on))
    statement = (
        scoped_columns(
            principal,
            LicenceActivity,
            *key,
            func.max(case((is_any, col(a.active_days)))),
            func.max(case((~is_any, col(a.active_days)))),
            func.max(case((is_any, col(a.actions)))),
            func.sum(case((~is_any, col(a.actions)))),
            func.max(case((is_any, 1), else_=0)),
            func.sum(case((is_active, 1), else_=0)),
        )
        .join(
            PilotMember,
            and_(
                col(PilotMember.organisation_id) == col(a.organisation_id),
                col(PilotMember.person_id) == col(a.person_id),
            ),
        )
        .where(
            *within(principal, PilotMember),
            col(PilotMember.pilot_id) == pilot.id,
            col(a.period_starts_on) >= days.starts_on - timedelta(days=6),
            col(a.period_starts_on) < days.ends_on,
        )
        .group_by(*key)
    )
    if pilot.product is not None:
        statement = statement.where(col(a.product) == pilot.product)
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
