"""Rules about sampling plans: set by whoever runs the pilot, and what follows for its members."""

from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core.errors import NotFound
from app.core.etags import check_if_match, etag_of
from app.core.periods import Window
from app.pilots import service as pilots
from app.pilots.models import Arm, Pilot
from app.time_use.plans import errors, repository
from app.time_use.plans.expectation import Schedule
from app.time_use.plans.models import WEEKDAYS, PlanArms, SamplingPlan, Weekday
from app.time_use.plans.schemas import PlanIn

_FIELDS = (
    *("method", "arms", "days", "person_days_per_week"),
    *("prompts_per_day", "from_time", "until_time"),
)


class Phase(StrEnum):
    """A window of a pilot in which samples are expected."""

    BASELINE = "baseline"
    PILOT = "pilot"


@dataclass(frozen=True, slots=True)
class Set:
    """A pilot's plan, and the ETag to change it with."""

    plan: SamplingPlan
    etag: str


async def get(session: AsyncSession, principal: Principal, pilot_id: UUID) -> Set:
    """A pilot's plan.

    Raises:
        NotFound: there is no such pilot within reach, or it has no plan.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    plan = await repository.find(session, principal, pilot.id)
    if plan is None:
        raise NotFound("This pilot has no sampling plan.")
    return Set(plan, _etag(pilot, plan))


async def find(session: AsyncSession, principal: Principal, pilot: Pilot) -> SamplingPlan | None:
    """The plan of a pilot within reach, where it has one."""
    return await repository.find(session, principal, pilot.id)


async def of_pilot(session: AsyncSession, principal: Principal, pilot: Pilot) -> SamplingPlan:
    """The plan of a pilot within reach.

    Raises:
        Conflict: it has none.
    """
    plan = await repository.find(session, principal, pilot.id)
    if plan is None:
        raise errors.none()
    return plan


def _etag(pilot: Pilot, plan: SamplingPlan | None) -> str:
    return etag_of(pilot.id, plan.revision if plan else 0)


async def put(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    wanted: PlanIn,
    if_match: str | None,
) -> Set:
    """Set a pilot's plan, or change it: what was expected in the weeks gone by follows.

    Raises:
        NotFound: there is no such pilot within reach.
        PreconditionFailed: it has been changed since the caller looked.
    """
    pilot = await pilots.get(session, principal, pilot_id, for_update=True)
    plan = await repository.find(session, principal, pilot.id)
    check_if_match(if_match, _etag(pilot, plan))
    values = _values(wanted)
    if plan is None:
        owner = principal.organisation_id
        plan = SamplingPlan(organisation_id=owner, pilot_id=pilot.id, **values)
        session.add(plan)
        fields = list(_FIELDS)
    else:
        fields = [name for name in _FIELDS if getattr(plan, name) != values[name]]
        for name in fields:
            setattr(plan, name, values[name])
        if fields:
            plan.touch()
    await session.flush()
    await audit_log.record(
        session, principal, "pilot.sampling_plan_set", pilot.id, details={"fields": fields}
    )
    return Set(plan, _etag(pilot, plan))


def _values(wanted: PlanIn) -> dict[str, Any]:
    days = sorted(wanted.days, key=WEEKDAYS.index)
    return {
        "method": wanted.method,
        "arms": wanted.arms,
        "days": [day.value for day in days],
        "person_days_per_week": wanted.person_days_per_week or len(days),
        "prompts_per_day": wanted.prompts_per_day,
        "from_time": time.fromisoformat(wanted.from_time) if wanted.from_time else None,
        "until_time": time.fromisoformat(wanted.until) if wanted.until else None,
    }


def schedule_of(plan: SamplingPlan) -> Schedule:
    """A plan as expectations are computed from it."""
    arms = frozenset(Arm) if plan.arms is PlanArms.BOTH else frozenset({Arm(plan.arms)})
    weekdays = frozenset(WEEKDAYS.index(Weekday(day)) for day in plan.days)
    return Schedule(weekdays, plan.person_days_per_week, arms)


def phases_of(pilot: Pilot) -> dict[Phase, Window]:
    """The windows of a pilot in which samples are expected, in order."""
    found = {Phase.BASELINE: pilot.baseline, Phase.PILOT: pilot.window}
    return {phase: window for phase, window in found.items() if window is not None}
