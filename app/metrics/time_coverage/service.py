"""Coverage as it is answered: loaded, counted, and withheld from readers who may not see the people."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core import clock
from app.core.local_days import begins, day_of
from app.core.pagination import PageQuery, page_of
from app.core.periods import DAY, Window, iso_week_of
from app.metrics.course import told_until
from app.metrics.time_coverage.calculation import Part, PersonCoverage, Phased, Prompt
from app.metrics.time_use import service as time_use
from app.metrics.time_use.weekly import Waiting
from app.metrics.windows import check_fixed, check_window
from app.pilots import membership
from app.pilots import service as pilots
from app.pilots.models import Arm, Pilot
from app.time_use.plans import service as plans
from app.time_use.plans.models import WEEKDAYS, Weekday
from app.time_use.prompts import service as prompts
from app.time_use.samples import repository as samples


@dataclass(frozen=True, slots=True)
class CoverageAnswer:
    """Coverage fit for the reader, over the days of `window` that have come."""

    window: Window
    parts: list[Part]
    missing_weeks: list[date]
    weekdays_covered: list[Weekday]


@dataclass(frozen=True, slots=True)
class _Loaded:
    pilot: Pilot
    window: Window
    compute: Callable[[], list[Phased]]


async def coverage(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    days: tuple[date | None, date | None],
) -> CoverageAnswer:
    """How far the samples of a pilot cover what its plan expects.

    Raises:
        NotFound: there is no such pilot within reach.
        Conflict: it has no sampling plan.
        Invalid: the window is empty, backwards or too long.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    loaded = await _load(session, principal, pilot, days)
    # Its lead sees the named rows; nobody else does, nor days of their own choice.
    if principal.only_own_pilots:
        return await asyncio.to_thread(_answer, loaded, None, Waiting({}, ()))
    late = await time_use.waits(session, principal, pilot, loaded.window.ends_on - DAY)
    minimum = principal.organisation.minimum_group_size
    return await asyncio.to_thread(_answer, loaded, minimum, late)


async def people(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    days: tuple[date | None, date | None],
    query: PageQuery,
) -> tuple[list[PersonCoverage], str | None]:
    """The same for each person of whom something was expected or seen, for the lead alone; recorded.

    Raises:
        NotFound, Conflict, Invalid: as `coverage`.
        Forbidden: the caller is not the pilot's lead.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    pilots.check_is_lead(
        principal, "Who has samples on which days is shown to the pilot's lead alone."
    )
    loaded = await _load(session, principal, pilot, days)
    found = await asyncio.to_thread(_people, loaded)
    shown, cursor = page_of(found, query)
    await audit_log.record(
        session, principal, "time_coverage.read", pilot.id, details={"rows": len(shown)}
    )
    return shown, cursor


async def _load(
    session: AsyncSession,
    principal: Principal,
    pilot: Pilot,
    asked: tuple[date | None, date | None],
) -> _Loaded:
    """What coverage is counted from.

    A day that has not ended may still be sampled, so nothing is expected of it yet.
    """
    plan = await plans.of_pilot(session, principal, pilot)
    phases = plans.phases_of(pilot)
    first = min(phase.starts_on for phase in phases.values())
    today = clock.today(principal.organisation.zone)
    if not principal.only_own_pilots:
        check_fixed(*asked, Window(first, pilot.ends_on))
        today = told_until(list(phases.values()), today - DAY) + DAY
    window = check_window(Window(asked[0] or first, asked[1] or pilot.ends_on))
    window = Window(window.starts_on, max(window.starts_on, min(window.ends_on, today)))
    zone = ZoneInfo(principal.organisation.zone)
    since, until = begins(window.starts_on, zone), begins(window.ends_on, zone)
    members = await membership.over(session, principal, pilot, window)
    seen: dict[UUID, set[date]] = defaultdict(set)
    async for rows in samples.recorded(session, principal, pilot.id, since, until):
        for row in rows:
            seen[row.person_id].add(day_of(row.started_at, zone))
    answered = await samples.answered(session, principal, pilot.id)
    drawn = [
        Prompt(person_id, day, (person_id, str(prompt_id)) in answered)
        for prompt_id, (person_id, day) in (
            await prompts.asked(session, principal, pilot, window, zone)
        ).items()
    ]
    schedule = plans.schedule_of(plan)
    parts = [(phase, whole, whole.clip(window)) for phase, whole in phases.items()]

    def compute() -> list[Phased]:
        return [
            Phased(phase, whole, days, schedule, members, seen, drawn)
            for phase, whole, days in parts
            if days.days
        ]

    return _Loaded(pilot, window, compute)


def _answer(loaded: _Loaded, minimum: int | None, late: Waiting) -> CoverageAnswer:
    phased = loaded.compute()
    parts = [
        each.part(arm, minimum, late)
        for each in phased
        for arm in Arm
        if any(member.arm is arm for member in each.members)
    ]
    return CoverageAnswer(
        loaded.window, parts, _missing_weeks(parts), _weekdays(phased, minimum or 1)
    )


def _missing_weeks(parts: list[Part]) -> list[date]:
    """The Mondays of the weeks in which something was expected and nobody has a sample.

    A week that is withheld from the reader is not among them: it would say what its counts do not.
    """
    expected, not_missing = set(), set()
    for part in parts:
        for week in part.weeks:
            monday = iso_week_of(week.days.starts_on).starts_on
            if week.expected:
                expected.add(monday)
            if week.suppressed or week.days.starts_on not in part.weeks_without:
                not_missing.add(monday)
    return sorted(expected - not_missing)


def _weekdays(phased: list[Phased], fewest: int) -> list[Weekday]:
    """The weekdays on which so many people at least have samples."""
    people: list[set[UUID]] = [set() for _ in WEEKDAYS]
    for each in phased:
        for n, who in enumerate(each.people_on_weekdays()):
            people[n] |= who
    return [day for day, who in zip(WEEKDAYS, people, strict=True) if len(who) >= fewest]


def _people(loaded: _Loaded) -> list[PersonCoverage]:
    """Both windows added up, of everybody of whom something was expected or seen."""
    found: dict[UUID, PersonCoverage] = {}
    for each in loaded.compute():
        for one in each.of_people():
            other = found.get(one.person_id)
            found[one.person_id] = one if other is None else _together(other, one)
    return [one for one in found.values() if one.expected or one.unexpected]


def _together(one: PersonCoverage, other: PersonCoverage) -> PersonCoverage:
    return PersonCoverage(
        one.person_id,
        one.arm,
        one.expected + other.expected,
        one.covered + other.covered,
        one.missing + other.missing,
        one.unexpected + other.unexpected,
        one.missing_days + other.missing_days,
    )
