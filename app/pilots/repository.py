"""All SQL about pilots, their members and their life."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Date, Integer, and_, bindparam, case, cast, func, literal, or_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import of, scoped, scoped_columns, scoped_once
from app.core.arrays import Reading
from app.core.bulk.results import Outcome
from app.core.bulk.writer import UpsertTarget, upsert
from app.core.fields import EARLIEST, LATEST
from app.core.lookup import find_each
from app.core.models import metadata
from app.core.pagination import PageQuery, paginate
from app.core.periods import Window
from app.people.absences.models import Absence
from app.people.models import Person
from app.pilots.models import Arm, Member, Pilot, PilotMember, PilotStatus, PilotTransition
from app.pilots.roll import ARMS, Absences, Roll
from app.pilots.schemas import PilotFilter

_UPSERT = UpsertTarget(
    table=metadata.tables["pilot_member"],
    key=("organisation_id", "pilot_id", "person_id"),
    compared=("arm", "joined_on", "left_on"),
    carried=("updated_at", "batch_id"),
    on_insert=("created_at",),
)


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery, wanted: PilotFilter
) -> tuple[list[Pilot], str | None]:
    statement = scoped(principal, Pilot)
    for name in ("code", "kind", "status"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(getattr(Pilot, name) == value)
    return await paginate(session, statement, col(Pilot.id), query)


async def running(session: AsyncSession, principal: Principal) -> list[Pilot]:
    statement = scoped(principal, Pilot).where(col(Pilot.status) == PilotStatus.RUNNING)
    return list((await session.exec(statement.order_by(col(Pilot.id)))).all())


async def over(session: AsyncSession, principal: Principal, days: Window) -> list[Pilot]:
    p = Pilot
    touched = (
        and_(col(starts_on) < days.ends_on, col(ends_on) > days.starts_on)
        for starts_on, ends_on in (
            (p.starts_on, p.ends_on),
            (p.baseline_starts_on, p.baseline_ends_on),
        )
    )
    statement = scoped(principal, p).where(or_(*touched)).order_by(col(p.id))
    return list((await session.exec(statement)).all())


_CARRIED_OUT = (PilotStatus.RUNNING, PilotStatus.COMPLETED, PilotStatus.DECIDED)


async def ended(session: AsyncSession, principal: Principal, by: date) -> list[Pilot]:
    p = Pilot
    statement = scoped(principal, p).where(col(p.ends_on) <= by, col(p.status).in_(_CARRIED_OUT))
    return list((await session.exec(statement.order_by(col(p.id)))).all())


async def find(
    session: AsyncSession, principal: Principal, pilot_id: UUID, *, for_update: bool = False
) -> Pilot | None:
    statement = scoped(principal, Pilot).where(col(Pilot.id) == pilot_id)
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).one_or_none()


async def hold(
    session: AsyncSession, principal: Principal, pilot_ids: Collection[UUID]
) -> Sequence[UUID]:
    """Those of some pilots that are there, held from now on; in one order, so that nobody waits in a circle."""
    statement = scoped_columns(principal, Pilot, col(Pilot.id)).where(col(Pilot.id).in_(pilot_ids))
    held = statement.order_by(col(Pilot.id)).with_for_update(key_share=True)
    return [row[0] for row in await session.exec(held)]


async def find_by_code(session: AsyncSession, principal: Principal, code: str) -> Pilot | None:
    statement = scoped(principal, Pilot).where(col(Pilot.code) == code)
    return (await session.exec(statement)).one_or_none()


async def transitions(
    session: AsyncSession, principal: Principal, pilot_id: UUID, query: PageQuery
) -> tuple[list[PilotTransition], str | None]:
    statement = scoped(principal, PilotTransition).where(col(PilotTransition.pilot_id) == pilot_id)
    return await paginate(session, statement, col(PilotTransition.id), query)


async def members(
    session: AsyncSession, principal: Principal, pilot_id: UUID, query: PageQuery, arm: Arm | None
) -> tuple[list[PilotMember], str | None]:
    statement = scoped(principal, PilotMember).where(col(PilotMember.pilot_id) == pilot_id)
    if arm is not None:
        statement = statement.where(col(PilotMember.arm) == arm)
    return await paginate(session, statement, col(PilotMember.person_id), query)


@dataclass(frozen=True, slots=True)
class Membership:
    """How somebody takes part."""

    arm: Arm = Arm.PILOT
    joined_on: date | None = None
    left_on: date | None = None


async def stored_members(
    session: AsyncSession, principal: Principal, pilot_id: UUID, person_ids: Collection[UUID]
) -> dict[UUID, Membership]:
    """How those of these people who are members already take part."""
    m = PilotMember
    columns = (col(m.person_id), col(m.arm), col(m.joined_on), col(m.left_on))
    statement = scoped_columns(principal, m, *columns).where(col(m.pilot_id) == pilot_id)
    keys = [(person_id,) for person_id in person_ids]
    rows = await find_each(session, statement, [col(m.person_id)], keys)
    return {row[0]: Membership(*row[1:]) for row in rows}


async def upsert_members(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> list[Outcome]:
    return await upsert(session, _UPSERT, rows)


async def taking_part(
    session: AsyncSession, principal: Principal, pilot_id: UUID, days: Window | None
) -> list[Member]:
    """All members of a pilot in the order of their ids, with their absences on these days, if any are asked."""
    away = {} if days is None else await _absences(session, principal, pilot_id, days)
    m, p = PilotMember, Person
    part = (col(m.arm), col(m.joined_on), col(m.left_on))
    work = (col(p.started_on), col(p.left_on), col(p.team), col(p.department), col(p.job_family))
    statement = (
        scoped_columns(principal, m, col(m.person_id), *part, *work)
        .join(
            p,
            and_(col(p.organisation_id) == col(m.organisation_id), col(p.id) == col(m.person_id)),
        )
        .where(col(m.pilot_id) == pilot_id)
        .order_by(col(m.person_id))
    )
    # Most have joined and left together.
    window = lru_cache(lambda since, until: Window(since or EARLIEST, until or LATEST))
    return [
        Member(
            row[0],
            row[1],
            window(row[2], row[3]),
            window(row[4], row[5]),
            tuple(away.get(row[0], ())),
            *row[6:],
        )
        for row in await session.exec(statement)
    ]


def _roll(*, at_work: bool) -> Reading:
    """Members of a pilot, and when they are employed where that is asked."""
    m, p = PilotMember, Person
    since, until = (literal(day, Date) for day in (EARLIEST, LATEST))
    arm = case(*((col(m.arm) == arm, place) for place, arm in enumerate(ARMS)))
    part = [
        col(m.person_id).label("person"),
        cast(arm, Integer).label("arm"),
        func.coalesce(col(m.joined_on), since).label("since"),
        func.coalesce(col(m.left_on), until).label("until"),
    ]
    work = [
        func.coalesce(col(p.started_on), since).label("employed_since"),
        func.coalesce(col(p.left_on), until).label("employed_until"),
    ]
    statement = scoped_once(m, *part, *(work if at_work else ()))
    if at_work:
        statement = statement.join(
            p,
            and_(col(p.organisation_id) == col(m.organisation_id), col(p.id) == col(m.person_id)),
        )
    # In one order, whatever way the database takes to them: the last digit of a sum hangs on it.
    statement = statement.where(col(m.pilot_id) == bindparam("of_pilot"))
    return Reading(statement.order_by(col(m.person_id)))


_ROLL, _ROLL_AT_WORK = _roll(at_work=False), _roll(at_work=True)


async def roll(
    session: AsyncSession, principal: Principal, pilot_id: UUID, days: Window | None
) -> Roll:
    """The same as arrays; where nobody asks about days, everybody is employed all the time."""
    away = {} if days is None else await _absences(session, principal, pilot_id, days)
    reading = _ROLL if days is None else _ROLL_AT_WORK
    found = await reading.run(session, of(principal, of_pilot=pilot_id))
    person = found["person"]
    always = [np.full(len(person), day.toordinal(), np.int32) for day in (EARLIEST, LATEST)]
    return Roll(
        person,
        found["arm"].astype(np.int8),
        found["since"],
        found["until"],
        found.get("employed_since", always[0]),
        found.get("employed_until", always[1]),
        Absences.of(person, away),
    )


async def groups(
    session: AsyncSession, principal: Principal, pilot_id: UUID, arm: Arm, attribute: str
) -> dict[str | None, list[UUID]]:
    """Who of an arm's members is in which group today, by an attribute of people."""
    m, p = PilotMember, Person
    statement = (
        scoped_columns(principal, m, col(getattr(p, attribute)), col(m.person_id))
        .join(
            p,
            and_(col(p.organisation_id) == col(m.organisation_id), col(p.id) == col(m.person_id)),
        )
        .where(col(m.pilot_id) == pilot_id, col(m.arm) == arm)
    )
    found: dict[str | None, list[UUID]] = defaultdict(list)
    for group, person_id in await session.exec(statement):
        found[group].append(person_id)
    return found


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
