"""What the figures of feedback are computed from: what was answered."""

from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Float, Integer, Uuid, bindparam, cast, func, literal
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import of, scoped, scoped_columns, scoped_once
from app.core.arrays import Ids, Reading, array_of
from app.core.periods import Window
from app.feedback.responses.models import FeedbackResponse
from app.metrics.feedback.answers import MINUTES, NOBODY, SCORES, Answers
from app.metrics.feedback.models import MissingFeedbackWeek
from app.pilots.models import Pilot

# Values that nobody can give stand for those that nobody gave.
_NO_SCORE, _NO_MINUTES = -1, -1e9
_NO_PERSON = UUID(int=0)


def _answers() -> Reading:
    r = FeedbackResponse
    scores = [
        func.coalesce(cast(col(getattr(r, name)), Integer), _NO_SCORE).label(name)
        for name in SCORES
    ]
    minutes = func.coalesce(cast(col(r.minutes_saved_per_day), Float), _NO_MINUTES)
    person = func.coalesce(col(r.person_id), literal(_NO_PERSON, Uuid))
    week = col(r.week_starts_on)
    statement = scoped_once(
        r, week.label("week"), person.label("person"), *scores, minutes.label(MINUTES)
    )
    # In one order, whatever way the database takes to them: the last digit of a sum hangs on it.
    return Reading(statement.where(*_asked_of(r)).order_by(week, col(r.id)))


def _asked_of(r: type[FeedbackResponse]) -> list[ColumnElement[bool]]:
    return [
        col(r.pilot_id) == bindparam("of_pilot"),
        col(r.week_starts_on) >= bindparam("starts_on"),
        col(r.week_starts_on) < bindparam("ends_on"),
        col(r.is_deleted).is_(False),
    ]


_ANSWERS = _answers()


async def answers(
    session: AsyncSession, principal: Principal, pilot: Pilot, weeks: Window
) -> tuple[Answers, Ids]:
    """What was answered about the weeks that start within a window, and whose each is: zero for nobody known."""
    asked = of(principal, of_pilot=pilot.id, starts_on=weeks.starts_on, ends_on=weeks.ends_on)
    found = await _ANSWERS.run(session, asked)
    nobody = dict.fromkeys(SCORES, _NO_SCORE) | {MINUTES: _NO_MINUTES}
    values = {
        name: np.where(found[name] == nothing, np.nan, found[name])
        for name, nothing in nobody.items()
    }
    return _of(found["week"], values), found["person"]


async def themes(
    session: AsyncSession, principal: Principal, pilot: Pilot, weeks: Window
) -> tuple[Answers, Ids]:
    """The same with nothing but the themes, of those that name some."""
    r = FeedbackResponse
    columns = (col(r.week_starts_on), col(r.person_id), col(r.themes))
    statement = scoped_columns(principal, r, *columns).where(*_asked_of(r), col(r.themes) != "")
    asked = {"of_pilot": pilot.id, "starts_on": weeks.starts_on, "ends_on": weeks.ends_on}
    rows = (await session.exec(statement, params=asked)).all()
    week = np.array([row[0].toordinal() for row in rows], dtype=np.int32)
    return (
        _of(week, {}, np.array([row[2] for row in rows], dtype=np.object_)),
        array_of([row[1] or _NO_PERSON for row in rows]),
    )


def _of(
    week: NDArray[np.int32],
    values: dict[str, NDArray[np.float64]],
    texts: NDArray[np.object_] | None = None,
) -> Answers:
    return Answers(week, np.full(len(week), NOBODY, dtype=np.intp), values, texts)


NO_ANSWERS = (
    _of(np.zeros(0, np.int32), {name: np.zeros(0) for name in (*SCORES, MINUTES)}),
    array_of([]),
)


async def missing(
    session: AsyncSession, principal: Principal, pilot_id: UUID
) -> list[MissingFeedbackWeek]:
    """Weeks of a pilot that were found to be missing."""
    m = MissingFeedbackWeek
    statement = scoped(principal, m).where(col(m.pilot_id) == pilot_id)
    return list((await session.exec(statement)).all())
