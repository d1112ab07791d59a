"""Adoption as it is answered: loaded, computed, broken down, and suppressed for the reader."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

import numpy as np
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.permissions import Scope
from app.access.principals import Principal
from app.core import clock
from app.core.arrays import Ids, places_in
from app.core.periods import Window
from app.licences.pools import service as licence_pools
from app.licences.pools.models import LicencePool
from app.metrics.adoption import repository
from app.metrics.adoption.calculation import Adoption
from app.metrics.adoption.history import History, Quality
from app.metrics.adoption.participants import Participants
from app.metrics.adoption.records import Rows, counted
from app.metrics.breakdowns import Breakdown, suppress_together
from app.metrics.caveats import with_caveats
from app.metrics.course import Counts, Course, counts_of
from app.metrics.figures import Flag
from app.metrics.groups import GroupBy, offered
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


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What the figures are computed from; `groups` are those of every breakdown that the reader may have."""

    people: Participants
    rows: Rows
    products: list[str]
    window: Window
    as_of: date
    groups: Mapping[GroupBy, Mapping[str, Ids]]
    asked: GroupBy | None


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
    access, pools, people = await _participants(session, principal, pilot)
    products = await repository.products(session, principal, pilot, pools)
    looked_at = _looked_at(window, people)
    rows = await repository.activity(session, principal, pilot, pools, products, looked_at)
    asked, groups = question.group_by, {}
    if asked is not None:
        wanted = [asked] if sees_people else list(GroupBy)
        every = await repository.groups(session, principal, pilot, pools, wanted)
        groups = offered({by: _among(people, every[by]) for by in wanted}, asked)
    minimum = None if sees_people else principal.organisation.minimum_group_size
    loaded = _Loaded(people, rows, products, window, as_of, groups, asked)
    # In a thread, so that a large pilot does not hold up everybody else's requests.
    report, mondays, quality = await asyncio.to_thread(_answer, loaded, minimum)
    # Where nothing says which products the pilot is about, those that were seen to be used.
    about = products if pilot.product or pools else quality.products
    report = await with_caveats(session, principal, report, about)
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


def _answer(loaded: "_Loaded", minimum: int | None) -> tuple[Report, list[date], Quality]:
    """The figures, the Mondays of the weekly ones, and the data behind them.

    `minimum`: the organisation's minimum group size, for somebody who may not see the people; else None.
    """
    records = counted(loaded.rows, loaded.people, loaded.as_of)
    history = History(loaded.people, records, loaded.products)
    whole = Adoption(history, loaded.window, loaded.as_of)
    weekly, exact = whole.weekly(), whole.figures()
    mondays = [monday for monday, _ in weekly]
    breakdowns = {by: _breakdown(whole, parts) for by, parts in loaded.groups.items()}
    report = Report(
        figures=exact,
        weekly=[figures for _, figures in weekly],
        groups={**breakdowns[loaded.asked].groups} if loaded.asked else {},
    )
    if minimum is None:
        return report, mondays, whole.quality()
    report = _shown(report, mondays, whole, minimum)
    if loaded.asked is not None:
        shown = suppress_together(exact, breakdowns, minimum)
        report = replace(report, groups=shown[loaded.asked])
    return report, mondays, whole.quality().withheld()


def _breakdown(whole: Adoption, groups: Mapping[str, Ids]) -> Breakdown:
    """The exact figures of groups."""
    people = whole.history.participants
    number = np.full(len(people), -1, dtype=np.intp)
    for n, ids in enumerate(groups.values()):
        number[places_in(people.person, ids)] = n
    parts = zip(groups, whole.history.parts(number, len(groups)), strict=True)
    figures = {name: Adoption(part, whole.window, whole.as_of).figures() for name, part in parts}
    # Nobody else stands in a group's way of being solved for.
    counted_ones = people.person[people.with_access(whole.window)]
    return Breakdown(
        figures, {name: ids[np.isin(ids, counted_ones)] for name, ids in groups.items()}
    )


async def _participants(
    session: AsyncSession, principal: Principal, pilot: Pilot
) -> tuple[Access, list[LicencePool], Participants]:
    """Who is in the pilot and has access when: by seat where it has pools, else by membership."""
    members = await repository.members(session, principal, pilot)
    pools: list[LicencePool] = []
    if pilot.kind is PilotKind.COPILOT_LICENCES:
        pools = await licence_pools.of_pilot(session, principal, pilot.id)
    there = members.spans
    if not pools:
        chosen = members.is_participant
        spans = there.person[chosen], there.since[chosen], there.until[chosen]
        return Access.MEMBERSHIP, [], Participants.of(there.person, members.since, spans)
    seats = await repository.holders(session, principal, pools)
    order = np.argsort(seats.since, kind="stable")
    # The first seat of each: since when there is access.
    holders, first = np.unique(seats.person[order], return_index=True)
    without = places_in(holders, there.person) < 0
    person = np.concatenate([holders, there.person[without]])
    access_from = np.concatenate([seats.since[order][first], members.since[without]])
    spans = seats.person, seats.since, seats.until
    return Access.SEATS, pools, Participants.of(person, access_from, spans)


def _among(people: Participants, groups: Mapping[str | None, Ids]) -> dict[str | None, Ids]:
    """The groups without those who are not in the pilot; none that is empty then."""
    found = {name: ids[places_in(people.person, ids) >= 0] for name, ids in groups.items()}
    return {name: ids for name, ids in found.items() if len(ids)}


def _looked_at(window: Window, people: Participants) -> Window:
    """The window widened to whole ISO weeks, and back to the day on which the first access began.

    Segments look at the whole of a week that ends in it, first uses at all the time since access began.
    """
    weeks = list(window.iso_weeks())
    began = people.access_from[people.with_access(window)]
    first = min([weeks[0].starts_on.toordinal(), *began.tolist()])
    return Window(date.fromordinal(first), weeks[-1].ends_on)
