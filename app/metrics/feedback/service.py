"""Feedback as it is answered: loaded, computed, broken down, and suppressed for the reader."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.permissions import Scope
from app.access.principals import Principal
from app.core import clock
from app.core.arrays import Ids, places_in
from app.core.periods import DAY, Window
from app.events import service as events
from app.events.types import FEEDBACK_MISSING
from app.feedback.sessions import service as sessions
from app.feedback.sessions.models import FeedbackSession
from app.metrics import groups as grouping
from app.metrics.breakdowns import Breakdown, suppress_together
from app.metrics.course import Counts, Course, counts_of
from app.metrics.feedback import repository
from app.metrics.feedback.answers import Answers, at_work, counted
from app.metrics.feedback.calculation import Feedback, weeks_of
from app.metrics.feedback.models import MissingFeedbackWeek
from app.metrics.feedback.self_report import SelfReport
from app.metrics.figures import AnyFigure, Flag
from app.metrics.groups import GroupBy
from app.metrics.questions import Question
from app.metrics.suppression import Figures, Report, suppress, without
from app.metrics.time_use import service as time_use
from app.pilots import membership
from app.pilots import service as pilots
from app.pilots.models import Pilot
from app.pilots.roll import Roll
from app.time_use.daily import service as daily

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


@dataclass(frozen=True, slots=True)
class _Computed:
    """Exact figures, the Mondays of the weekly ones, every breakdown, what is missing, and themes."""

    report: Report
    mondays: list[date]
    breakdowns: dict[GroupBy, Breakdown]
    missing_weeks: list[date]
    themes: Counter[str]


async def feedback(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    question: Question,
    facts: daily.Facts | None = None,
) -> FeedbackAnswer:
    """Feedback of a pilot; `facts` as for time use.

    Raises:
        NotFound: there is no such pilot within reach.
        Invalid: the window is empty, backwards or too long.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    today = clock.today(principal.organisation.zone)
    # The pilot's lead may see the named answers anyway.
    is_lead = principal.only_own_pilots and principal.may(Scope.FEEDBACK_READ)
    if not is_lead:
        question = question.restricted([pilot.window], today)
    window = question.window(pilot.window)
    as_of = question.last_day(window, today)
    loaded = await _load(session, principal, pilot, window, as_of)
    groups = await grouping.of_pilot(session, principal, pilot, question.group_by, alone=is_lead)
    said = await asyncio.to_thread(loaded.feedback)
    exact = await asyncio.to_thread(_compute, said, loaded.roll, groups, question.group_by)
    report, minimum = exact.report, 1
    if not is_lead:
        minimum = principal.organisation.minimum_group_size
        report = await asyncio.to_thread(_as_shown, exact, said, question.group_by, minimum)
    if principal.organisation.is_simulated:
        report = report.flagged(Flag.SIMULATED)
    beside = await _beside(session, principal, pilot, said, loaded.roll, facts)
    return FeedbackAnswer(
        window=window,
        as_of=as_of,
        report=replace(report, figures={**report.figures, **beside}),
        mondays=exact.mondays,
        missing_weeks=exact.missing_weeks,
        themes=_shown(exact.themes, minimum),
    )


async def _beside(
    session: AsyncSession,
    principal: Principal,
    pilot: Pilot,
    said: Feedback,
    roll: Roll,
    facts: daily.Facts | None,
) -> Figures:
    """What is claimed held against what was recorded, fit for the reader of both."""
    spent = await time_use.spent(session, principal, pilot, roll, said.days, facts)
    flags, is_open = spent.flags, said.days.ends_on < said.window.ends_on
    if is_open:
        flags = list(dict.fromkeys((*flags, Flag.WINDOW_OPEN)))
    place = places_in(roll.person, spent.people)
    report = Report({**SelfReport(said.minutes_saved(), spent.changed, place).figures()})
    if not (principal.only_own_pilots and principal.may(Scope.FEEDBACK_READ, Scope.TIME_READ)):
        report = suppress(report, principal.organisation.minimum_group_size)
        if is_open:
            # What was recorded may have to wait for the end, and would follow from the gap.
            report = Report(without(report.figures, report.figures))
    return report.flagged(*flags).figures


def _as_shown(exact: _Computed, said: Feedback, asked: GroupBy | None, minimum: int) -> Report:
    """The report as everybody but the lead may see it."""
    report = exact.report
    weeks = dict(zip(exact.mondays, map(counts_of, report.weekly), strict=True))

    @cache
    def together(first: date, last: date) -> Counts:
        return counts_of(said.of_weeks(first, last))

    course = Course(weeks, together, said.window, said.as_of, is_of_answers=True)
    waiting, totals = course.withheld(minimum)
    shown = suppress(replace(report, groups={}), minimum)
    weekly = zip(exact.mondays, shown.weekly, strict=True)
    return Report(
        figures=without(shown.figures, totals),
        weekly=[without(week, waiting[monday]) for monday, week in weekly],
        groups=suppress_together(report.figures, exact.breakdowns, minimum)[asked] if asked else {},
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


def _compute(
    said: Feedback,
    roll: Roll,
    groups: Mapping[GroupBy, Mapping[str, Ids]],
    asked: GroupBy | None,
) -> _Computed:
    weekly = said.weekly()
    breakdowns = {
        by: Breakdown(
            {name: _of_group(said, np.isin(roll.person, ids)) for name, ids in parts.items()}, parts
        )
        for by, parts in groups.items()
    }
    report = Report(
        figures=said.figures(),
        weekly=[figures for _, figures in weekly],
        groups={**breakdowns[asked].groups} if asked else {},
    )
    mondays = [monday for monday, _ in weekly]
    return _Computed(report, mondays, breakdowns, said.missing_weeks(), said.themes())


def _of_group(whole: Feedback, who: NDArray[np.bool_]) -> dict[str, AnyFigure]:
    """The figures of some people; anonymous answers are of no group, and said to be missing."""
    figures = whole.of(who).figures()
    if whole.answers.are_named:
        return figures
    return {slug: figure.flagged(Flag.ANONYMOUS_ANSWERS) for slug, figure in figures.items()}


def _shown(themes: Counter[str], minimum: int) -> Themes:
    """The commonest themes, equally common ones by name; those that few people name are left out, name and all."""
    commonest = sorted(themes.items(), key=lambda each: (-each[1], each[0]))
    enough = [(theme, count) for theme, count in commonest if count >= minimum]
    return Themes(enough[:MOST_THEMES], withheld=len(enough) < len(themes))
