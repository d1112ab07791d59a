"""Feedback as it is answered: loaded, computed, broken down, and suppressed for the reader."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.permissions import Scope
from app.access.principals import Principal
from app.core import clock
from app.core.fields import EARLIEST
from app.core.periods import DAY, Window
from app.feedback.sessions import service as sessions
from app.feedback.sessions.models import FeedbackSession
from app.metrics.breakdowns import Breakdown, offered, suppress_together
from app.metrics.course import Course
from app.metrics.feedback import repository
from app.metrics.feedback.calculation import Feedback
from app.metrics.feedback.models import MissingFeedbackWeek
from app.metrics.feedback.repository import Answer
from app.metrics.feedback.self_report import SelfReport
from app.metrics.figures import AnyFigure, Flag
from app.metrics.groups import GroupBy, named
from app.metrics.questions import Question
from app.metrics.suppression import Figures, Report, suppress
from app.metrics.time_use import service as time_use
from app.pilots import membership
from app.pilots import service as pilots
from app.pilots.models import Arm, Member, Pilot

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
    today = clock.today(principal.organisation.zone)
    # The pilot's lead may see the named answers anyway.
    is_lead = principal.only_own_pilots and principal.may(Scope.FEEDBACK_READ)
    if not is_lead:
        question = question.restricted(pilot.windows[:1], today)
    window = question.window(pilot)
    as_of = question.last_day(window, today)
    span = _weeks_of(window)
    members = await membership.over(session, principal, pilot, span)
    participants = [who for who in members if who.arm is Arm.PILOT]
    answers = _counted(participants, await repository.answers(session, principal, pilot, span))
    before = await _baseline(session, principal, pilot, participants)
    report, mondays, missing, themes = await asyncio.to_thread(
        _compute, participants, answers, before, window, as_of, question.group_by
    )
    said = Feedback(participants, _by_week(answers), before, window, as_of)
    beside = await _beside(session, principal, pilot, said)
    minimum = 1
    if principal.organisation.is_simulated:
        report = report.flagged(Flag.SIMULATED)
    if not is_lead:
        minimum = principal.organisation.minimum_group_size
        exact = report.figures
        report = _as_shown(report, mondays, said, minimum)
        if question.group_by is not None:
            groups = await asyncio.to_thread(_together, said, exact, question.group_by, minimum)
            report = replace(report, groups=groups)
            if principal.organisation.is_simulated:
                report = report.flagged(Flag.SIMULATED)
    return FeedbackAnswer(
        window=window,
        as_of=as_of,
        report=replace(report, figures={**report.figures, **beside}),
        mondays=mondays,
        missing_weeks=missing,
        themes=_shown(themes, minimum),
    )


async def _beside(
    session: AsyncSession, principal: Principal, pilot: Pilot, said: Feedback
) -> Figures:
    """What is claimed held against what was recorded, fit for the reader of both."""
    changed, flags = await time_use.admin_change(session, principal, pilot, said.days)
    if said.days.ends_on < said.window.ends_on:
        flags = list(dict.fromkeys((*flags, Flag.WINDOW_OPEN)))
    found = SelfReport(said.minutes_saved(), changed).figures()
    report = Report({slug: figure.flagged(*flags) for slug, figure in found.items()})
    is_lead = principal.only_own_pilots
    if is_lead and principal.may(Scope.FEEDBACK_READ, Scope.TIME_READ):
        return report.figures
    if said.days.ends_on < said.window.ends_on:
        # What was recorded may have to wait for the end, and would follow from the gap.
        return {slug: figure.withheld() for slug, figure in report.figures.items()}
    return suppress(report, principal.organisation.minimum_group_size).figures


def _as_shown(report: Report, mondays: list[date], said: Feedback, minimum: int) -> Report:
    """The report as everybody but the lead may see it."""
    weeks = dict(zip(mondays, report.weekly, strict=True))
    course = Course(weeks, said.of_weeks, said.window, said.as_of, is_of_answers=True)
    weekly, totals = course.shown(minimum)
    shown = suppress(report, minimum)
    return replace(
        shown,
        figures={s: f.withheld() if s in totals else f for s, f in shown.figures.items()},
        weekly=weekly,
    )


async def missing_weeks(
    session: AsyncSession, principal: Principal, pilot: Pilot, as_of: date
) -> list[date]:
    """Mondays of a pilot's weeks that were over at the end of a day, and about which nobody answered.

    What `feedback` says of them, without the figures.
    """
    window = Window(pilot.starts_on, pilot.ends_on)
    span = _weeks_of(window)
    members = await membership.over(session, principal, pilot, span)
    participants = [who for who in members if who.arm is Arm.PILOT]
    answers = _counted(participants, await repository.answers(session, principal, pilot, span))
    found = Feedback(participants, _by_week(answers), [], window, min(as_of, window.ends_on - DAY))
    return await asyncio.to_thread(found.missing_weeks)


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
    return len(found), len(added)


async def known_missing_weeks(
    session: AsyncSession, principal: Principal
) -> list[MissingFeedbackWeek]:
    """The weeks that were missing when it was last looked, of all pilots of the organisation."""
    return await repository.missing(session, principal)


async def held_sessions(
    session: AsyncSession, principal: Principal, pilot_id: UUID, window: Window
) -> list[FeedbackSession]:
    """The sessions of a pilot, which the caller was let to, within a window."""
    found = await sessions.of_pilot(session, principal, pilot_id)
    return [held for held in found if held.held_on in window]


def _weeks_of(window: Window) -> Window:
    weeks = list(window.iso_weeks())
    return Window(weeks[0].starts_on, weeks[-1].ends_on)


async def _baseline(
    session: AsyncSession, principal: Principal, pilot: Pilot, participants: Sequence[Member]
) -> list[Answer]:
    """What participants answered about the weeks of the baseline, where there is one."""
    if pilot.baseline_starts_on is None or pilot.baseline_ends_on is None:
        return []
    window = Window(pilot.baseline_starts_on, pilot.baseline_ends_on)
    answers = await repository.answers(session, principal, pilot, _weeks_of(window))
    return [
        answer
        for answer in _counted(participants, answers)
        if window.counts_week(answer.week_starts_on)
    ]


def _counted(participants: Iterable[Member], answers: Iterable[Answer]) -> list[Answer]:
    """Those of participants in weeks in which they take part, and anonymous ones."""
    days_of = {who.person_id: who.days for who in participants}
    nobody = Window(EARLIEST, EARLIEST)
    return [
        answer
        for answer in answers
        if answer.person_id is None
        or Window(answer.week_starts_on, answer.week_starts_on + 7 * DAY).overlaps(
            days_of.get(answer.person_id, nobody)
        )
    ]


def _by_week(answers: Iterable[Answer]) -> dict[date, list[Answer]]:
    found: dict[date, list[Answer]] = defaultdict(list)
    for answer in answers:
        found[answer.week_starts_on].append(answer)
    return found


def _compute(
    participants: Sequence[Member],
    answers: Sequence[Answer],
    before: Sequence[Answer],
    window: Window,
    as_of: date,
    group_by: GroupBy | None,
) -> tuple[Report, list[date], list[date], Counter[str]]:
    """The figures of everybody and of each group, the Mondays of the weekly ones, what is missing, themes."""
    whole = Feedback(participants, _by_week(answers), before, window, as_of)
    weekly = whole.weekly()
    report = Report(
        figures=whole.figures(),
        weekly=[figures for _, figures in weekly],
        groups={
            group: _of_group(part, answers, before, window, as_of)
            for group, part in _groups(participants, group_by).items()
        },
    )
    return report, [monday for monday, _ in weekly], whole.missing_weeks(), whole.themes()


def _of_group(
    part: Sequence[Member],
    answers: Sequence[Answer],
    before: Sequence[Answer],
    window: Window,
    as_of: date,
) -> dict[str, AnyFigure]:
    """The figures of some participants; anonymous answers are of no group, and said to be missing."""
    ids = {who.person_id for who in part}
    own = _by_week(a for a in answers if a.person_id in ids)
    figures = Feedback(
        part, own, [a for a in before if a.person_id in ids], window, as_of
    ).figures()
    if all(answer.person_id is not None for answer in answers):
        return figures
    return {slug: figure.flagged(Flag.ANONYMOUS_ANSWERS) for slug, figure in figures.items()}


def _together(
    said: Feedback, total: Figures, group_by: GroupBy, minimum: int
) -> dict[str, Figures]:
    """The groups, as they may be shown to somebody who may ask for the other breakdowns as well."""
    answers = [answer for week in said.answers.values() for answer in week]

    def figures(part: Sequence[Member]) -> Figures:
        return _of_group(part, answers, said.before, said.window, said.as_of)

    def of(by: GroupBy) -> dict[str, list[Member]]:
        return _groups(said.participants, by)

    breakdowns = {
        by: Breakdown(
            {name: figures(part) for name, part in groups.items()},
            {name: {who.person_id for who in part} for name, part in groups.items()},
        )
        for by, groups in offered({by: partial(of, by) for by in GroupBy}, group_by).items()
    }
    return suppress_together(total, breakdowns, minimum)[group_by]


def _groups(participants: Sequence[Member], group_by: GroupBy | None) -> dict[str, list[Member]]:
    if group_by is None:
        return {}
    groups: dict[str | None, list[Member]] = defaultdict(list)
    for who in participants:
        groups[getattr(who, group_by.value)].append(who)
    return named(groups)


def _shown(themes: Counter[str], minimum: int) -> Themes:
    """The commonest themes; those that few people name are left out, name and all."""
    enough = [(theme, count) for theme, count in themes.most_common() if count >= minimum]
    return Themes(enough[:MOST_THEMES], withheld=len(enough) < len(themes))
