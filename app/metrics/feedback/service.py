"""Feedback as it is answered: loaded, computed, broken down, and suppressed for the reader."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.permissions import Scope
from app.access.principals import Principal
from app.core import clock
from app.core.arrays import Ids, array_of
from app.core.periods import DAY, Window
from app.events import service as events
from app.events.types import FEEDBACK_MISSING
from app.feedback.sessions import service as sessions
from app.feedback.sessions.models import FeedbackSession
from app.metrics.feedback import repository
from app.metrics.feedback.answers import Answers, at_work, counted
from app.metrics.feedback.calculation import Feedback, weeks_of
from app.metrics.feedback.models import MissingFeedbackWeek
from app.metrics.figures import AnyFigure, Flag
from app.metrics.groups import GroupBy, named
from app.metrics.questions import Question
from app.metrics.suppression import Report, suppress, suppress_parts
from app.pilots import membership
from app.pilots import service as pilots
from app.pilots.models import Arm, Pilot
from app.pilots.roll import Roll

MOST_THEMES = 50


@dataclass(frozen=True, slots=True)
class Themes:
    """How many people name a theme, the commonest first; whether some are too few to be shown."""

    counts: list[tuple[str, int]]
    withheld: bool


@dataclass(frozen=True, slots=True)
class FeedbackAnswer:
    """Figures fit for the reader, the Mondays of the weekly ones, and what is missing."""

    window: Window
    as_of: date
    report: Report
    mondays: list[date]
    missing_weeks: list[date]
    themes: Themes


async def feedback(
    session: AsyncSession, principal: Principal, pilot_id: UUID, question: Question
) -> FeedbackAnswer:
    """Feedback of a pilot.

    Raises:
        NotFound: there is no such pilot within reach.
        Invalid: the window is empty, backwards or too long.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    window = question.window(pilot.window)
    as_of = question.last_day(window, clock.today(principal.organisation.zone))
    loaded = await _load(session, principal, pilot, window, as_of)
    groups = await _groups(session, principal, pilot, loaded.roll, question.group_by)
    report, mondays, missing, themes = await asyncio.to_thread(_compute, loaded, groups)
    minimum = 1
    if principal.organisation.is_simulated:
        report = report.flagged(Flag.SIMULATED)
    # The pilot's lead may see the named answers anyway.
    if not (principal.only_own_pilots and principal.may(Scope.FEEDBACK_READ)):
        minimum = principal.organisation.minimum_group_size
        weeks = dict(zip(map(str, mondays), report.weekly, strict=True))
        shown = suppress_parts(report.figures, weeks, minimum)
        report = replace(suppress(report, minimum), weekly=list(shown.values()))
    return FeedbackAnswer(
        window=window,
        as_of=as_of,
        report=report,
        mondays=mondays,
        missing_weeks=missing,
        themes=_shown(themes, minimum),
    )


async def missing_weeks(
    session: AsyncSession, principal: Principal, pilot: Pilot, as_of: date
) -> list[date]:
    """Mondays of a pilot's weeks that were over at the end of a day, and about which nobody answered.

    What `feedback` says of them, without the figures.
    """
    window = pilot.window
    loaded = await _load(session, principal, pilot, window, min(as_of, window.ends_on - DAY))
    return await asyncio.to_thread(lambda: loaded.feedback().missing_weeks())


async def note_missing_weeks(
    session: AsyncSession, principal: Principal, pilot_id: UUID, as_of: date, found_at: datetime
) -> tuple[int, int]:
    """Keep which weeks of a pilot lack any answer; one that has been answered since is missing no longer.

    Returns:
        How many are missing, and how many of those were not known to be.

    Raises:
        NotFound: there is no such pilot within reach.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    found = set(await missing_weeks(session, principal, pilot, as_of))
    known = await repository.missing(session, principal, pilot.id)
    for row in known:
        if row.week_starts_on not in found:
            await session.delete(row)
    added = sorted(found - {row.week_starts_on for row in known})
    session.add_all(
        MissingFeedbackWeek(
            organisation_id=principal.organisation_id,
            pilot_id=pilot.id,
            week_starts_on=monday,
            found_at=found_at,
        )
        for monday in added
    )
    if added:
        told = {"pilot_id": pilot.id, "weeks": added}
        happened = events.Occurred(FEEDBACK_MISSING, pilot.id, told, pilot.id)
        await events.publish(session, principal.organisation_id, [happened])
    return len(found), len(added)


async def held_sessions(
    session: AsyncSession, principal: Principal, pilot_id: UUID, window: Window
) -> list[FeedbackSession]:
    """The sessions of a pilot, which the caller was let to, within a window."""
    found = await sessions.of_pilot(session, principal, pilot_id)
    return [held for held in found if held.held_on in window]


def _weeks_of(window: Window) -> Window:
    weeks = list(window.iso_weeks())
    return Window(weeks[0].starts_on, weeks[-1].ends_on)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What the feedback of a pilot is computed from; answers with whose they are, as they are stored."""

    roll: Roll
    answers: tuple[Answers, Ids]
    naming: tuple[Answers, Ids]
    before: tuple[Answers, Ids]
    baseline: Window | None
    window: Window
    as_of: date

    def feedback(self) -> Feedback:
        """What of it counts."""
        baseline = weeks_of(self.baseline) if self.baseline is not None else []
        before = counted(*self.before, self.roll)
        return Feedback(
            at_work(self.roll, weeks_of(self.window.until(self.as_of))),
            counted(*self.answers, self.roll),
            counted(*self.naming, self.roll),
            before.of_weeks([week.starts_on for week in baseline]),
            self.window,
            self.as_of,
        )


async def _load(
    session: AsyncSession, principal: Principal, pilot: Pilot, window: Window, as_of: date
) -> _Loaded:
    span = _weeks_of(window)
    roll = await membership.roll(session, principal, pilot, span)
    answers = await repository.answers(session, principal, pilot, span)
    naming = await repository.themes(session, principal, pilot, span)
    before, baseline = repository.NO_ANSWERS, pilot.baseline
    if baseline is not None:
        before = await repository.answers(session, principal, pilot, _weeks_of(baseline))
    return _Loaded(roll, answers, naming, before, baseline, window, as_of)


async def _groups(
    session: AsyncSession,
    principal: Principal,
    pilot: Pilot,
    roll: Roll,
    group_by: GroupBy | None,
) -> dict[str, NDArray[np.bool_]]:
    """Who of everybody in the pilot is in which group of arm `pilot`."""
    if group_by is None:
        return {}
    found = await membership.groups(session, principal, pilot, Arm.PILOT, group_by.value)
    return {group: np.isin(roll.person, array_of(ids)) for group, ids in named(found).items()}


def _compute(
    loaded: _Loaded, groups: Mapping[str, NDArray[np.bool_]]
) -> tuple[Report, list[date], list[date], Counter[str]]:
    """The figures of everybody and of each group, the Mondays of the weekly ones, what is missing, themes."""
    whole = loaded.feedback()
    weekly = whole.weekly()
    report = Report(
        figures=whole.figures(),
        weekly=[figures for _, figures in weekly],
        groups={group: _of_group(whole, who) for group, who in groups.items()},
    )
    return report, [monday for monday, _ in weekly], whole.missing_weeks(), whole.themes()


def _of_group(whole: Feedback, who: NDArray[np.bool_]) -> dict[str, AnyFigure]:
    """The figures of some people; anonymous answers are of no group, and said to be missing."""
    figures = whole.of(who).figures()
    if whole.answers.are_named:
        return figures
    return {slug: figure.flagged(Flag.ANONYMOUS_ANSWERS) for slug, figure in figures.items()}


def _shown(themes: Counter[str], minimum: int) -> Themes:
    """The commonest themes; those that few people name are left out, name and all."""
    enough = [(theme, count) for theme, count in themes.most_common() if count >= minimum]
    return Themes(enough[:MOST_THEMES], withheld=len(enough) < len(themes))
