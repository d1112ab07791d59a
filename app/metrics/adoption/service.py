"""Adoption as it is answered: loaded, computed, broken down, and suppressed for the reader."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
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
from app.metrics.course import Course
from app.metrics.figures import Flag
from app.metrics.groups import GroupBy, named
from app.metrics.questions import Question
from app.metrics.registry import ACTIVE_DAYS_PER_ACTIVE_USER_WEEK
from app.metrics.suppression import Report, suppress
from app.pilots import service as pilots
from app.pilots.models import Pilot, PilotKind


class Access(StrEnum):
    """What makes somebody have access."""

    SEATS = "seats"
    MEMBERSHIP = "membership"


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
        report = _shown(report, mondays, whole, principal.organisation.minimum_group_size)
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
    return replace(
        shown,
        figures={s: f.withheld() if s in totals else f for s, f in shown.figures.items()},
        weekly=[{**week, **use} for week, use in zip(shown.weekly, of_weeks, strict=True)],
    )


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
    of_person: dict[UUID, list[Record]] = defaultdict(list)
    for record in records:
        of_person[record.person_id].append(record)
    report = Report(
        figures=whole.figures(),
        weekly=[figures for _, figures in weekly],
        groups={
            group: Adoption(
                History(part, [r for m in part for r in of_person[m.person_id]], as_of),
                window,
                as_of,
            ).figures()
            for group, part in groups.items()
        },
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
