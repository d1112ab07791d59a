"""How far samples cover what was expected: by window and arm, whole and week by week. Pure.

The two arms are never added up: of one that is withheld, nothing can be subtracted from a total.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.core.periods import DAY, Window, iso_week_of
from app.metrics.course import Course, counts_of
from app.metrics.figures import Figure, Share
from app.metrics.registry import EvidenceTier, Metric
from app.metrics.suppression import Figures, Report, suppress, without
from app.metrics.time_use.weekly import Waiting
from app.pilots.models import Arm, Member
from app.pilots.roll import Roll
from app.time_use.plans.expectation import (
    Days,
    Schedule,
    Tally,
    missing_days,
    open_days,
    sampled_days,
    tally,
    weeks_of,
)
from app.time_use.plans.service import Phase

# They speak of the data behind figures, so they stand in no registry; suppression asks for them.
_COVERAGE, _PROMPTS = (
    Metric(slug, slug, slug, slug, "person-days", EvidenceTier.USAGE_LOG)
    for slug in ("coverage", "prompts")
)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt that was drawn: for whom, for which local day, and whether a sample answers it."""

    person_id: UUID
    day: date
    is_answered: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """What was expected of the people of an arm on some days, and what there is; None where withheld."""

    phase: Phase
    arm: Arm
    days: Window
    expected: int | None
    covered: int | None
    people_expected: int | None
    people_with_samples: int | None
    unexpected: int | None
    prompts_drawn: int | None
    prompts_answered: int | None
    suppressed: bool = False

    @property
    def coverage(self) -> float | None:
        return self.covered / self.expected if self.expected and self.covered is not None else None


@dataclass(frozen=True, slots=True)
class Part:
    """One arm in one window: the whole of it, and its weeks."""

    whole: Cell
    weeks: list[Cell]
    # Exact, whoever reads it.
    weeks_without: frozenset[date]


@dataclass(frozen=True, slots=True)
class PersonCoverage:
    """How far somebody's samples cover what was expected of that person."""

    person_id: UUID
    arm: Arm
    expected: int
    covered: int
    missing: int
    unexpected: int
    missing_days: list[date]


class Phased:
    """Person-days of all members in one window of a pilot.

    Args:
        phase: which window.
        whole: all days of it.
        days: those that are asked for, one at least.
        schedule: what is expected.
        members: everybody in the pilot.
        seen: local days with samples by person.
        prompts: those of the pilot.
    """

    def __init__(
        self,
        phase: Phase,
        whole: Window,
        days: Window,
        schedule: Schedule,
        members: Sequence[Member],
        seen: Mapping[UUID, set[date]],
        prompts: Sequence[Prompt],
    ) -> None:
        self.phase, self.whole, self.days, self.members = phase, whole, days, members
        self._may: Days = open_days(schedule, Roll.of(members), days)
        self.sampled: Days = sampled_days(members, days, seen)
        self._counts: Tally = tally(schedule, days, self._may, self.sampled)
        self._prompts = [prompt for prompt in prompts if prompt.day in days]
        self._arm_of = {member.person_id: member.arm for member in members}

    def part(self, arm: Arm, minimum: int | None, late: Waiting) -> Part:
        """One arm, as somebody may see it.

        Args:
            arm: which one.
            minimum: the group size below which counts are withheld, None to withhold nothing.
            late: what the figures of time use withhold, which tell of the same person-days.
        """
        rows = np.array([member.arm is arm for member in self.members], dtype=np.bool_)
        weeks = weeks_of(self.days)
        mondays = [iso_week_of(week.starts_on).starts_on for week in weeks]

        def counted(first: int, last: int) -> _Counted:
            days = Window(weeks[first].starts_on, weeks[last].ends_on)
            return self._count(arm, rows, days, slice(first, last + 1))

        whole = counted(0, len(weeks) - 1)
        weekly = {monday: counted(n, n) for n, monday in enumerate(mondays)}
        without_samples = frozenset(
            week.starts_on
            for week, each in zip(weeks, weekly.values(), strict=True)
            if not each.cell.people_with_samples
        )
        if minimum is None:
            return Part(whole.cell, [each.cell for each in weekly.values()], without_samples)
        # The weeks add up to the whole, which is told again each week.
        course = Course(
            weeks={monday: counts_of(each.figures) for monday, each in weekly.items()},
            together=lambda first, last: counts_of(
                counted(mondays.index(first), mondays.index(last)).figures
            ),
            window=self.whole,
            as_of=self.days.ends_on - DAY,
        )
        waiting, totals = course.withheld(minimum)
        if (arm, self.phase.value) in late.totals:
            totals |= {_COVERAGE.slug}
        for monday, each in weekly.items():
            if arm in late.weeks.get((self.phase.value, monday), ()):
                waiting.setdefault(monday, set()).add(_COVERAGE.slug)
                # What is not expected is a part of that week, which the whole would tell beside the others.
                totals |= {_COVERAGE.slug} if each.cell.unexpected else set()
        shown = suppress(Report(whole.figures), minimum).figures
        return Part(
            whole.shown(without(shown, totals)),
            [
                each.shown(without(each.figures, waiting.get(monday, ())))
                for monday, each in weekly.items()
            ],
            without_samples,
        )

    def _count(self, arm: Arm, rows: Days, days: Window, weeks: slice) -> "_Counted":
        expected, covered, unexpected = (
            counts[rows][:, weeks].sum(axis=1)
            for counts in (self._counts.expected, self._counts.covered, self._counts.unexpected)
        )
        prompts = [
            p for p in self._prompts if p.day in days and self._arm_of.get(p.person_id) is arm
        ]
        return _Counted(self.phase, arm, days, expected, covered, unexpected, prompts)

    def people_on_weekdays(self) -> list[set[UUID]]:
        """By weekday, from Monday, who has samples on one."""
        found: list[set[UUID]] = [set() for _ in range(7)]
        for n, place in np.argwhere(self.sampled).tolist():
            day = self.days.starts_on + place * DAY
            found[day.weekday()].add(self.members[n].person_id)
        return found

    def of_people(self) -> list[PersonCoverage]:
        """Everybody, in the order of the members."""
        missing = missing_days(self.days, self._may, self.sampled, self._counts)
        counts = self._counts
        return [
            PersonCoverage(
                member.person_id,
                member.arm,
                int(counts.expected[n].sum()),
                int(counts.covered[n].sum()),
                int(counts.missing[n].sum()),
                int(counts.unexpected[n].sum()),
                missing[n],
            )
            for n, member in enumerate(self.members)
        ]


@dataclass(slots=True)
class _Counted:
    """Person-days by person, of shape (people,), and what may be said of them."""

    phase: Phase
    arm: Arm
    days: Window
    expected: NDArray[np.int64]
    covered: NDArray[np.int64]
    unexpected: NDArray[np.int64]
    prompts: Sequence[Prompt]
    cell: Cell = field(init=False)
    figures: Figures = field(init=False)

    def __post_init__(self) -> None:
        answered = [prompt for prompt in self.prompts if prompt.is_answered]
        asked, seen = self.expected > 0, self.covered + self.unexpected > 0
        self.cell = Cell(
            phase=self.phase,
            arm=self.arm,
            days=self.days,
            expected=int(self.expected.sum()),
            covered=int(self.covered.sum()),
            people_expected=int(asked.sum()),
            people_with_samples=int(seen.sum()),
            unexpected=int(self.unexpected.sum()),
            prompts_drawn=len(self.prompts),
            prompts_answered=len(answered),
        )
        covering = int((self.covered > 0).sum())
        beside = int((self.unexpected > 0).sum())
        prompted = {prompt.person_id for prompt in self.prompts}
        answering = {prompt.person_id for prompt in answered}
        shares = {
            _COVERAGE: (
                Share(covering, int(asked.sum())),
                Share(int((seen & asked).sum()), int(asked.sum())),
                Share(int((seen & ~asked).sum()), int(seen.sum())),
                # What is covered and what is not expected add up to all that was recorded, and the figures of
                # time use tell that.
                Share(beside, beside),
            ),
            _PROMPTS: (Share(len(answering), len(prompted)),),
        }
        self.figures = {metric.slug: self._figure(metric, s) for metric, s in shares.items()}

    def _figure(self, metric: Metric, shares: tuple[Share, ...]) -> Figure:
        return Figure(
            metric=metric,
            window=self.days,
            as_of=self.days.ends_on,
            value=None,
            numerator=None,
            denominator=None,
            people=max(share.whole for share in shares),
            interval=None,
            disclosive=shares,
        )

    def shown(self, figures: Figures) -> Cell:
        """The cell with nulls for what is withheld of its figures."""
        hidden = {slug for slug, figure in figures.items() if figure.suppressed}
        cell = self.cell
        main = _COVERAGE.slug in hidden
        prompts = _PROMPTS.slug in hidden
        return Cell(
            phase=cell.phase,
            arm=cell.arm,
            days=cell.days,
            expected=None if main else cell.expected,
            covered=None if main else cell.covered,
            people_expected=None if main else cell.people_expected,
            people_with_samples=None if main else cell.people_with_samples,
            unexpected=None if main else cell.unexpected,
            prompts_drawn=None if prompts else cell.prompts_drawn,
            prompts_answered=None if prompts else cell.prompts_answered,
            suppressed=bool(hidden),
        )
