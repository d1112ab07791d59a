"""Time use as it is answered: loaded, computed, broken down, and suppressed for the reader."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from uuid import UUID

import numpy as np
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.permissions import Scope
from app.access.principals import Principal
from app.core import clock
from app.core.arrays import Ids
from app.core.periods import DAY, Window
from app.metrics import groups as grouping
from app.metrics.breakdowns import Breakdown, suppress_together
from app.metrics.figures import AnyFigure, Figure, Flag
from app.metrics.groups import GroupBy
from app.metrics.questions import Question
from app.metrics.suppression import Report, suppress, without
from app.metrics.time_use.calculation import (
    BROAD,
    STRICT,
    Changed,
    Period,
    Verdict,
    effect,
    unmapped,
    verdict,
)
from app.metrics.time_use.measured import Measured
from app.metrics.time_use.quality import PhaseQuality, quality_of
from app.metrics.time_use.weekly import Waiting, Week, waiting, weekly
from app.pilots import membership
from app.pilots import service as pilots
from app.pilots.models import Arm, Pilot
from app.pilots.roll import Roll
from app.time_use.daily import service as daily
from app.time_use.plans import service as plans
from app.time_use.plans.expectation import Schedule
from app.time_use.taxonomies import service as taxonomies
from app.time_use.taxonomies.service import Version

_VARIANTS = {"strict": STRICT, "broad": BROAD}
# So many take a few milliseconds, no more than a thread may have to wait for its turn.
_FEW_ENTRIES = 20_000


@dataclass(frozen=True, slots=True)
class Arms:
    """The figures of an arm: by slug before and after, and the change."""

    baseline: dict[str, Figure]
    pilot: dict[str, Figure]
    change: Figure


@dataclass(frozen=True, slots=True)
class TimeUseAnswer:
    """Figures fit for the reader.

    `variants` hold the share of admin work after other definitions: before, after and its change.
    """

    window: Window
    baseline_window: Window | None
    as_of: date
    taxonomy: str
    arms: dict[Arm, Arms]
    effect: Figure | None
    variants: dict[str, Arms]
    weekly: list[Week]
    groups: dict[str, Arms]
    quality: dict[str, PhaseQuality]
    verdict: Verdict


@dataclass(frozen=True)
class _Loaded:
    """What the figures are computed from.

    Attributes:
        baseline, before: all of the baseline, and as far as it had come on the day that was asked for.
        groups: the ids of members of arm `pilot` by group, of every breakdown that the reader may have.
        asked: the one to be shown.
    """

    facts: daily.Facts
    roll: Roll
    taxonomy: Version
    window: Window
    baseline: Window | None
    before: Window | None
    as_of: date
    schedule: Schedule | None = None
    groups: Mapping[GroupBy, Mapping[str, Ids]] = field(default_factory=dict)
    asked: GroupBy | None = None

    @cached_property
    def measured(self) -> Measured:
        return Measured.of(self.facts, self.roll, self.taxonomy.codebook)

    @property
    def days(self) -> Window:
        """The window as far as it lies before the end of `as_of`."""
        return self.window.until(self.as_of)


def span_of(pilot: Pilot, window: Window) -> Window:
    """All days whose facts time use over a window is computed from."""
    # The window may lie before the baseline, or within it.
    found = [each for each in (window, pilot.baseline) if each is not None]
    return Window(min(each.starts_on for each in found), max(each.ends_on for each in found))


async def time_use(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    question: Question,
    facts: daily.Facts | None = None,
) -> TimeUseAnswer:
    """Time use of a pilot; `facts` are those of `span_of`, where they are at hand.

    Raises:
        NotFound: there is no such pilot within reach.
        Invalid: the window is empty, backwards or too long.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    today, is_lead = clock.today(principal.organisation.zone), _is_lead(principal)
    if not is_lead:
        question = question.restricted(pilot.windows, today)
    window = question.window(pilot.window)
    as_of = question.last_day(window, today)
    before = pilot.baseline
    span = span_of(pilot, window)
    if before is not None and question.as_of is not None:
        before = before.until(question.as_of)
    taxonomy = await taxonomies.of_pilot(session, principal, pilot)
    plan = await plans.find(session, principal, pilot)
    schedule = plans.schedule_of(plan) if plan is not None else None
    # Who is away matters to what a plan expects, and to nothing else here.
    roll = await membership.roll(session, principal, pilot, span if schedule else None)
    asked = question.group_by
    groups = await grouping.of_pilot(session, principal, pilot, asked, alone=is_lead)
    facts = facts or await daily.facts(session, principal, pilot, span)
    loaded = _Loaded(
        facts, roll, taxonomy, window, pilot.baseline, before, as_of, schedule, groups, asked
    )
    if len(facts.entries.day) < _FEW_ENTRIES:
        return _answer(loaded, principal)
    # In a thread, so that a large pilot does not hold up everybody else's requests.
    return await asyncio.to_thread(_answer, loaded, principal)


@dataclass(frozen=True, slots=True)
class Spent:
    """What arm `pilot` recorded in the baseline and on some days, exact; the people's ids, and what is to be known."""

    changed: Changed
    people: Ids
    flags: list[Flag]


async def spent(
    session: AsyncSession,
    principal: Principal,
    pilot: Pilot,
    roll: Roll,
    days: Window,
    facts: daily.Facts | None = None,
) -> Spent:
    """What arm `pilot` recorded.

    Args:
        session: the transaction.
        principal: who asks.
        pilot: within reach.
        roll: everybody in it.
        days: of the window, as far as it has come.
        facts: those of `span_of` the window, where they are at hand.
    """
    as_of, before = days.ends_on - DAY, pilot.baseline
    if before is not None:
        before = before.until(as_of)
    taxonomy = await taxonomies.of_pilot(session, principal, pilot)
    facts = facts or await daily.facts(session, principal, pilot, span_of(pilot, days))
    loaded = _Loaded(facts, roll, taxonomy, days, pilot.baseline, before, as_of)
    changed = await asyncio.to_thread(_changed, loaded, Arm.PILOT)
    people = loaded.measured.arms[Arm.PILOT].people
    return Spent(changed, people, _flags(loaded, changed, principal))


async def waits(session: AsyncSession, principal: Principal, pilot: Pilot, as_of: date) -> Waiting:
    """What of the weeks and windows of a pilot waits, up to the end of a day: for whatever tells of the same samples.

    Args:
        session: the transaction.
        principal: who asks, who may not see the people.
        pilot: within reach.
        as_of: the last day that is told.
    """
    taxonomy = await taxonomies.of_pilot(session, principal, pilot)
    roll = await membership.roll(session, principal, pilot, None)
    facts = await daily.facts(session, principal, pilot, span_of(pilot, pilot.window))
    before = pilot.baseline.until(as_of) if pilot.baseline is not None else None
    loaded = _Loaded(facts, roll, taxonomy, pilot.window, pilot.baseline, before, as_of)
    return await asyncio.to_thread(_waits, loaded, principal.organisation.minimum_group_size)


def _waits(loaded: _Loaded, minimum: int) -> Waiting:
    changed = _changed(loaded, Arm.PILOT)
    return _late(loaded, changed, weekly(loaded.measured, changed, ()), minimum)


def _late(loaded: _Loaded, changed: Changed, weeks: Sequence[Week], minimum: int) -> Waiting:
    windows = (loaded.baseline, loaded.window)
    return waiting(loaded.measured, changed, weeks, windows, minimum)


def _is_lead(principal: Principal) -> bool:
    """Its lead may see the named samples anyway; nobody else may."""
    return principal.only_own_pilots and principal.may(Scope.TIME_READ)


def _answer(loaded: _Loaded, principal: Principal) -> TimeUseAnswer:
    changed = {arm: _changed(loaded, arm) for arm in Arm}
    has_comparison = bool(len(loaded.measured.arms[Arm.COMPARISON].people))
    exact = {
        _key(arm, part): figures
        for arm in (Arm.PILOT, *((Arm.COMPARISON,) if has_comparison else ()))
        for part, figures in _of_arm(changed[arm]).items()
    }
    exact["effect"] = {"effect": effect(changed[Arm.PILOT], changed[Arm.COMPARISON])}
    for name, definition in _VARIANTS.items():
        one = changed[Arm.PILOT]
        exact[name] = {
            "baseline": one.before.share(definition),
            "pilot": one.after.share(definition),
            "change": one.figure(definition),
        }
    flags = _flags(loaded, changed[Arm.PILOT], principal)
    breakdowns = _breakdowns(loaded, changed[Arm.PILOT])
    report = Report(
        figures={f"{part}.{slug}": f for part, each in exact.items() for slug, f in each.items()},
        groups={**breakdowns[loaded.asked].groups} if loaded.asked else {},
    )
    weeks = weekly(loaded.measured, changed[Arm.PILOT], flags)
    quality = _quality(loaded, changed[Arm.PILOT])
    if not _is_lead(principal):
        minimum = principal.organisation.minimum_group_size
        late = _late(loaded, changed[Arm.PILOT], weeks, minimum)
        exact_figures = report.figures
        report = suppress(replace(report, groups={}), minimum)
        report = replace(report, figures=without(report.figures, late.names(report.figures)))
        if loaded.asked:
            groups = suppress_together(exact_figures, breakdowns, minimum)[loaded.asked]
            report = replace(report, groups=groups)
        weeks = late.shown(weeks)
        quality = {
            phase: found.withheld(minimum, altogether=(Arm.PILOT, phase) in late.totals)
            for phase, found in quality.items()
        }
    shown = report.flagged(*flags)
    arms = {arm: _arms(shown.figures, arm) for arm in Arm if _key(arm, "pilot") in exact}
    return TimeUseAnswer(
        window=loaded.window,
        baseline_window=loaded.before,
        as_of=loaded.as_of,
        taxonomy=loaded.taxonomy.version,
        arms=arms,
        effect=_figure(shown.figures, "effect.effect") if has_comparison else None,
        variants={name: _variant(shown.figures, name) for name in _VARIANTS},
        weekly=weeks,
        groups={group: _arms(figures, Arm.PILOT) for group, figures in shown.groups.items()},
        quality=quality,
        verdict=verdict(arms[Arm.PILOT].change),
    )


def _breakdowns(loaded: _Loaded, changed: Changed) -> dict[GroupBy, Breakdown]:
    """The exact figures of every breakdown that the reader may have; of who has an entry."""
    people = loaded.measured.arms[Arm.PILOT].people
    found = {}
    for by, groups in loaded.groups.items():
        of = {name: np.isin(people, ids) for name, ids in groups.items()}
        found[by] = Breakdown(
            {name: _flat(_of_arm(changed.of(who)), Arm.PILOT) for name, who in of.items()},
            {name: people[who] for name, who in of.items()},
        )
    return found


def _changed(loaded: _Loaded, arm: Arm) -> Changed:
    recorded, is_prompts = loaded.measured.arms[arm], loaded.measured.is_prompts
    before, after = loaded.before, loaded.days
    sums = recorded.sums(before) if before is not None else None
    return Changed(
        Period(before or after, loaded.as_of, sums, is_prompts),
        Period(after, loaded.as_of, recorded.sums(after), is_prompts),
    )


def _of_arm(changed: Changed) -> dict[str, dict[str, Figure]]:
    """The figures of an arm by part (`baseline`, `pilot`, `change`) and slug."""
    return {
        "baseline": changed.before.figures(),
        "pilot": changed.after.figures(),
        "change": {"change": changed.figure()},
    }


def _key(arm: Arm, part: str) -> str:
    return f"{arm}.{part}"


def _flat(parts: Mapping[str, Mapping[str, Figure]], arm: Arm) -> dict[str, AnyFigure]:
    return {
        f"{_key(arm, part)}.{slug}": figure
        for part, figures in parts.items()
        for slug, figure in figures.items()
    }


def _figure(figures: Mapping[str, AnyFigure], name: str) -> Figure:
    found = figures[name]
    if not isinstance(found, Figure):
        raise TypeError(f"{name} is no figure")
    return found


def _arms(figures: Mapping[str, AnyFigure], arm: Arm) -> Arms:
    def part(name: str) -> dict[str, Figure]:
        prefix = f"{_key(arm, name)}."
        return {
            key.removeprefix(prefix): _figure(figures, key)
            for key in figures
            if key.startswith(prefix)
        }

    return Arms(part("baseline"), part("pilot"), part("change")["change"])


def _variant(figures: Mapping[str, AnyFigure], name: str) -> Arms:
    before, after = (_figure(figures, f"{name}.{part}") for part in ("baseline", "pilot"))
    return Arms(
        {before.metric.slug: before},
        {after.metric.slug: after},
        _figure(figures, f"{name}.change"),
    )


def _flags(loaded: _Loaded, changed: Changed, principal: Principal) -> list[Flag]:
    """What is to be known of all figures."""
    found = []
    if unmapped([changed.before.sums, changed.after.sums]):
        found.append(Flag.UNMAPPED_TIME)
    if loaded.measured.is_mixed:
        found.append(Flag.MIXED_METHODS)
    if loaded.days.ends_on < loaded.window.ends_on:
        found.append(Flag.WINDOW_OPEN)
    if principal.organisation.is_simulated:
        found.append(Flag.SIMULATED)
    return found


def _quality(loaded: _Loaded, changed: Changed) -> dict[str, PhaseQuality]:
    phases = (("baseline", changed.before), ("pilot", changed.after))
    return {
        phase: quality_of(
            loaded.measured,
            period.sums,
            loaded.facts.codes,
            loaded.roll,
            period.window,
            loaded.schedule,
        )
        for phase, period in phases
        if period.sums is not None
    }
