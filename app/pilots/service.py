"""Rules about pilots: how they are set up, changed, and move through their life."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core.errors import Conflict, Forbidden, Invalid, NotFound, existing
from app.core.etags import check_if_match, etag_of
from app.core.pagination import PageQuery
from app.core.periods import Window
from app.events import service as events
from app.events.types import PILOT_TRANSITIONED
from app.people import service as people
from app.pilots import errors as errors  # noqa: PLC0414 - declares the constraint answers
from app.pilots import guards, repository
from app.pilots.models import Pilot, PilotStatus, PilotTransition
from app.pilots.schemas import PilotChange, PilotFilter, PilotIn, TransitionIn, date_order_problem

_NEXT: dict[PilotStatus, frozenset[PilotStatus]] = {
    PilotStatus.DRAFT: frozenset({PilotStatus.PLANNED, PilotStatus.RUNNING, PilotStatus.CANCELLED}),
    PilotStatus.PLANNED: frozenset({PilotStatus.RUNNING, PilotStatus.CANCELLED}),
    PilotStatus.RUNNING: frozenset({PilotStatus.COMPLETED, PilotStatus.CANCELLED}),
    PilotStatus.COMPLETED: frozenset({PilotStatus.DECIDED}),
    PilotStatus.DECIDED: frozenset(),
    PilotStatus.CANCELLED: frozenset(),
}

_BEFORE_START = frozenset({PilotStatus.DRAFT, PilotStatus.PLANNED})

# Changed after the start, these would let a pilot choose its yardstick when it knows the result.
_SET_BEFORE_START = (
    "success_criteria",
    "baseline_starts_on",
    "baseline_ends_on",
    "starts_on",
    "product",
)


async def create(session: AsyncSession, principal: Principal, wanted: PilotIn) -> Pilot:
    """Set a pilot up, as a draft.

    Raises:
        Conflict: the code is taken.
        Invalid: the lead is nobody.
    """
    values = await _with_lead(session, principal, wanted.model_dump(mode="python"))
    values["success_criteria"] = [c.model_dump(mode="json") for c in wanted.success_criteria]
    pilot = Pilot(organisation_id=principal.organisation_id, created_by=principal.id, **values)
    session.add(pilot)
    await session.flush()
    await audit_log.record(session, principal, "pilot.created", pilot.id)
    return pilot


async def _with_lead(
    session: AsyncSession, principal: Principal, values: dict[str, Any]
) -> dict[str, Any]:
    """The values with the lead's HR number turned into the person's id."""
    if "lead_external_id" not in values:
        return values
    external_id = values.pop("lead_external_id")
    if external_id is None:
        return {**values, "lead_person_id": None}
    reference = (None, external_id)
    found = await people.resolve(session, principal, [reference])
    if reference not in found:
        raise Invalid.field(
            "/lead_external_id",
            "unknown_person",
            "Nobody is recorded under this number. POST /people first.",
        )
    return {**values, "lead_person_id": found[reference]}


async def get(
    session: AsyncSession, principal: Principal, pilot_id: UUID, *, for_update: bool = False
) -> Pilot:
    """One pilot.

    Raises:
        NotFound: there is none within reach.
    """
    return existing(
        await repository.find(session, principal, pilot_id, for_update=for_update), "pilot"
    )


async def hold(session: AsyncSession, principal: Principal, *pilot_ids: UUID) -> None:
    """Hold pilots against whoever else holds one, and not against those who write rows that refer to it.

    Raises:
        NotFound: one is not within reach.
    """
    held = await repository.hold(session, principal, set(pilot_ids))
    existing(held if len(held) == len(set(pilot_ids)) else None, "pilot")


def check_is_lead(principal: Principal, detail: str) -> None:
    """Refuse whoever has a pilot within reach and does not lead it; the detail says what is kept.

    Raises:
        Forbidden: the caller is not a pilot lead, who reaches nobody else's pilots.
    """
    if not principal.only_own_pilots:
        raise Forbidden(detail, code="pilot_lead_only")


async def get_by_code(session: AsyncSession, principal: Principal, code: str) -> Pilot:
    """The pilot with a code.

    Raises:
        NotFound: there is none within reach.
    """
    pilot = await repository.find_by_code(session, principal, code)
    if pilot is None:
        raise NotFound(f"There is no pilot with the code {code}. Set it up first: POST /pilots.")
    return pilot


async def running(session: AsyncSession, principal: Principal) -> list[Pilot]:
    """The pilots within reach that are running."""
    return await repository.running(session, principal)


async def over(session: AsyncSession, principal: Principal, days: Window) -> list[Pilot]:
    """The pilots within reach that have one of these days in their window or their baseline."""
    return await repository.over(session, principal, days)


async def ended(session: AsyncSession, principal: Principal, by: date) -> list[Pilot]:
    """The pilots within reach that were carried out, and whose window had ended by a day."""
    return await repository.ended(session, principal, by)


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery, wanted: PilotFilter
) -> tuple[list[Pilot], str | None]:
    """Pilots within reach."""
    return await repository.page(session, principal, query, wanted)


async def change(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    changes: PilotChange,
    if_match: str | None,
) -> Pilot:
    """Change a pilot; what is left out stays.

    Raises:
        Conflict: success criteria, baseline and start stay as they were once the pilot has started.
        PreconditionRequired, PreconditionFailed: see `check_if_match`.
    """
    pilot = await get(session, principal, pilot_id, for_update=True)
    check_if_match(if_match, etag_of(pilot.id, pilot.revision), required=True)
    values = changes.model_dump(mode="python", exclude_unset=True)
    if "success_criteria" in values:
        values["success_criteria"] = [c.model_dump(mode="json") for c in changes.success_criteria]
    fields = sorted(values)
    values = await _with_lead(session, principal, values)
    if pilot.status not in _BEFORE_START:
        late = [n for n in _SET_BEFORE_START if n in values and values[n] != getattr(pilot, n)]
        if late:
            raise Conflict(
                f"{', '.join(late)} can be changed until the pilot starts; this one is {pilot.status}.",
                code="pilot_has_started",
            )
    for name, value in values.items():
        setattr(pilot, name, value)
    problem = date_order_problem(
        pilot.baseline_starts_on, pilot.baseline_ends_on, pilot.starts_on, pilot.ends_on
    )
    if problem is not None:
        raise Invalid(problem, code="dates_out_of_order")
    pilot.touch()
    await audit_log.record(
        session, principal, "pilot.changed", pilot.id, details={"fields": fields}
    )
    return pilot


async def transition(
    session: AsyncSession, principal: Principal, pilot_id: UUID, wanted: TransitionIn
) -> PilotTransition:
    """Take a pilot one step on.

    Raises:
        Conflict: that step does not follow from where the pilot stands, or what must be in order is not.
    """
    pilot = await get(session, principal, pilot_id, for_update=True)
    possible = _NEXT[pilot.status]
    if wanted.to not in possible:
        ways = ", ".join(sorted(possible)) or "nothing: it has ended"
        raise Conflict(
            f"A pilot that is {pilot.status} cannot become {wanted.to}. It can become {ways}.",
            code="illegal_transition",
        )
    await guards.check(session, principal, pilot, wanted.to)
    step = await _step(session, principal, pilot, wanted.to, wanted.reason)
    await audit_log.record(
        session,
        principal,
        "pilot.transitioned",
        pilot.id,
        details={"from": step.from_status, "to": step.to_status},
    )
    return step


async def conclude(session: AsyncSession, principal: Principal, pilot: Pilot) -> None:
    """Take a completed pilot to decided, where it is not; the event of the decision says so in the audit log.

    Args:
        session: the transaction of the decision.
        principal: who decides.
        pilot: held by the caller.
    """
    if pilot.status is PilotStatus.COMPLETED:
        await _step(session, principal, pilot, PilotStatus.DECIDED, None)


async def _step(
    session: AsyncSession,
    principal: Principal,
    pilot: Pilot,
    to: PilotStatus,
    reason: str | None,
) -> PilotTransition:
    step = PilotTransition(
        organisation_id=principal.organisation_id,
        pilot_id=pilot.id,
        from_status=pilot.status,
        to_status=to,
        reason=reason,
        principal_id=principal.id,
    )
    session.add(step)
    pilot.status = to
    pilot.touch()
    told = {"pilot_id": pilot.id, "from": step.from_status, "to": step.to_status}
    happened = events.Occurred(PILOT_TRANSITIONED, pilot.id, told, pilot.id)
    await events.publish(session, principal.organisation_id, [happened])
    return step


def check_not_started(pilot: Pilot, what: str) -> None:
    """Refuse what would let a pilot choose its yardstick when it knows the result.

    Raises:
        Conflict: the pilot has started.
    """
    if pilot.status not in _BEFORE_START:
        raise Conflict(
            f"{what} can be set until the pilot starts; this one is {pilot.status}.",
            code="pilot_has_started",
        )


async def transitions(
    session: AsyncSession, principal: Principal, pilot_id: UUID, query: PageQuery
) -> tuple[list[PilotTransition], str | None]:
    """The steps a pilot has taken."""
    await get(session, principal, pilot_id)
    return await repository.transitions(session, principal, pilot_id, query)
