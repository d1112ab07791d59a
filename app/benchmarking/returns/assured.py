"""What policies, registers and audits answer of the return's governance."""

from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

from app.assurance.governance.policies import service as policies
from app.assurance.governance.policies.models import Policy, PolicyStatus
from app.assurance.governance.register import service as register
from app.assurance.governance.register.models import NOTED, ItemKind, ItemStatus, RegisterItem
from app.assurance.output_audits import markings
from app.assurance.output_audits import service as output_audits
from app.assurance.output_audits.outcomes import Rate
from app.benchmarking.returns.answers import Answer, Origin
from app.benchmarking.returns.recorded import Recorded
from app.core.local_days import day_of
from app.pilots.models import Pilot

_FIGURES: Final = "GET /governance/figures"
_REGISTER: Final = "GET /pilots/{pilot_id}/register"
_AUDITS: Final = "GET /pilots/{pilot_id}/output-audit-plans/{plan_id}/figures"


async def topics_covered(recorded: Recorded) -> Answer | None:
    """Topics of the policies in force on the last day of the year, or today before that."""
    versions = await _published(recorded)
    changed = [each for each in versions if _changed_since(recorded, each)]
    # What a published version says does not change; when one was withdrawn is not recorded.
    if not versions or any(each.status is PolicyStatus.WITHDRAWN for each in changed):
        return None
    in_force = [each for each in versions if each.status is PolicyStatus.PUBLISHED]
    covered = {topic for each in in_force for topic in each.topics}
    return _of_policies(recorded, len(covered), in_force)


async def overdue_policies(recorded: Recorded) -> Answer | None:
    """The share of them whose day of review has passed; None where one has been changed since."""
    versions = await _published(recorded)
    in_force = [each for each in versions if each.status is PolicyStatus.PUBLISHED]
    if not in_force or any(_changed_since(recorded, each) for each in versions):
        return None
    late = [e for e in in_force if e.review_on is not None and e.review_on < recorded.day]
    return _of_policies(recorded, len(late) / len(in_force), in_force)


async def _published(recorded: Recorded) -> list[Policy]:
    return await policies.published_by(recorded.session, recorded.principal, recorded.day)


def _changed_since(recorded: Recorded, policy: Policy) -> bool:
    zone = ZoneInfo(recorded.principal.organisation.zone)
    return day_of(policy.updated_at, zone) > recorded.day


def _of_policies(recorded: Recorded, value: float, in_force: list[Policy]) -> Answer:
    about = [str(each.id) for each in in_force]
    provenance = recorded.provenance(_FIGURES, about, recorded.day)
    return Answer(value, origin=Origin.TRACKED, provenance=provenance)


async def assessed_before(recorded: Recorded) -> Answer | None:
    """Pilots begun whose data protection assessment was approved before; None where no register has one."""
    found = await _registers(recorded)
    every = [
        (pilot, each) for pilot, items in found for each in items if each.kind is ItemKind.DPIA
    ]
    if not every:
        return None
    before = [
        pilot
        for pilot, each in every
        if each.approved_on is not None and each.approved_on < pilot.starts_on
    ]
    return _of_registers(recorded, len(before) / len(found), [pilot for pilot, _ in found])


async def days_of_assurance(recorded: Recorded) -> Answer | None:
    """Median over pilots begun of the days from the first item begun to the last approval."""
    took: list[tuple[Pilot, int]] = []
    for pilot, items in await _registers(recorded):
        to_approve = [each for each in items if each.kind not in NOTED]
        approved = [each.approved_on for each in to_approve if each.approved_on is not None]
        if approved:
            first = min(each.opened_on for each in to_approve)
            took.append((pilot, (max(approved) - first).days))
    if not took:
        return None
    middle = float(median(days for _, days in took))
    return _of_registers(recorded, middle, [pilot for pilot, _ in took])


async def _registers(recorded: Recorded) -> list[tuple[Pilot, list[RegisterItem]]]:
    """Every pilot begun, with what is in its register and was not rejected."""
    found = []
    for pilot in await recorded.pilots_begun():
        items = await register.of_pilot(recorded.session, recorded.principal, pilot.id)
        standing = [each for each in items if each.status is not ItemStatus.REJECTED]
        found.append((pilot, standing))
    return found


def _of_registers(recorded: Recorded, value: float, about: list[Pilot]) -> Answer:
    ids = [str(each.id) for each in about]
    provenance = recorded.provenance(_REGISTER, ids, recorded.today)
    return Answer(value, origin=Origin.TRACKED, provenance=provenance)


async def error_rate(recorded: Recorded) -> Answer | None:
    """Outputs with a critical or major error among those audited, over plans whose period begins in the year.

    The interval is the exact one of all together: draws of several plans vary no more than one as large.
    """
    session, principal = recorded.session, recorded.principal
    errors = outputs = 0
    about = []
    for plan in await output_audits.begun(session, principal, recorded.year):
        _, shown = await markings.figures(session, principal, plan.pilot_id, plan.id)
        if shown.error_rate.outputs:
            errors += shown.error_rate.errors
            outputs += shown.error_rate.outputs
            about.append(str(plan.id))
    if not outputs:
        return None
    interval = Rate.of(errors, outputs).interval
    return Answer(
        value=errors / outputs,
        low=interval.low if interval is not None else None,
        high=interval.high if interval is not None else None,
        origin=Origin.TRACKED,
        provenance=recorded.provenance(_AUDITS, about, recorded.today),
    )
