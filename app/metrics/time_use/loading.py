"""What figures of time use are computed from, loaded for who asks: the same for every answer about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.permissions import Scope
from app.access.principals import Principal
from app.core import clock
from app.core.arrays import Ids
from app.core.periods import Window
from app.metrics import groups as grouping
from app.metrics.figures import Flag
from app.metrics.groups import GroupBy
from app.metrics.questions import Question
from app.metrics.time_use import parts
from app.metrics.time_use.calculation import Changed, Period, unmapped
from app.metrics.time_use.measured import Measured
from app.metrics.time_use.weekly import Waiting, Week, waiting
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
FEW_ENTRIES = 20_000


@dataclass(frozen=True)
class Loaded:
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

    @property
    def is_over(self) -> bool:
        """Whether no day of the window or the baseline is to come."""
        return (self.days, self.before) == (self.window, self.baseline)

    @cached_property
    def changed(self) -> dict[Arm, Changed]:
        """What each arm recorded in the baseline and in the window."""
        return {arm: self._changed(arm) for arm in Arm}

    def _changed(self, arm: Arm) -> Changed:
        recorded, is_prompts = self.measured.arms[arm], self.measured.is_prompts
        before, after = self.before, self.days
        sums = recorded.sums(before) if before is not None else None
        return Changed(
            Period(before or after, self.as_of, sums, is_prompts),
            Period(after, self.as_of, recorded.sums(after), is_prompts),
        )

    def waiting(self, weeks: Sequence[Week], minimum: int) -> Waiting:
        """What waits of both arms; `weeks` are the exact ones of arm `pilot`."""
        windows = (self.baseline, self.window)
        return waiting(self.measured, self.changed[Arm.PILOT], weeks, windows, minimum)

    def tells_unmapped(self, minimum: int) -> bool:
        """Whether unmapped time may be told: of every arm and window, as the quality of samples adds them up."""
        periods = [each for c in self.changed.values() for each in (c.before, c.after)]
        return all(
            parts.are_told(parts.of_unmapped(each.sums), minimum)
            for each in periods
            if each.sums is not None
        )

    def flags(self, principal: Principal) -> list[Flag]:
        """What is to be known of all figures."""
        own, found = self.changed[Arm.PILOT], []
        if unmapped([own.before.sums, own.after.sums]):
            found.append(Flag.UNMAPPED_TIME)
        if self.measured.is_mixed:
            found.append(Flag.MIXED_METHODS)
        if self.days.ends_on < self.window.ends_on:
            found.append(Flag.WINDOW_OPEN)
        if principal.organisation.is_simulated:
            found.append(Flag.SIMULATED)
        return found


def span_of(pilot: Pilot, window: Window) -> Window:
    """All days whose facts time use over a window is computed from."""
    # The window may lie before the baseline, or within it.
    found = [each for each in (window, pilot.baseline) if each is not None]
    return Window(min(each.starts_on for each in found), max(each.ends_on for each in found))


def is_lead(principal: Principal) -> bool:
    """Its lead may see the named samples anyway; nobody else may."""
    return principal.only_own_pilots and principal.may(Scope.TIME_READ)


async def load(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    question: Question,
    facts: daily.Facts | None = None,
) -> Loaded:
    """What a question about a pilot is answered from; `facts` are those of `span_of`, where they are at hand.

    Raises:
        NotFound: there is no such pilot within reach.
        Invalid: the window is empty, backwards or too long, or not one that the reader is shown.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    today, sees_people = clock.today(principal.organisation.zone), is_lead(principal)
    if not sees_people:
        question = question.restricted(pilot.windows, today)
    window = question.window(pilot.window)
    as_of = question.last_day(window, today)
    before = pilot.baseline
    span = span_of(pilot, window)
    if before is not None and question.as_of is not None:
        before = before.until(question.as_of)
    plan = await plans.find(session, principal, pilot)
    schedule = plans.schedule_of(plan) if plan is not None else None
    # Who is away matters to what a plan expects, and to nothing else here.
    roll = await membership.roll(session, principal, pilot, span if schedule else None)
    asked = question.group_by
    groups = await grouping.of_pilot(session, principal, pilot, asked, alone=sees_people)
    facts = facts or await daily.facts(session, principal, pilot, span)
    taxonomy = await taxonomies.chosen_or_usual(session, principal, pilot, facts.taxonomy)
    return Loaded(
        facts, roll, taxonomy, window, pilot.baseline, before, as_of, schedule, groups, asked
    )
