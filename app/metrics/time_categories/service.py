"""Categories of time as they are answered: loaded, computed, and withheld from readers who may not see the people."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core.periods import Window
from app.metrics.figures import Figure, Flag
from app.metrics.questions import Question
from app.metrics.time_categories.calculation import (
    Divided,
    Line,
    changes,
    line_of_each,
    lines_of,
)
from app.metrics.time_categories.withholding import Told, withheld
from app.metrics.time_use import parts
from app.metrics.time_use.calculation import disclosed
from app.metrics.time_use.loading import FEW_ENTRIES, Loaded, is_lead, load
from app.metrics.time_use.weekly import PHASES, weekly
from app.pilots.models import Arm

CHANGE = "change"

# By arm and phase, or `change`, a figure for each line.
_Shares = dict[tuple[Arm, str], list[Figure]]


@dataclass(frozen=True, slots=True)
class CategoriesAnswer:
    """Figures fit for the reader: by arm and `baseline`, `pilot` or `change`, in the order of `lines`."""

    window: Window
    baseline_window: Window | None
    as_of: date
    taxonomy: str
    lines: Sequence[Line]
    figures: Mapping[tuple[Arm, str], Sequence[Figure]]


async def categories(
    session: AsyncSession, principal: Principal, pilot_id: UUID, question: Question
) -> CategoriesAnswer:
    """The share of each category in what a pilot's people recorded.

    Raises:
        NotFound: there is no such pilot within reach.
        Invalid: the window is empty, backwards or too long, or not one that the reader is shown.
    """
    loaded = await load(session, principal, pilot_id, question)
    if len(loaded.facts.entries.day) < FEW_ENTRIES:
        return _answer(loaded, principal)
    # In a thread, so that a large pilot does not hold up everybody else's requests.
    return await asyncio.to_thread(_answer, loaded, principal)


def _answer(loaded: Loaded, principal: Principal) -> CategoriesAnswer:
    divided = _divided(loaded)
    exact = _exact(divided)
    if not is_lead(principal):
        minimum = principal.organisation.minimum_group_size
        exact = _shown(exact, _withheld(loaded, divided, minimum), minimum)
    flags: list[Flag] = loaded.flags(principal)
    return CategoriesAnswer(
        window=loaded.window,
        baseline_window=loaded.before,
        as_of=loaded.as_of,
        taxonomy=loaded.taxonomy.version,
        lines=lines_of(loaded.taxonomy.categories),
        figures={key: [f.flagged(*flags) for f in figures] for key, figures in exact.items()},
    )


def _divided(loaded: Loaded) -> dict[tuple[Arm, str], Divided]:
    """What each arm recorded by line; of the comparison arm only where somebody of it did."""
    lines, measured = lines_of(loaded.taxonomy.categories), loaded.measured
    line = line_of_each(loaded.facts.codes, loaded.taxonomy.codebook, lines)
    found = {}
    for arm, recorded in measured.arms.items():
        if arm is Arm.COMPARISON and not len(recorded.people):
            continue
        changed = loaded.changed[arm]
        for phase, period in zip(PHASES, (changed.before, changed.after), strict=True):
            amounts = (
                recorded.divided(period.window, line, len(lines))
                if period.sums is not None
                else None
            )
            found[arm, phase] = Divided(period, lines, amounts)
    return found


def _exact(divided: Mapping[tuple[Arm, str], Divided]) -> _Shares:
    found = {key: each.figures() for key, each in divided.items()}
    for arm in {arm for arm, _ in divided}:
        before, after = (divided[arm, phase] for phase in PHASES)
        found[arm, CHANGE] = changes(before, after)
    return found


def _withheld(
    loaded: Loaded, divided: Mapping[tuple[Arm, str], Divided], minimum: int
) -> dict[tuple[Arm, str], set[int]]:
    """The places of the lines that are withheld, by arm and phase.

    All of them until the window is over: of two answers the difference could be taken. And all where the
    figures of time use are withheld over the window: what categories add up to would tell those.
    """
    weeks = weekly(loaded.measured, loaded.changed[Arm.PILOT], ())
    late = loaded.waiting(weeks, minimum).totals
    unmapped = loaded.tells_unmapped(minimum)
    found: dict[tuple[Arm, str], set[int]] = {}
    for key, each in divided.items():
        sums, amounts = each.period.sums, each.amounts
        if sums is None or amounts is None:
            found[key] = set()
        elif not loaded.is_over or key in late or not parts.are_told(disclosed(sums), minimum):
            found[key] = set(range(len(each.lines)))
        else:
            told = Told.of(sums, minimum, unmapped=unmapped)
            found[key] = withheld(each.lines, amounts > 0, told, minimum)
    return found


def _shown(exact: _Shares, hidden: Mapping[tuple[Arm, str], set[int]], minimum: int) -> _Shares:
    found = {}
    for (arm, part), figures in exact.items():
        # A change beside one of its sides tells the other.
        sides = PHASES if part == CHANGE else (part,)
        gone = set[int]().union(*(hidden[arm, side] for side in sides))
        found[arm, part] = [
            f.withheld() if n in gone or not parts.are_told(f.disclosive, minimum) else f
            for n, f in enumerate(figures)
        ]
    return found
