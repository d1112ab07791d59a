"""Rules about marking what was drawn: who may, who sees what, and what it comes to."""

from collections import defaultdict
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.assurance.output_audits import errors, repository, service
from app.assurance.output_audits.models import (
    ListedOutput,
    MarkingRole,
    OutputAuditPlan,
    OutputMarking,
    SampledOutput,
)
from app.assurance.output_audits.outcomes import (
    Awaited,
    Finding,
    LimitState,
    Marking,
    Outcomes,
    Sampled,
    awaited,
    limit_state,
    outcomes,
)
from app.assurance.output_audits.schemas import FindingIn, MarkingIn
from app.audit_log import service as audit_log
from app.core import clock
from app.core.errors import Invalid, existing
from app.core.local_days import begins
from app.core.pagination import PageQuery
from app.core.periods import DAY
from app.events import service as events
from app.events.types import OUTPUT_LIMIT_PASSED
from app.pilots.models import Pilot


async def sample_page(
    session: AsyncSession, principal: Principal, pilot_id: UUID, plan_id: UUID, query: PageQuery
) -> tuple[list[tuple[SampledOutput, ListedOutput]], str | None]:
    """What was drawn for a plan within reach."""
    plan = await service.get(session, principal, pilot_id, plan_id)
    rows, cursor = await repository.sample_page(session, principal, plan.id, query)
    listed = await repository.listed_by_id(session, principal, {row.listed_id for row in rows})
    return [(row, listed[row.listed_id]) for row in rows], cursor


async def mark(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    plan_id: UUID,
    sampled_id: UUID,
    wanted: MarkingIn,
) -> OutputMarking:
    """Record what somebody found in an output: as the first, blind as the second, or between the two.

    Raises:
        NotFound: there is no such output in a sample within reach.
        Invalid: more statements are wrong than were checked, or one of the two counts is missing.
        Conflict: it has all the markings that it needs, or one by the caller.
    """
    _check_statements(wanted)
    # Held, so that two who mark at once are not both the first, and one of them passes the limit.
    plan = await service.get(session, principal, pilot_id, plan_id, for_update=True)
    sampled = existing(
        await repository.find_sampled(session, principal, plan.id, sampled_id), "output"
    )
    given = await repository.markings(session, principal, plan.id, sampled.id)
    if principal.id in {each.principal_id for each in given}:
        raise errors.marked_by_you()
    turn = _turn(sampled, given)
    if turn is None:
        raise errors.already_marked()
    values = wanted.model_dump(mode="json")
    marking = OutputMarking(
        organisation_id=principal.organisation_id,
        plan_id=plan.id,
        sampled_id=sampled.id,
        role=MarkingRole(turn.value),
        principal_id=principal.id,
        **values,
    )
    session.add(marking)
    await session.flush()
    details = {"role": marking.role.value}
    await audit_log.record(session, principal, "output.marked", sampled.id, details=details)
    await _note_limit(session, principal, plan)
    return marking


def _check_statements(wanted: MarkingIn) -> None:
    checked, wrong = wanted.statements_checked, wanted.statements_wrong
    if (checked is None) != (wrong is None):
        raise Invalid.field(
            "/statements_wrong", "statements_missing", "Send both counts of statements, or neither."
        )
    if checked is not None and wrong is not None and wrong > checked:
        raise Invalid.field(
            "/statements_wrong",
            "more_wrong_than_checked",
            "No more can be wrong than were checked.",
        )


async def _note_limit(session: AsyncSession, principal: Principal, plan: OutputAuditPlan) -> None:
    """Note whether the limit is passed now; tell of it where it was not before."""
    shown = await _outcomes(session, principal, plan)
    if state_of(plan, shown) is not LimitState.PASSED:
        plan.limit_passed_at = None
    elif plan.limit_passed_at is None:
        plan.limit_passed_at = clock.now()
        data = {"pilot_id": plan.pilot_id, "plan_id": plan.id}
        happened = events.Occurred(OUTPUT_LIMIT_PASSED, plan.id, data, plan.pilot_id)
        await events.publish(session, principal.organisation_id, [happened])


async def markings(
    session: AsyncSession, principal: Principal, pilot_id: UUID, plan_id: UUID, sampled_id: UUID
) -> tuple[SampledOutput, ListedOutput, list[OutputMarking], Awaited | None]:
    """An output that was drawn, its markings that the caller may see, and which one it waits for.

    While the second is awaited, everybody sees their own alone: whoever looks may be the second.
    """
    plan = await service.get(session, principal, pilot_id, plan_id)
    sampled = existing(
        await repository.find_sampled(session, principal, plan.id, sampled_id), "output"
    )
    given = await repository.markings(session, principal, plan.id, sampled.id)
    turn = _turn(sampled, given)
    if turn is Awaited.SECOND:
        given = [each for each in given if each.principal_id == principal.id]
    listed = await repository.listed_by_id(session, principal, {sampled.listed_id})
    return sampled, listed[sampled.listed_id], given, turn


def state_of(plan: OutputAuditPlan, shown: Outcomes) -> LimitState:
    """How a plan's error rate stands to its limit."""
    return limit_state(shown.error_rate, plan.error_limit, plan.error_warning)


async def figures(
    session: AsyncSession, principal: Principal, pilot_id: UUID, plan_id: UUID
) -> tuple[OutputAuditPlan, Outcomes]:
    """What the audits of a plan within reach show."""
    plan = await service.get(session, principal, pilot_id, plan_id)
    return plan, await _outcomes(session, principal, plan)


async def standing(
    session: AsyncSession, principal: Principal, pilot: Pilot, by: date
) -> list[tuple[OutputAuditPlan, Outcomes]]:
    """What each plan of a pilot within reach showed at the end of a day, by the markings that there were."""
    after = begins(by + DAY, ZoneInfo(principal.organisation.zone))
    plans = await repository.plans_before(session, principal, pilot.id, after)
    return [(plan, await _outcomes(session, principal, plan, after)) for plan in plans]


async def _outcomes(
    session: AsyncSession,
    principal: Principal,
    plan: OutputAuditPlan,
    before: datetime | None = None,
) -> Outcomes:
    rows = await repository.sample(session, principal, plan.id)
    listed = await repository.listed_by_id(session, principal, {row.listed_id for row in rows})
    of_output: dict[UUID, list[OutputMarking]] = defaultdict(list)
    for each in await repository.markings(session, principal, plan.id):
        if before is None or each.created_at < before:
            of_output[each.sampled_id].append(each)
    return outcomes(
        [
            Sampled(
                service.stratum_of(plan, listed[row.listed_id]),
                listed[row.listed_id].produced_on,
                row.marked_twice,
                _by_role(of_output[row.id]),
            )
            for row in rows
        ]
    )


def _turn(sampled: SampledOutput, given: list[OutputMarking]) -> Awaited | None:
    # Neither stratum nor day decides who is next.
    return awaited(Sampled((), clock.now().date(), sampled.marked_twice, _by_role(given)))


def _by_role(given: list[OutputMarking]) -> dict[MarkingRole, Marking]:
    return {
        each.role: Marking(
            tuple(_finding(found) for found in each.findings),
            each.statements_checked,
            each.statements_wrong,
        )
        for each in given
    }


def _finding(found: dict[str, str]) -> Finding:
    read = FindingIn.model_validate(found)
    return Finding(read.type, read.severity, read.reached)
