"""What the figures of feedback are computed from: who was expected when, and what was answered."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import and_, or_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped_columns
from app.core.fields import EARLIEST, LATEST
from app.core.periods import Window
from app.feedback.responses.models import FeedbackResponse
from app.metrics.groups import GroupBy
from app.people.absences.models import Absence
from app.people.models import Person
from app.pilots.models import Arm, Pilot, PilotMember


@dataclass(frozen=True, slots=True)
class Participant:
    """A member of arm `pilot`: over which days, away when, in which group."""

    person_id: UUID
    days: Window
    away: tuple[Window, ...]
    group: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answered about a week; nobody known where `person_id` is None."""

    week_starts_on: date
    person_id: UUID | None
    satisfaction: int | None
    quality_improved: int | None
    mental_load_reduced: int | None
    morale: int | None
    minutes_saved_per_day: float | None
    would_keep: bool | None
    themes: str


_ANSWER = tuple(Answer.__dataclass_fields__)


async def participants(
    session: AsyncSession,
    principal: Principal,
    pilot: Pilot,
    span: Window,
    group_by: GroupBy | None,
) -> list[Participant]:
    """The members of arm `pilot`, over the days on which they take part and are employed.

    Absences are those that touch `span`.
    """
    m, p = PilotMember, Person
    group = col(getattr(p, (group_by or GroupBy.DEPARTMENT).value))
    columns = (col(m.person_id), col(m.joined_on), col(m.left_on))
    statement = (
        scoped_columns(principal, m, *columns, col(p.started_on), col(p.left_on), group)
        .join(
            p,
            and_(col(p.organisation_id) == col(m.organisation_id), col(p.id) == col(m.person_id)),
        )
        .where(col(m.pilot_id) == pilot.id, col(m.arm) == Arm.PILOT)
    )
    away = await _away(session, principal, pilot, span)
    found = []
    for person_id, joined_on, left_on, started_on, quit_on, of in await session.exec(statement):
        taking_part = Window(joined_on or EARLIEST, left_on or LATEST)
        employed = Window(started_on or EARLIEST, quit_on or LATEST)
        days = taking_part.clip(employed)
        found.append(Participant(person_id, days, tuple(away.get(person_id, ())), of))
    return found


async def _away(
    session: AsyncSession, principal: Principal, pilot: Pilot, span: Window
) -> dict[UUID, list[Window]]:
    """When members of a pilot are away, as far as it touches `span`."""
    a, m = Absence, PilotMember
    statement = (
        scoped_columns(principal, a, col(a.person_id), col(a.starts_on), col(a.ends_on))
        .join(
            m,
            and_(
                col(m.organisation_id) == col(a.organisation_id),
                col(m.person_id) == col(a.person_id),
                col(m.pilot_id) == pilot.id,
            ),
        )
        .where(
            col(a.starts_on) < span.ends_on,
            or_(col(a.ends_on).is_(None), col(a.ends_on) > span.starts_on),
        )
    )
    found: dict[UUID, list[Window]] = defaultdict(list)
    for person_id, starts_on, ends_on in await session.exec(statement):
        found[person_id].append(Window(starts_on, ends_on or LATEST))
    return found


async def answers(
    session: AsyncSession, principal: Principal, pilot: Pilot, weeks: Window
) -> list[Answer]:
    """What was answered about the weeks that start within a window."""
    r = FeedbackResponse
    statement = scoped_columns(principal, r, *(col(getattr(r, name)) for name in _ANSWER)).where(
        col(r.pilot_id) == pilot.id,
        col(r.week_starts_on) >= weeks.starts_on,
        col(r.week_starts_on) < weeks.ends_on,
        col(r.is_deleted).is_(False),
    )
    return [Answer(*row) for row in await session.exec(statement)]
