"""All SQL about sampling plans, and about the members that they ask."""

from collections import defaultdict
from uuid import UUID

from sqlalchemy import and_, or_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns
from app.core.fields import EARLIEST, LATEST
from app.core.periods import Window
from app.people.absences.models import Absence
from app.people.models import Person
from app.pilots.models import PilotMember
from app.time_use.plans.expectation import Member
from app.time_use.plans.models import SamplingPlan


async def find(session: AsyncSession, principal: Principal, pilot_id: UUID) -> SamplingPlan | None:
    statement = scoped(principal, SamplingPlan).where(col(SamplingPlan.pilot_id) == pilot_id)
    return (await session.exec(statement)).one_or_none()


async def members(
    session: AsyncSession, principal: Principal, pilot_id: UUID, days: Window
) -> list[Member]:
    """All members of a pilot in the order of their ids, with their absences on these days."""
    away = await _absences(session, principal, pilot_id, days)
    m, p = PilotMember, Person
    columns = (col(m.arm), col(m.joined_on), col(m.left_on), col(p.started_on), col(p.left_on))
    statement = (
        scoped_columns(principal, m, col(m.person_id), *columns)
        .join(
            p,
            and_(col(p.organisation_id) == col(m.organisation_id), col(p.id) == col(m.person_id)),
        )
        .where(col(m.pilot_id) == pilot_id)
        .order_by(col(m.person_id))
    )
    return [
        Member(
            person_id,
            arm,
            Window(joined_on or EARLIEST, left_on or LATEST),
            Window(started_on or EARLIEST, employed_until or LATEST),
            tuple(away.get(person_id, ())),
        )
        for person_id, arm, joined_on, left_on, started_on, employed_until in await session.exec(
            statement
        )
    ]


async def _absences(
    session: AsyncSession, principal: Principal, pilot_id: UUID, days: Window
) -> dict[UUID, list[Window]]:
    m, a = PilotMember, Absence
    statement = (
        scoped_columns(principal, a, col(a.person_id), col(a.starts_on), col(a.ends_on))
        .join(
            m,
            and_(
                col(m.organisation_id) == col(a.organisation_id),
                col(m.person_id) == col(a.person_id),
            ),
        )
        .where(
            col(m.pilot_id) == pilot_id,
            col(a.starts_on) < days.ends_on,
            or_(col(a.ends_on).is_(None), col(a.ends_on) > days.starts_on),
        )
    )
    found: dict[UUID, list[Window]] = defaultdict(list)
    for person_id, starts_on, ends_on in await session.exec(statement):
        found[person_id].append(Window(starts_on, ends_on or LATEST))
    return found
