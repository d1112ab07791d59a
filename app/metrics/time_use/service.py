"""Time use as it is answered: loaded, computed, broken down, and suppressed for the reader."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

import numpy as np
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core.arrays import Ids
from app.core.periods import DAY, Window
from app.metrics.breakdowns import Breakdown, suppress_together
from app.metrics.figures import AnyFigure, Figure, Flag, Share
from app.metrics.groups import GroupBy
from app.metrics.questions import Question
from app.metrics.suppression import Report, suppress, without
from app.metrics.time_use import parts
from app.metrics.time_use.calculation import (
    BROAD,
    STRICT,
    Changed,
    Definition,
    Verdict,
    effect,
    verdict,
)
from app.metrics.time_use.loading import FEW_ENTRIES, Loaded, is_lead, load, span_of
from app.metrics.time_use.measured import Sums
from app.metrics.time_use.quality import PhaseQuality, quality_of
from app.metrics.time_use.weekly import Waiting, Week, weekly
from app.pilots import membership
from app.pilots.models import Arm, Pilot
from app.pilots.roll import Roll
from app.time_use.daily import service as daily
from app.time_use.taxonomies import service as taxonomies

Behind = Callable[[Sums], tuple[Share, ...]]
# Another definition of admin, and the people behind what follows from it.
_VARIANTS: dict[str, tuple[Definition, Behind]] = {
    "strict": (STRICT, parts.of_strict),
    "broad": (BROAD, parts.of_broad),
}


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
    loaded = await load(session, principal, pilot_id, question, facts)
    if len(loaded.facts.entries.day) < FEW_ENTRIES:
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
    facts = facts or await daily.facts(session, principal, pilot, span_of(pilot, days))
    taxonomy = await taxonomies.chosen_or_usual(session, principal, pilot, facts.taxonomy)
    loaded = Loaded(facts, roll, taxonomy, days, pilot.baseline, before, as_of)
    changed = await asyncio.to_thread(lambda: loaded.changed[Arm.PILOT])
    people = loaded.measured.arms[Arm.PILOT].people
    return Spent(changed, people, loaded.flags(principal))


async def waits(session: AsyncSession, principal: Principal, pilot: Pilot, as_of: date) -> Waiting:
    """What of the weeks and windows of a pilot waits, up to the end of a day: for whatever tells of the same samples.

    Args:
        session: the transaction.
        principal: who asks, who may not see the people.
        pilot: within reach.
        as_of: the last day that is told.
    """
    roll = await membership.roll(session, principal, pilot, None)
    facts = await daily.facts(session, principal, pilot, span_of(pilot, pilot.window))
    taxonomy = await taxonomies.chosen_or_usual(session, principal, pilot, facts.taxonomy)
    before = pilot.baseline.until(as_of) if pilot.baseline is not None else None
    loaded = Loaded(facts, roll, taxonomy, pilot.window, pilot.baseline, before, as_of)
    return await asyncio.to_thread(_waits, loaded, principal.organisation.minimum_group_size)


def _waits(loaded: Loaded, minimum: int) -> Waiting:
    weeks = weekly(loaded.measured, loaded.changed[Arm.PILOT], ())
    return loaded.waiting(weeks, minimum)


def _answer(loaded: Loaded, principal: Principal) -> TimeUseAnswer:
    changed = loaded.changed
    has_comparison = bool(len(loaded.measured.arms[Arm.COMPARISON].people))
    exact = {
        _key(arm, part): figures
        for arm in (Arm.PILOT, *((Arm.COMPARISON,) if has_comparison else ()))
        for part, figures in _of_arm(changed[arm]).items()
    }
    exact["effect"] = {"effect": effect(changed[Arm.PILOT], changed[Arm.COMPARISON])}
    for name, (definition, behind) in _VARIANTS.items():
        exact[name] = _otherwise(changed[Arm.PILOT], definition, behind)
    flags = loaded.flags(principal)
    breakdowns = _breakdowns(loaded, changed[Arm.PILOT])
    report = Report(
        figures={f"{part}.{slug}": f for part, each in exact.items() for slug, f in each.items()},
        groups={**breakdowns[loaded.asked].groups} if loaded.asked else {},
    )
    weeks = weekly(loaded.measured, changed[Arm.PILOT], flags)
    quality = _quality(loaded, changed[Arm.PILOT])
    if not is_lead(principal):
        minimum = principal.organisation.minimum_group_size
        late = loaded.waiting(weeks, minimum)
        exact_figures = report.figures
        report = suppress(replace(report, groups={}), minimum)
        report = replace(report, figures=without(report.figures, late.names(report.figures)))
        if loaded.asked:
            groups = suppress_together(exact_figures, breakdowns, minimum)[loaded.asked]
            report = replace(report, groups=groups)
        weeks = late.shown(weeks)
        unmapped = loaded.tells_unmapped(minimum)
        quality = {
            phase: found.withheld(
                minimum, altogether=(Arm.PILOT, phase) in late.totals, unmapped=unmapped
            )
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


def _breakdowns(loaded: Loaded, changed: Changed) -> dict[GroupBy, Breakdown]:
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


def _of_arm(changed: Changed) -> dict[str, dict[str, Figure]]:
    """The figures of an arm by part (`baseline`, `pilot`, `change`) and slug."""
    before, after = changed.figures()
    return {"baseline": before, "pilot": after, "change": {"change": changed.figure()}}


def _otherwise(changed: Changed, definition: Definition, behind: Behind) -> dict[str, Figure]:
    """The share after another definition, by part; `behind` it are those of whom it tells beside the usual one."""
    told = {
        phase: behind(each.sums) if each.sums is not None else ()
        for phase, each in (("baseline", changed.before), ("pilot", changed.after))
    }
    told["change"] = (*told["baseline"], *told["pilot"])
    before, after = changed.shares(definition)
    figures = {"baseline": before, "pilot": after, "change": changed.figure(definition)}
    return {
        part: replace(figure, disclosive=(*figure.disclosive, *told[part]))
        for part, figure in figures.items()
    }


def _key(arm: Arm, part: str) -> str:
    return f"{arm}.{part}"


def _flat(found: Mapping[str, Mapping[str, Figure]], arm: Arm) -> dict[str, AnyFigure]:
    return {
        f"{_key(arm, part)}.{slug}": figure
        for part, figures in found.items()
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


def _quality(loaded: Loaded, changed: Changed) -> dict[str, PhaseQuality]:
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
