"""Adoption as it is answered: loaded, computed, broken down, and suppressed for the reader."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import partial
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.permissions import Scope
from app.access.principals import Principal
from app.core import clock
from app.core.periods import Window
from app.licences.pools import service as licence_pools
from app.licences.pools.models import LicencePool
from app.metrics.adoption import repository
from app.metrics.adoption.calculation import Adoption
from app.metrics.adoption.history import History, Quality
from app.metrics.adoption.repository import Participant, Record
from app.metrics.breakdowns import Breakdown, offered, suppress_together
from app.metrics.course import Course
from app.metrics.figures import Flag
from app.metrics.groups import GroupBy, named
from app.metrics.questions import Question
from app.metrics.registry import (
    ACTIVE_DAYS_PER_ACTIVE_USER_WEEK,
    RETENTION_RATE,
    RETURNING_SHARE,
    WEEKLY_ACTIVE_RATE,
)
from app.metrics.suppression import Figures, Report, suppress
from app.pilots import service as pilots
from app.pilots.models import Pilot, PilotKind


class Access(StrEnum):
    """What makes somebody have access."""

    SEATS = "seats"
    MEMBERSHIP = "membership"


_OF_THE_WEEK = (WEEKLY_ACTIVE_RATE.slug,)
_OF_TWO = (RETENTION_RATE.slug, RETURNING_SHARE.slug)


@dataclass(frozen=True, slots=True)
class AdoptionAnswer:
    """Figures fit for the reader, the Mondays of the weekly ones, and the data behind them."""

    window: Window
    as_of: date
    access: Access
    report: Report
    mondays: list[date]
    quality: Quality


async def adoption(
    session: AsyncSession, principal: Principal, pilot_id: UUID, question: Question
) -> AdoptionAnswer:
    """Adoption of a pilot.

    Raises:
        NotFound: there is no such pilot within reach.
        Invalid: the window is empty, backwards or too long.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    today = clock.today(principal.organisation.zone)
    # Who may see the named rows anyway learns nothing from a small count.
    sees_people = principal.may(Scope.LICENCES_READ, Scope.PEOPLE_READ)
    if not sees_people:
        question = question.restricted(pilot.windows[:1], today)
    window = question.window(pilot)
    as_of = question.last_day(window, today)
    access, pools, people = await _participants(session, principal, pilot, question.group_by)
    looked_at = _looked_at(window, people)
    records = await repository.activity(session, principal, pilot, pools, looked_at)
    groups = _groups(people, question.group_by)
    # In a thread, so that a large pilot does not hold up everybody else's requests.
    report, mondays, whole = await asyncio.to_thread(
        _compute, people, records, groups, window, as_of
    )
    quality = whole.quality()
    if principal.organisation.is_simulated:
        report = report.flagged(Flag.SIMULATED)
    if not sees_people:
        minimum = principal.organisation.minimum_group_size
        exact = report.figures
        report = _shown(report, mondays, whole, minimum)
        if question.group_by is not None:
            every = {by: (await _participants(session, principal, pilot, by))[2] for by in GroupBy}
            shown = await asyncio.to_thread(
                _together, exact, every, records, (window, as_of, question.group_by), minimum
            )
            report = replace(report, groups=shown)
            if principal.organisation.is_simulated:
                report = report.flagged(Flag.SIMULATED)
        quality = quality.withheld()
    return AdoptionAnswer(
        window=window,
        as_of=as_of,
        access=access,
        report=report,
        mondays=mondays,
        quality=quality,
    )


def _shown(report: Report, mondays: list[date], whole: Adoption, minimum: int) -> Report:
    """The report as somebody may see it who may not see the people."""
    # Distinct people do not add up over weeks; their days of use and their weeks do.
    slug = ACTIVE_DAYS_PER_ACTIVE_USER_WEEK.slug
    used = [{slug: week[slug]} for week in report.weekly]
    weeks = dict(zip(mondays, used, strict=True))
    course = Course(weeks, whole.use_of_weeks, whole.window, whole.as_of)
    of_weeks, totals = course.shown(minimum)
    shown = suppress(report, minimum)
    weekly: list[Figures] = []
    was_withheld = False
    for week, use in zip(shown.weekly, of_weeks, strict=True):
        # The rates hold how many were active, and those of the week after hold it too.
        hidden = use[slug].suppressed
        names = (*(_OF_THE_WEEK if hidden else ()), *(_OF_TWO if hidden or was_withheld else ()))
        weekly.append({**week, **use, **{name: week[name].withheld() for name in names}})
        was_withheld = hidden
    figures = {s: f.withheld() if s in totals else f for s, f in shown.figures.items()}
    for week in weekly:  # one of the weeks stands there by itself
        for name in (*_OF_THE_WEEK, *_OF_TWO):
            if week[name].suppressed and week[name].window == figures[name].window:
                figures[name] = figures[name].withheld()
    return replace(shown, figures=figures, weekly=weekly)


def _together(
    total: Figures,
    every: dict[GroupBy, list[Participant]],
    records: list[Record],
    asked: tuple[Window, date, GroupBy],
    minimum: int,
) -> dict[str, Figures]:
    """The groups, as they may be shown to somebody who may ask for the other breakdowns as well."""
    window, as_of, group_by = asked
    groups = {by: partial(_groups, people, by) for by, people in every.items()}
    of_person = _by_person(records)
    breakdowns = {
        by: Breakdown(
            {name: _of_group(part, of_person, window, as_of) for name, part in parts.items()},
            {name: {who.person_id for who in part} for name, part in parts.items()},
        )
        for by, parts in offered(groups, group_by).items()
    }
    return suppress_together(total, breakdowns, minimum)[group_by]


def _by_person(records: list[Record]) -> dict[UUID, list[Record]]:
    found: dict[UUID, list[Record]] = defaultdict(list)
    for record in records:
        found[record.person_id].append(record)
    return found


def _of_group(
    part: list[Participant], of_person: dict[UUID, list[Record]], window: Window, as_of: date
) -> Figures:
    own = [record for who in part for record in of_person.get(who.person_id, ())]
    return Adoption(History(part, own, as_of), window, as_of).figures()


def _compute(
    people: list[Participant],
    records: list[Record],
    groups: dict[str, list[Participant]],
    window: Window,
    as_of: date,
) -> tuple[Report, list[date], Adoption]:
    """The figures of all the members and of each group, the Mondays of the weekly ones, where they are from."""
    whole = Adoption(History(people, records, as_of), window, as_of)
    weekly = whole.weekly()
    of_person = _by_person(records)
    report = Report(
        figures=whole.figures(),
        weekly=[figures for _, figures in weekly],
        groups={group: _of_group(part, of_person, window, as_of) for group, part in groups.items()},
    )
    return report, [monday for monday, _ in weekly], whole


async def _participants(
    session: AsyncSession, principal: Principal, pilot: Pilot, group_by: GroupBy | None
) -> tuple[Access, list[LicencePool], list[Participant]]:
    """Who is in the pilot and has access when: by seat where it has pools, else by membership."""
    members = await repository.members(session, principal, pilot, group_by)
    pools: list[LicencePool] = []
    if pilot.kind is PilotKind.COPILOT_LICENCES:
        pools = await licence_pools.of_pilot(session, principal, pilot.id)
    if not pools:
        return Access.MEMBERSHIP, [], members
    holders = await repository.holders(session, principal, pools, group_by)
    known = {who.person_id for who in holders}
    without = [replace(who, access=()) for who in members if who.person_id not in known]
    return Access.SEATS, pools, [*holders, *without]


def _looked_at(window: Window, people: list[Participant]) -> Window:
    """The window widened to whole ISO weeks, and back to the day on which the first access began.

    Segments look at the whole of a week that ends in it, first uses at all the time since access began.
    """
    weeks = list(window.iso_weeks())
    began = [who.access_from for who in people if any(a.overlaps(window) for a in who.access)]
    return Window(min([weeks[0].starts_on, *began]), weeks[-1].ends_on)


def _groups(people: list[Participant], group_by: GroupBy | None) -> dict[str, list[Participant]]:
    if group_by is None:
        return {}
    groups: dict[str | None, list[Participant]] = defaultdict(list)
    for who in people:
        groups[who.group].append(who)
    return named(groups)
