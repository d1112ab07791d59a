"""Rules about gates: what must be in order before a pilot starts, and who may let it start without."""

from dataclasses import asdict
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.assurance.governance.gates import errors, repository
from app.assurance.governance.gates.models import Gate, GateOverride, GateSetting
from app.assurance.governance.gates.passing import Passing, durations, passing
from app.assurance.governance.gates.schemas import (
    DurationOut,
    GateOverrideIn,
    GateOverrideOut,
    GatesIn,
    GovernanceFiguresOut,
    OverdueItemOut,
    OverduePolicyOut,
    PassingOut,
    PilotGatesOut,
    TransparencyExportOut,
)
from app.assurance.governance.policies import service as policies
from app.assurance.governance.policies.models import Topic
from app.assurance.governance.register import service as register
from app.assurance.governance.register.transparency import record_of
from app.assurance.governance.training import service as training
from app.audit_log import service as audit_log
from app.core import clock, screening
from app.core.etags import check_if_match, etag_of
from app.pilots import guards
from app.pilots import service as pilots
from app.pilots.models import Pilot, PilotStatus


async def of_organisation(session: AsyncSession, principal: Principal) -> tuple[list[Gate], str]:
    """The organisation's gates, none until they are set, and the ETag to change them with."""
    found = await repository.setting(session, principal)
    return _gates(found), _etag(principal, found)


def _gates(found: GateSetting | None) -> list[Gate]:
    return [gate for gate in Gate if found is not None and gate.value in found.gates]


def _etag(principal: Principal, found: GateSetting | None) -> str:
    return etag_of(principal.organisation_id, found.revision if found else 0)


async def put(
    session: AsyncSession, principal: Principal, wanted: GatesIn, if_match: str | None
) -> tuple[list[Gate], str]:
    """Set the organisation's gates; pilots that run go on running.

    Raises:
        PreconditionFailed: they have been changed since the caller looked.
    """
    found = await repository.setting(session, principal, for_update=True)
    check_if_match(if_match, _etag(principal, found))
    gates = [gate.value for gate in Gate if gate in wanted.gates]
    if found is None:
        found = GateSetting(organisation_id=principal.organisation_id, gates=gates)
        session.add(found)
        await session.flush()
    else:
        found.gates = gates
        found.touch()
    await audit_log.record(session, principal, "gates.set", details={"gates": gates})
    return _gates(found), _etag(principal, found)


async def of_pilot(session: AsyncSession, principal: Principal, pilot_id: UUID) -> PilotGatesOut:
    """How the gates of a pilot stand, and the overrides that were given.

    Raises:
        NotFound: there is no such pilot within reach.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    given = await repository.overrides(session, principal, pilot.id)
    found = await _passings(session, principal, pilot, given)
    return PilotGatesOut(
        pilot_id=pilot.id,
        may_start=not any(each.bars for each in found),
        gates=[PassingOut.model_validate(each) for each in found],
        overrides=[GateOverrideOut.model_validate(each) for each in given],
    )


async def overrides(
    session: AsyncSession, principal: Principal, pilot: Pilot
) -> list[GateOverrideOut]:
    """The overrides that were given to a pilot within reach."""
    given = await repository.overrides(session, principal, pilot.id)
    return [GateOverrideOut.model_validate(each) for each in given]


async def _passings(
    session: AsyncSession, principal: Principal, pilot: Pilot, given: list[GateOverride]
) -> list[Passing]:
    gates, _ = await of_organisation(session, principal)
    if not gates:
        return []
    items = await register.of_pilot(session, principal, pilot.id)
    trained = Gate.TRAINING in gates and (
        (await training.standing(session, principal, pilot)).is_complete
    )
    overridden = {gate for each in given for gate in each.gates}
    today = clock.today(principal.organisation.zone)
    return [
        passing(gate, items, trained=trained, overridden=overridden, today=today) for gate in gates
    ]


@guards.before(PilotStatus.RUNNING)
async def check_gates(session: AsyncSession, principal: Principal, pilot: Pilot) -> None:
    """Keep a pilot from starting while a gate of the organisation bars it.

    Raises:
        Conflict: one does; its errors name each, and the way out.
    """
    given = await repository.overrides(session, principal, pilot.id)
    barred = [each for each in await _passings(session, principal, pilot, given) if each.bars]
    if barred:
        raise errors.gates_missing(barred)


async def override(
    session: AsyncSession, principal: Principal, pilot_id: UUID, wanted: GateOverrideIn
) -> GateOverride:
    """Let a pilot start without gates that bar it, and say why; it is shown wherever the pilot is.

    Raises:
        NotFound: there is no such pilot within reach.
        Conflict: nothing bars it, or it has started.
        Invalid: one of the gates does not, or the reason seems to identify a person.
    """
    pilot = await pilots.get(session, principal, pilot_id, for_update=True)
    pilots.check_not_started(pilot, "A gate's override")
    screening.check([("/reason", wanted.reason)])
    given = await repository.overrides(session, principal, pilot.id)
    barred = {e.gate for e in await _passings(session, principal, pilot, given) if e.bars}
    if not barred:
        raise errors.nothing_to_override()
    for place, gate in enumerate(wanted.gates or ()):
        if gate not in barred:
            raise errors.gate_not_missing(place)
    gates = [gate.value for gate in Gate if gate in (wanted.gates or barred)]
    made = GateOverride(
        organisation_id=principal.organisation_id,
        pilot_id=pilot.id,
        gates=gates,
        reason=wanted.reason,
        principal_id=principal.id,
    )
    session.add(made)
    await session.flush()
    details = {"gates": gates, "override_id": str(made.id)}
    await audit_log.record(session, principal, "pilot.gates_overridden", pilot.id, details=details)
    return made


async def transparency_record(
    session: AsyncSession, principal: Principal, pilot_id: UUID
) -> TransparencyExportOut:
    """A draft of a pilot's transparency record.

    Raises:
        NotFound: there is no such pilot within reach.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    items = await register.of_pilot(session, principal, pilot.id)
    record = record_of(pilot, principal.organisation, items)
    given = await overrides(session, principal, pilot)
    return TransparencyExportOut(**dict(record), gate_overrides=given)


async def figures(session: AsyncSession, principal: Principal) -> GovernanceFiguresOut:
    """Coverage by policies, overdue reviews, and how long gates took."""
    today = clock.today(principal.organisation.zone)
    in_force = await policies.published(session, principal)
    covered = {topic for policy in in_force for topic in policy.topics}
    late_policies = await policies.overdue(session, principal, today)
    late_items = await register.overdue(session, principal, today)
    return GovernanceFiguresOut(
        topics_covered=[topic for topic in Topic if topic.value in covered],
        topics_missing=[topic for topic in Topic if topic.value not in covered],
        coverage=len(covered) / len(Topic),
        policies_published=len(in_force),
        policies_overdue=[
            OverduePolicyOut.model_validate({**each.model_dump(), "policy_id": each.id})
            for each in late_policies
        ],
        items_overdue=[
            OverdueItemOut.model_validate({**each.model_dump(), "item_id": each.id})
            for each in late_items
        ],
        gates=[
            DurationOut.model_validate(asdict(each))
            for each in durations(await register.to_approve(session, principal))
        ],
        overrides=await repository.count_overrides(session, principal),
    )
