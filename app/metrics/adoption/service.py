"""Adoption as it is answered: loaded, computed, broken down, and suppressed for the reader."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.permissions import Scope
from app.access.principals import Principal
from app.core import clock
from app.core.errors import Invalid
from app.core.periods import Window
from app.metrics.adoption import repository
from app.metrics.adoption.calculation import Adoption
from app.metrics.adoption.history import History, Quality
from app.metrics.adoption.repository import GroupBy, Member, Record
from app.metrics.figures import Flag
from app.metrics.suppression import Report, suppress
from app.pilots import service as pilots
from app.pilots.models import Pilot

MAX_WINDOW = timedelta(days=5 * 366)
MAX_GROUPS = 200
NOT_RECORDED = "(not recorded)"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: by default the pilot's window, up to today."""

    starts_on: date | None = None
    ends_on: date | None = None
    as_of: date | None = None
    group_by: GroupBy | None = None


@dataclass(frozen=True, slots=True)
class AdoptionAnswer:
    """Figures fit for the reader, the Mondays of the weekly ones, and the data behind them."""

    window: Window
    as_of: date
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
    window = window_of(pilot, question)
    today = clock.today(principal.organisation.zone)
    last_day = window.ends_on - timedelta(days=1)
    # No day is taken into account that lies outside the window, or has not come yet.
    as_of = min(question.as_of or last_day, last_day, today)
    members = await repository.members(session, principal, pilot.id, question.group_by)
    records = await repository.activity(session, principal, pilot, _looked_at(window))
    groups = _groups(members, question.group_by)
    # In a thread, so that a large pilot does not hold up everybody else's requests.
    report, mondays, quality = await asyncio.to_thread(
        _compute, members, records, groups, window, as_of
    )
    if principal.organisation.is_simulated:
        report = report.flagged(Flag.SIMULATED)
    # Who may see the named rows anyway learns nothing from a small count.
    if not principal.may(Scope.LICENCES_READ, Scope.PEOPLE_READ):
        report = suppress(report, principal.organisation.minimum_group_size)
        quality = quality.withheld()
    return AdoptionAnswer(
        window=window,
        as_of=as_of,
        report=report,
        mondays=mondays,
        quality=quality,
    )


def _compute(
    members: list[Member],
    records: list[Record],
    groups: dict[str, list[Member]],
    window: Window,
    as_of: date,
) -> tuple[Report, list[date], Quality]:
    """The figures of all the members and of each group, the Mondays of the weekly ones, the quality."""
    whole = Adoption(History(members, records, as_of), window, as_of)
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
    return report, [monday for monday, _ in weekly], whole.quality()


def window_of(pilot: Pilot, question: Question) -> Window:
    """The days asked for.

    Raises:
        Invalid: they are none, or too many.
    """
    window = Window(question.starts_on or pilot.starts_on, question.ends_on or pilot.ends_on)
    if window.days == 0:
        raise Invalid.field(
            "/ends_on",
            "empty_window",
            f"ends_on ({window.ends_on}) must lie after starts_on ({window.starts_on})",
        )
    if window.ends_on - window.starts_on > MAX_WINDOW:
        raise Invalid.field(
            "/ends_on", "window_too_long", f"a window holds at most {MAX_WINDOW.days} days"
        )
    return window


def _looked_at(window: Window) -> Window:
    """The window widened to whole ISO weeks: segments look at the whole of a week that ends in it."""
    weeks = list(window.iso_weeks())
    return Window(weeks[0].starts_on, weeks[-1].ends_on)


def _groups(members: list[Member], group_by: GroupBy | None) -> dict[str, list[Member]]:
    if group_by is None:
        return {}
    groups: dict[str, list[Member]] = defaultdict(list)
    for member in members:
        groups[member.group or NOT_RECORDED].append(member)
    if len(groups) > MAX_GROUPS:
        raise Invalid.field(
            "/group_by",
            "too_many_groups",
            f"There are more than {MAX_GROUPS} groups. Group by a coarser attribute.",
        )
    return dict(sorted(groups.items()))
