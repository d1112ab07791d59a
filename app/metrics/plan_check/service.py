"""Plans as they are checked: what the caller left out is taken from the pilot."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.permissions import Scope
from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core.periods import Window
from app.licences.comparison_draws import service as comparison_draws
from app.metrics.plan_check.calculation import Check, Plan, check
from app.metrics.plan_check.schemas import PlanCheckIn
from app.pilots import membership
from app.pilots import service as pilots
from app.pilots.models import Arm, Pilot
from app.time_use.plans import service as plans
from app.time_use.plans.models import SamplingPlan
from app.time_use.plans.service import Phase, phases_of, schedule_of

# Which can be left out; in the order in which the answer names them.
_FROM_PILOT = (
    *("people_pilot", "people_comparison", "samples_per_week"),
    *("baseline_weeks", "pilot_weeks"),
)


@dataclass(frozen=True, slots=True)
class Checked:
    """The answer, and which of what it rests on is the pilot's own."""

    found: Check
    taken: list[str]


async def check_plan(
    session: AsyncSession, principal: Principal, pilot_id: UUID, wanted: PlanCheckIn
) -> Checked:
    """What a pilot as planned could show.

    It changes nothing; that somebody asked is recorded, as plans that were checked before the start are
    worth more than those that were made to fit.

    Raises:
        NotFound: there is no such pilot within reach.
        Conflict: the samples a week are left out, and it has no sampling plan.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    phases = phases_of(pilot)
    weeks = {phase: days.days / 7 for phase, days in phases.items()}
    sampling = None
    if wanted.samples_per_week is None:
        sampling = await plans.of_pilot(session, principal, pilot)
    people = {Arm.PILOT: wanted.people_pilot, Arm.COMPARISON: wanted.people_comparison}
    left_out = [arm for arm, number in people.items() if number is None]
    if left_out:
        counted = await _sampled(session, principal, pilot, sampling, phases)
        people |= {arm: counted[arm] for arm in left_out}
    plan = Plan(
        people_pilot=people[Arm.PILOT],
        people_comparison=people[Arm.COMPARISON],
        samples_per_week=_per_week(sampling, wanted.samples_per_week),
        baseline_weeks=_given(wanted.baseline_weeks, weeks.get(Phase.BASELINE, 0.0)),
        pilot_weeks=_given(wanted.pilot_weeks, weeks[Phase.PILOT]),
        expected_share=wanted.expected_share,
        correlation=wanted.correlation,
        is_drawn=await comparison_draws.was_drawn(session, principal, pilot),
    )
    await audit_log.record(session, principal, "pilot.plan_checked", pilot.id)
    taken = [name for name in _FROM_PILOT if getattr(wanted, name) is None]
    return Checked(check(plan, wanted.wanted_change), taken)


def _given(stated: float | None, otherwise: float) -> float:
    return otherwise if stated is None else stated


def _per_week(sampling: SamplingPlan | None, stated: float | None) -> float:
    if sampling is None:
        return stated or 0.0
    return float(sampling.person_days_per_week * (sampling.prompts_per_day or 1))


async def _sampled(
    session: AsyncSession,
    principal: Principal,
    pilot: Pilot,
    sampling: SamplingPlan | None,
    phases: dict[Phase, Window],
) -> dict[Arm, int | None]:
    """How many of each arm take part in every window of the pilot and are sampled; None where withheld."""
    arms = frozenset(Arm) if sampling is None else schedule_of(sampling).arms
    members = await membership.over(session, principal, pilot, phases[Phase.PILOT])
    counted: dict[Arm, int | None] = {}
    for arm in Arm:
        there = [
            member
            for member in members
            if member.arm is arm and all(member.days.overlaps(days) for days in phases.values())
        ]
        number = len(there) if arm in arms else 0
        # Who may list the members may count them.
        few = 0 < number < principal.organisation.minimum_group_size
        counted[arm] = None if few and not principal.may(Scope.PEOPLE_READ) else number
    return counted
