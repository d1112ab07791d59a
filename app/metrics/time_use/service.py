"""Time use as it is answered: loaded, computed, broken down, and suppressed for the reader."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.permissions import Scope
from app.access.principals import Principal
from app.core import clock
from app.core.periods import DAY, Window
from app.metrics.breakdowns import Breakdown, offered, suppress_together
from app.metrics.figures import AnyFigure, Figure, Flag
from app.metrics.groups import GroupBy, named
from app.metrics.questions import Question
from app.metrics.suppression import Figures, Report, suppress
from app.metrics.time_use.calculation import (
    Changed,
    Period,
    Verdict,
    effect,
    unmapped,
    verdict,
)
from app.metrics.time_use.measured import Measured
from app.metrics.time_use.quality import PhaseQuality, quality_of
from app.metrics.time_use.weekly import VARIANTS, Week, Whole, weekly
from app.pilots import membership
from app.pilots import service as pilots
from app.pilots.models import Arm, Member, Pilot
from app.time_use.daily import service as daily
from app.time_use.plans import service as plans
from app.time_use.plans.expectation import Schedule
from app.time_use.taxonomies import service as taxonomies


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


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What the figures are computed from."""

    measured: Measured
    members: list[Member]
    window: Window
    before: Window | None
    as_of: date
    schedule: Schedule | None
    facts: daily.Facts = field(repr=False)
    # For a reader under suppression: all of the baseline, and the last day that is told.
    whole_before: Window | None = None
    told_until: date = date.max

    @property
    def days(self) -> Window:
        """The window as far as it lies before the end of `as_of`."""
        return _until(self.window, self.as_of)


async def time_use(
    session: AsyncSession, principal: Principal, pilot_id: UUID, question: Question
) -> TimeUseAnswer:
    """Time use of a pilot.

    Raises:
        NotFound: there is no such pilot within reach.
        Invalid: the window is empty, backwards or too long.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    today = clock.today(principal.organisation.zone)
    if not _is_lead(principal):
        question = question.restricted(pilot.windows, today)
    window = question.window(pilot)
    as_of = question.last_day(window, today)
    before = whole_before = _baseline(pilot)
    span = window
    if before is not None:
        # The window may lie before the baseline, or within it.
        span = Window(min(window.starts_on, before.starts_on), max(window.ends_on, before.ends_on))
    if before is not None and question.as_of is not None:
        before = _until(before, question.as_of)
    taxonomy = await taxonomies.of_pilot(session, principal, pilot)
    plan = await plans.find(session, principal, pilot)
    schedule = plans.schedule_of(plan) if plan is not None else None
    # Who is away matters to what a plan expects, and to nothing else here.
    members = await membership.over(session, principal, pilot, span if schedule else None)
    facts = await daily.facts(session, principal, pilot, span)
    # In a thread, so that a large pilot does not hold up everybody else's requests.
    return await asyncio.to_thread(
        _answer,
        _Loaded(
            Measured.of(facts, members, taxonomy.codebook),
            members,
            window,
            before,
            as_of,
            schedule,
            facts,
            whole_before,
            question.as_of or today,
        ),
        question.group_by,
        taxonomy.version,
        principal,
    )


async def admin_change(
    session: AsyncSession, principal: Principal, pilot: Pilot, days: Window
) -> tuple[Changed, list[Flag]]:
    """What arm `pilot` recorded in the baseline and on some days, exact, and what is to be known of it.

    Args:
        session: the transaction.
        principal: who asks.
        pilot: within reach.
        days: of the window, as far as it has come.
    """
    as_of, before = days.ends_on - DAY, _baseline(pilot)
    if before is not None:
        before = _until(before, as_of)
    found = [each for each in (before, days) if each is not None]
    span = Window(min(each.starts_on for each in found), max(each.ends_on for each in found))
    taxonomy = await taxonomies.of_pilot(session, principal, pilot)
    members = await membership.over(session, principal, pilot, None)
    facts = await daily.facts(session, principal, pilot, span)
    measured = await asyncio.to_thread(Measured.of, facts, members, taxonomy.codebook)
    loaded = _Loaded(measured, members, days, before, as_of, None, facts)
    changed = await asyncio.to_thread(_changed, loaded, Arm.PILOT)
    return changed, _flags(loaded, changed, principal)


def _until(window: Window, as_of: date) -> Window:
    """The window as far as it lies before the end of a day."""
    ends_on = min(window.ends_on, as_of + DAY)
    return Window(min(window.starts_on, ends_on), ends_on)


def _baseline(pilot: Pilot) -> Window | None:
    if pilot.baseline_starts_on is None or pilot.baseline_ends_on is None:
        return None
    return Window(pilot.baseline_starts_on, pilot.baseline_ends_on)


def _answer(
    loaded: _Loaded, group_by: GroupBy | None, taxonomy: str, principal: Principal
) -> TimeUseAnswer:
    measured = loaded.measured
    changed = {arm: _changed(loaded, arm) for arm in Arm}
    has_comparison = bool((measured.arm == tuple(Arm).index(Arm.COMPARISON)).any())
    exact = {
        _key(arm, part): figures
        for arm in (Arm.PILOT, *((Arm.COMPARISON,) if has_comparison else ()))
        for part, figures in _of_arm(changed[arm]).items()
    }
    exact["effect"] = {"effect": effect(changed[Arm.PILOT], changed[Arm.COMPARISON])}
    for name, definition in VARIANTS.items():
        one = changed[Arm.PILOT]
        exact[name] = {
            "baseline": one.before.share(definition),
            "pilot": one.after.share(definition),
            "change": one.figure(definition),
        }
    flags = _flags(loaded, changed[Arm.PILOT], principal)
    groups = {
        group: _flat(_of_arm(_changed(loaded, Arm.PILOT, _chosen(loaded, of))), Arm.PILOT)
        for group, of in _groups(loaded, group_by).items()
    }
    report = Report(
        figures={f"{part}.{slug}": f for part, each in exact.items() for slug, f in each.items()},
        groups=groups,
    )
    report = report.flagged(*flags)
    whole = None if _is_lead(principal) else _whole(loaded, principal)
    weeks = weekly(measured, changed[Arm.PILOT], flags, whole)
    quality = _quality(loaded, changed[Arm.PILOT])
    shown = report
    if whole is not None:
        shown = _without(suppress(report, whole.minimum), weeks.totals)
        if group_by is not None:
            groups = _together(loaded, report.figures, group_by, whole.minimum)
            shown = replace(shown, groups=groups).flagged(*flags)
        hidden = {name.split(".")[1] for name in weeks.totals}
        quality = {
            phase: found.withheld(whole.minimum, altogether=phase in hidden)
            for phase, found in quality.items()
        }
    arms = {arm: _arms(shown.figures, arm) for arm in Arm if _key(arm, "pilot") in exact}
    return TimeUseAnswer(
        window=loaded.window,
        baseline_window=loaded.before,
        as_of=loaded.as_of,
        taxonomy=taxonomy,
        arms=arms,
        effect=_figure(shown.figures, "effect.effect") if has_comparison else None,
        variants={name: _variant(shown.figures, name) for name in VARIANTS},
        weekly=weeks.shown,
        groups={group: _arms(figures, Arm.PILOT) for group, figures in shown.groups.items()},
        quality=quality,
        verdict=verdict(arms[Arm.PILOT].change),
    )


def _together(
    loaded: _Loaded, total: Figures, group_by: GroupBy, minimum: int
) -> dict[str, Figures]:
    """The groups, as they may be shown to somebody who may ask for the other breakdowns as well."""
    members = offered({by: partial(_groups, loaded, by) for by in GroupBy}, group_by)
    breakdowns = {
        by: Breakdown(
            {
                name: _flat(_of_arm(_changed(loaded, Arm.PILOT, _chosen(loaded, who))), Arm.PILOT)
                for name, who in groups.items()
            },
            groups,
        )
        for by, groups in members.items()
    }
    return suppress_together(total, breakdowns, minimum)[group_by]


def _chosen(loaded: _Loaded, who: Set[int]) -> NDArray[np.bool_]:
    chosen = np.zeros(len(loaded.measured.people), dtype=np.bool_)
    chosen[list(who)] = True
    return chosen


def _is_lead(principal: Principal) -> bool:
    """Its lead may see the named samples anyway; nobody else may."""
    return principal.only_own_pilots and principal.may(Scope.TIME_READ)


def _whole(loaded: _Loaded, principal: Principal) -> Whole:
    windows = {"pilot": loaded.window}
    if loaded.whole_before is not None:
        windows["baseline"] = loaded.whole_before
    return Whole(windows, loaded.told_until, principal.organisation.minimum_group_size)


def _without(report: Report, totals: Collection[str]) -> Report:
    """The report without totals that wait for their weeks, and without the changes that would tell them."""
    waiting = {name.split(".")[0] for name in totals}
    changes = {
        name
        for name in report.figures
        if (name == "effect.effect" and waiting)
        or (name.endswith(".change") and (name.split(".")[0] in waiting or Arm.PILOT in waiting))
    }
    hidden = changes.union(totals)
    return replace(
        report,
        figures={n: f.withheld() if n in hidden else f for n, f in report.figures.items()},
    )


def _changed(loaded: _Loaded, arm: Arm, of: NDArray[np.bool_] | None = None) -> Changed:
    measured = loaded.measured
    before, after = loaded.before, loaded.days
    return Changed(
        Period(
            before or after,
            loaded.as_of,
            measured.sums(before, arm, of) if before is not None else None,
            measured.is_prompts,
        ),
        Period(after, loaded.as_of, measured.sums(after, arm, of), measured.is_prompts),
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


def _groups(loaded: _Loaded, group_by: GroupBy | None) -> dict[str, set[int]]:
    """Who of the people with entries is in which group; groups without a member of arm `pilot` are none."""
    if group_by is None:
        return {}
    place = {person_id: n for n, person_id in enumerate(loaded.measured.people)}
    groups: dict[str | None, set[int]] = defaultdict(set)
    for member in loaded.members:
        if member.arm is not Arm.PILOT:
            continue
        of = groups[getattr(member, group_by.value)]
        if member.person_id in place:
            of.add(place[member.person_id])
    return named(groups)


def _quality(loaded: _Loaded, changed: Changed) -> dict[str, PhaseQuality]:
    phases = (("baseline", changed.before), ("pilot", changed.after))
    return {
        phase: quality_of(
            loaded.measured,
            period.sums,
            loaded.facts.codes,
            loaded.members,
            period.window,
            loaded.schedule,
        )
        for phase, period in phases
        if period.sums is not None
    }
