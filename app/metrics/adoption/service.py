"""Adoption as it is answered: loaded, computed, broken down, and suppressed for the reader."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from operator import attrgetter
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.permissions import Scope
from app.access.principals import Principal
from app.core import clock
from app.core.arrays import Ids, array_of
from app.core.periods import Window
from app.licences.pools import service as licence_pools
from app.licences.pools.models import LicencePool
from app.metrics.adoption import repository
from app.metrics.adoption.calculation import Adoption
from app.metrics.adoption.history import History, Quality
from app.metrics.adoption.repository import Participant, Record
from app.metrics.breakdowns import Breakdown, suppress_together
from app.metrics.caveats import with_caveats
from app.metrics.course import Counts, Course, counts_of
from app.metrics.figures import Flag
from app.metrics.groups import GroupBy, grouped, offered
from app.metrics.questions import Question
from app.metrics.registry import (
    ACTIVE_DAYS_PER_ACTIVE_USER_WEEK,
    RETENTION_RATE,
    RETURNING_SHARE,
    WEEKLY_ACTIVE_RATE,
)
from app.metrics.suppression import Figures, Report, suppress, without
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
        question = question.restricted([pilot.window], today)
    window = question.window(pilot.window)
    as_of = question.last_day(window, today)
    access, pools, people = await _participants(session, principal, pilot, question.group_by)
    looked_at = _looked_at(window, people)
    records = await repository.activity(session, principal, pilot, pools, looked_at)
    asked, groups = question.group_by, {}
    if asked is not None:
        every = {asked: grouped(people, attrgetter("group"))}
        for by in GroupBy if not sees_people else ():
            _, _, of_all = await _participants(session, principal, pilot, by)
            every[by] = grouped(of_all, attrgetter("group"))
        groups = offered(every, asked)
    whole = Adoption(History(people, records, as_of), window, as_of)
    # In a thread, so that a large pilot does not hold up everybody else's requests.
    report, mondays, breakdowns = await asyncio.to_thread(_compute, whole, records, groups, asked)
    quality = whole.quality()
    if not sees_people:
        minimum = principal.organisation.minimum_group_size
        exact = report.figures
        report = _shown(report, mondays, whole, minimum)
        if asked is not None:
            shown = await asyncio.to_thread(suppress_together, exact, breakdowns, minimum)
            report = replace(report, groups=shown[asked])
        quality = quality.withheld()
    products = [pilot.product] if pilot.product else [pool.product for pool in pools]
    products = products or whole.quality().products
    report = await with_caveats(session, principal, report, products)
    if principal.organisation.is_simulated:
        report = report.flagged(Flag.SIMULATED)
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
    weeks = {
        monday: counts_of({slug: week[slug]})
        for monday, week in zip(mondays, report.weekly, strict=True)
    }

    def together(first: date, last: date) -> Counts:
        return counts_of(whole.use_of_weeks(first, last))

    waiting, totals = Course(weeks, together, whole.window, whole.as_of).withheld(minimum)
    shown = suppress(replace(report, groups={}), minimum)
    weekly: list[Figures] = []
    was_withheld = False
    for monday, week in zip(mondays, shown.weekly, strict=True):
        # The rates hold how many were active, and those of the week after hold it too.
        hidden = monday in waiting
        names = (
            *((slug, *_OF_THE_WEEK) if hidden else ()),
            *(_OF_TWO if hidden or was_withheld else ()),
        )
        weekly.append(without(week, names))
        was_withheld = hidden
    figures = without(shown.figures, totals)
    for week in weekly:  # one of the weeks stands there by itself
        for name in (*_OF_THE_WEEK, *_OF_TWO):
            if week[name].suppressed and week[name].window == figures[name].window:
                figures[name] = figures[name].withheld()
    return replace(shown, figures=figures, weekly=weekly)


def _compute(
    whole: Adoption,
    records: list[Record],
    groups: Mapping[GroupBy, Mapping[str, list[Participant]]],
    asked: GroupBy | None,
) -> tuple[Report, list[date], dict[GroupBy, Breakdown]]:
    """The exact figures of all and of the groups that are asked for, the Mondays of the weekly ones, every breakdown."""
    weekly = whole.weekly()
    of_person: dict[UUID, list[Record]] = defaultdict(list)
    for record in records:
        of_person[record.person_id].append(record)

    def figures(part: list[Participant]) -> Figures:
        own = [record for who in part for record in of_person.get(who.person_id, ())]
        return Adoption(History(part, own, whole.as_of), whole.window, whole.as_of).figures()

    breakdowns = {
        by: Breakdown(
            {name: figures(part) for name, part in parts.items()},
            {name: _with_access(part, whole.window) for name, part in parts.items()},
        )
        for by, parts in groups.items()
    }
    report = Report(
        figures=whole.figures(),
        weekly=[figures for _, figures in weekly],
        groups={**breakdowns[asked].groups} if asked else {},
    )
    return report, [monday for monday, _ in weekly], breakdowns


def _with_access(part: Iterable[Participant], window: Window) -> Ids:
    """Ids of those who can count: nobody else stands in a group's way of being solved for."""
    return array_of(
        [who.person_id for who in part if any(days.overlaps(window) for days in who.access)]
    )


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
