"""Time use as it is answered: loaded, computed, broken down, and suppressed for the reader."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from uuid import UUID

import numpy as np
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.permissions import Scope
from app.access.principals import Principal
from app.core import clock
from app.core.arrays import Ids, array_of
from app.core.periods import Window
from app.metrics.figures import AnyFigure, Figure, Flag
from app.metrics.groups import GroupBy, named
from app.metrics.questions import Question
from app.metrics.suppression import Figures, Report, suppress, suppress_parts
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
from app.pilots import membership
from app.pilots import service as pilots
from app.pilots.models import Arm, Pilot
from app.pilots.roll import Roll
from app.time_use.daily import service as daily
from app.time_use.plans import service as plans
from app.time_use.plans.expectation import Schedule
from app.time_use.taxonomies import service as taxonomies
from app.time_use.taxonomies.service import Version

# So many take a few milliseconds, no more than a thread may have to wait for its turn.
_FEW_ENTRIES = 20_000


@dataclass(frozen=True, slots=True)
class Arms:
    """The figures of an arm: by slug before and after, and the change."""

    baseline: dict[str, Figure]
    pilot: dict[str, Figure]
    change: Figure


@dataclass(frozen=True, slots=True)
class Week:
    """The figures of arm `pilot` in the part of an ISO week that lies in a window (`baseline` or `pilot`)."""

    starts_on: date
    phase: str
    figures: dict[str, AnyFigure]


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
    """What the figures are computed from; `groups` are the ids of members of arm `pilot` by group."""

    facts: daily.Facts
    roll: Roll
    groups: Mapping[str, Ids]
    taxonomy: Version
    window: Window
    before: Window | None
    as_of: date
    schedule: Schedule | None

    @cached_property
    def measured(self) -> Measured:
        return Measured.of(self.facts, self.roll, self.taxonomy.codebook)

    @property
    def days(self) -> Window:
        """The window as far as it lies before the end of `as_of`."""
        return self.window.until(self.as_of)


async def time_use(
    session: AsyncSession, principal: Principal, pilot_id: UUID, question: Question
) -> TimeUseAnswer:
    """Time use of a pilot.

    Raises:
        NotFound: there is no such pilot within reach.
        Invalid: the window is empty, backwards or too long.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    window = question.window(pilot.window)
    as_of = question.last_day(window, clock.today(principal.organisation.zone))
    before = pilot.baseline
    span = window
    if before is not None:
        # The window may lie before the baseline, or within it.
        span = Window(min(window.starts_on, before.starts_on), max(window.ends_on, before.ends_on))
    if before is not None and question.as_of is not None:
        before = before.until(question.as_of)
    taxonomy = await taxonomies.of_pilot(session, principal, pilot)
    plan = await plans.find(session, principal, pilot)
    schedule = plans.schedule_of(plan) if plan is not None else None
    # Who is away matters to what a plan expects, and to nothing else here.
    roll = await membership.roll(session, principal, pilot, span if schedule else None)
    groups = await _groups(session, principal, pilot, question.group_by)
    facts = await daily.facts(session, principal, pilot, span)
    loaded = _Loaded(facts, roll, groups, taxonomy, window, before, as_of, schedule)
    if len(facts.entries.day) < _FEW_ENTRIES:
        return _answer(loaded, principal)
    # In a thread, so that a large pilot does not hold up everybody else's requests.
    return await asyncio.to_thread(_answer, loaded, principal)


def _answer(loaded: _Loaded, principal: Principal) -> TimeUseAnswer:
    changed = {arm: _changed(loaded, arm) for arm in Arm}
    has_comparison = bool(len(loaded.measured.arms[Arm.COMPARISON].people))
    exact = {
        _key(arm, part): figures
        for arm in (Arm.PILOT, *((Arm.COMPARISON,) if has_comparison else ()))
        for part, figures in _of_arm(changed[arm]).items()
    }
    exact["effect"] = {"effect": effect(changed[Arm.PILOT], changed[Arm.COMPARISON])}
    for name, definition in (("strict", STRICT), ("broad", BROAD)):
        one = changed[Arm.PILOT]
        exact[name] = {
            "baseline": one.before.share(definition),
            "pilot": one.after.share(definition),
            "change": one.figure(definition),
        }
    flags = _flags(loaded, changed[Arm.PILOT], principal)
    people = loaded.measured.arms[Arm.PILOT].people
    groups = {
        group: _flat(_of_arm(changed[Arm.PILOT].of(np.isin(people, ids))), Arm.PILOT)
        for group, ids in loaded.groups.items()
    }
    report = Report(
        figures={f"{part}.{slug}": f for part, each in exact.items() for slug, f in each.items()},
        groups=groups,
    )
    for flag in flags:
        report = report.flagged(flag)
    # Its lead may see the named samples anyway; nobody else may.
    is_lead = principal.only_own_pilots and principal.may(Scope.TIME_READ)
    minimum = principal.organisation.minimum_group_size
    shown = report if is_lead else suppress(report, minimum)
    quality = {
        phase: found if is_lead else found.withheld(minimum)
        for phase, found in _quality(loaded, changed[Arm.PILOT]).items()
    }
    arms = {arm: _arms(shown.figures, arm) for arm in Arm if _key(arm, "pilot") in exact}
    return TimeUseAnswer(
        window=loaded.window,
        baseline_window=loaded.before,
        as_of=loaded.as_of,
        taxonomy=loaded.taxonomy.version,
        arms=arms,
        effect=_figure(shown.figures, "effect.effect") if has_comparison else None,
        variants={name: _variant(shown.figures, name) for name in ("strict", "broad")},
        weekly=_weekly(loaded, changed[Arm.PILOT], flags, None if is_lead else minimum),
        groups={group: _arms(figures, Arm.PILOT) for group, figures in shown.groups.items()},
        quality=quality,
        verdict=verdict(arms[Arm.PILOT].change),
    )


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


def _weekly(
    loaded: _Loaded, changed: Changed, flags: Sequence[Flag], minimum: int | None
) -> list[Week]:
    """The weeks of the baseline and of the window, in order.

    Args:
        loaded: what they are computed from.
        changed: the windows that they add up to.
        flags: what is to be known of all figures.
        minimum: the least people that the reader may be told of; None for the lead.
    """
    found: list[Week] = []
    for phase, whole in (("baseline", changed.before), ("pilot", changed.after)):
        if whole.sums is None:
            continue
        parts: dict[str, Figures] = {}
        for week in whole.window.iso_weeks():
            clipped = week.clip(whole.window)
            sums = loaded.measured.arms[Arm.PILOT].sums(clipped)
            period = Period(clipped, loaded.as_of, sums, loaded.measured.is_prompts)
            partial = (*flags, *((Flag.PARTIAL_WEEK,) if clipped != week else ()))
            parts[week.starts_on.isoformat()] = {
                slug: figure.flagged(*partial) for slug, figure in period.figures().items()
            }
        if minimum is not None:
            parts = suppress_parts({**whole.figures()}, parts, minimum)
        found += [Week(date.fromisoformat(day), phase, figures) for day, figures in parts.items()]
    return sorted(found, key=lambda week: (week.starts_on, week.phase))


async def _groups(
    session: AsyncSession, principal: Principal, pilot: Pilot, group_by: GroupBy | None
) -> dict[str, Ids]:
    """Members of arm `pilot` by group."""
    if group_by is None:
        return {}
    found = await membership.groups(session, principal, pilot, Arm.PILOT, group_by.value)
    return {name: array_of(ids) for name, ids in named(found).items()}


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
