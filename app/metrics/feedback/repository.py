"""What the figures of feedback are computed from: what was answered."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns
from app.core.periods import Window
from app.feedback.responses.models import FeedbackResponse
from app.metrics.feedback.models import MissingFeedbackWeek
from app.pilots.models import Pilot


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


async def missing(
    session: AsyncSession, principal: Principal, pilot_id: UUID
) -> list[MissingFeedbackWeek]:
    """Weeks of a pilot that were found to be missing."""
    m = MissingFeedbackWeek
    statement = scoped(principal, m).where(col(m.pilot_id) == pilot_id)
    return list((await session.exec(statement)).all())
