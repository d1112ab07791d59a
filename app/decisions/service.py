"""Rules about decisions: made when the window has ended, by criteria set before it began, and never changed."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core import clock, sentences
from app.core.errors import Conflict, Invalid, existing
from app.core.models import new_id
from app.core.pagination import PageQuery
from app.core.periods import DAY
from app.decisions import repository
from app.decisions.models import DecisionOutcome, PilotDecision
from app.decisions.schemas import BasisFigures, PilotDecisionIn, SeatsOut
from app.decisions.sealing import seal_of
from app.decisions.seats import advised, habitual_users
from app.events import service as events
from app.events.types import PILOT_DECIDED
from app.licences.pools import service as pools
from app.metrics.figures import Segments
from app.metrics.scorecard.schemas import scorecard_out
from app.metrics.scorecard.service import Scorecard
from app.metrics.snapshots import service as snapshots
from app.pilots import service as pilots
from app.pilots.models import Pilot, PilotStatus

WITHOUT_CRITERIA: Final = "No success criterion was set before the start: whatever came out could have been called a success."
_DECIDABLE: Final = (PilotStatus.COMPLETED, PilotStatus.DECIDED)


async def get(session: AsyncSession, principal: Principal, decision_id: UUID) -> PilotDecision:
    """One decision.

    Raises:
        NotFound: there is none within reach.
    """
    return existing(await repository.find(session, principal, decision_id), "decision")


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery, pilot_id: UUID | None
) -> tuple[list[PilotDecision], str | None]:
    """Decisions within reach, newest first."""
    return await repository.page(session, principal, query, pilot_id)


async def superseding(
    session: AsyncSession, principal: Principal, decisions: Sequence[PilotDecision]
) -> dict[UUID, UUID]:
    """By the id of those of these that are superseded, the id of the decision that did it."""
    return await repository.superseding(session, principal, [each.id for each in decisions])


async def newest(
    session: AsyncSession, principal: Principal, pilot_id: UUID
) -> PilotDecision | None:
    """The newest decision about a pilot within reach, if any."""
    await pilots.get(session, principal, pilot_id)
    return await repository.newest(session, principal, pilot_id)


async def basis(
    session: AsyncSession, principal: Principal, pilot_id: UUID
) -> tuple[Pilot, BasisFigures]:
    """What a decision about a pilot goes by: figures of its whole window, as anybody may see them.

    Raises:
        NotFound: there is no such pilot within reach.
        Unavailable: the data change faster than the figures are made.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    return pilot, await _basis(session, principal, pilot)


async def _basis(session: AsyncSession, principal: Principal, pilot: Pilot) -> BasisFigures:
    today = clock.today(principal.organisation.zone)
    as_of = min(today, pilot.ends_on - DAY)
    evaluated = await snapshots.evaluate(session, principal, pilot, as_of)
    card = scorecard_out(evaluated.card)
    used = [each.figure for each in card.criteria if each.figure is not None]
    return BasisFigures(
        window=card.window,
        as_of=as_of,
        criteria=card.criteria,
        without_criteria=None if card.criteria else WITHOUT_CRITERIA,
        seats=await _seats(session, principal, pilot, evaluated.card),
        fingerprint=evaluated.fingerprint,
        definitions={figure.slug: figure.definition_version for figure in used},
        snapshot_id=evaluated.snapshot.id if evaluated.snapshot is not None else None,
    )


async def _seats(
    session: AsyncSession, principal: Principal, pilot: Pilot, card: Scorecard
) -> SeatsOut | None:
    own = await pools.of_pilot(session, principal, pilot.id)
    if not own:
        return None
    bought = [
        sum(each.purchased for each in await pools.standings(session, principal, own, day))
        for day in (pilot.starts_on, pilot.ends_on - DAY)
    ]
    segments = card.adoption.report.figures["usage_segments_4_weeks"]
    habitual = habitual_users(segments) if isinstance(segments, Segments) else None
    return SeatsOut(
        bought_at_first=bought[0],
        bought_at_last=bought[1],
        habitual=habitual,
        advised=advised(habitual),
    )


def why_not_yet(pilot: Pilot, principal: Principal) -> Conflict | None:
    """What stands in the way of a decision, with the way out; None where nothing does."""
    if clock.today(principal.organisation.zone) < pilot.ends_on:
        return Conflict(
            "The window of this pilot has not ended: its criteria are judged from "
            f"{sentences.day(pilot.ends_on)} on. If it ended early, PATCH its ends_on first; if it is given up, cancel it.",
            code="window_not_ended",
        )
    if pilot.status not in _DECIDABLE:
        return Conflict(
            f"A pilot is decided on when it is completed; this one is {pilot.status}. Take it there first: "
            "POST /pilots/{pilot_id}/transitions.",
            code="pilot_not_completed",
        )
    return None


def _decided_on(wanted: PilotDecisionIn, pilot: Pilot, today: date) -> date:
    day = wanted.decided_on or today
    if not pilot.ends_on <= day <= today:
        raise Invalid.field(
            "/decided_on", "date_out_of_range", "decided_on lies from the window's end to today"
        )
    return day


async def decide(
    session: AsyncSession, principal: Principal, wanted: PilotDecisionIn
) -> PilotDecision:
    """Decide about a pilot whose window has ended, and seal it.

    Raises:
        NotFound: there is no such pilot within reach.
        Conflict: the window has not ended, the pilot is not completed, or it is decided already.
        Invalid: the day or the seats do not fit.
    """
    # Of two at once the second finds what the first has decided.
    pilot = await pilots.get(session, principal, wanted.pilot_id, for_update=True)
    refusal = why_not_yet(pilot, principal)
    if refusal is not None:
        raise refusal
    before = await repository.newest(session, principal, pilot.id)
    _check_place(before, wanted.supersedes)
    decided_on = _decided_on(wanted, pilot, clock.today(principal.organisation.zone))
    found = await _basis(session, principal, pilot)
    _check_seats(wanted, found.seats)
    number, now, own = before.number + 1 if before else 1, clock.now(), new_id()
    content: dict[str, Any] = {
        **found.model_dump(mode="json"),
        "seats": {**found.seats.model_dump(), "to_keep": wanted.seats_to_keep}
        if found.seats is not None
        else None,
        "decision_id": str(own),
        "organisation_id": str(principal.organisation_id),
        "pilot_id": str(pilot.id),
        "number": number,
        "outcome": wanted.outcome.value,
        "reasons": wanted.reasons,
        "decided_by": wanted.decided_by,
        "decided_on": decided_on.isoformat(),
        "supersedes": str(before.id) if before is not None else None,
        # As it is sent, so that whoever reads it can hold it against the seal.
        "made_at": now.isoformat().replace("+00:00", "Z"),
        "principal_kind": principal.kind.value,
        "principal_id": str(principal.id),
    }
    decision = PilotDecision(
        organisation_id=principal.organisation_id,
        id=own,
        pilot_id=pilot.id,
        number=number,
        outcome=wanted.outcome,
        supersedes_id=before.id if before is not None else None,
        snapshot_id=found.snapshot_id,
        made_at=now,
        content=content,
        seal=seal_of(content),
    )
    session.add(decision)
    await pilots.conclude(session, principal, pilot)
    await _tell(session, principal, decision)
    await session.flush()
    return decision


async def _tell(session: AsyncSession, principal: Principal, decision: PilotDecision) -> None:
    """The audit log, which holds the seal as well, and whoever is sent events."""
    details = {
        **{name: decision.content[name] for name in ("pilot_id", "number", "outcome")},
        "supersedes": decision.content["supersedes"],
        "seal": decision.seal,
    }
    await audit_log.record(session, principal, "pilot.decided", decision.id, details=details)
    told = {"pilot_id": decision.pilot_id, "decision_id": decision.id, "outcome": decision.outcome}
    happened = events.Occurred(PILOT_DECIDED, decision.pilot_id, told, decision.pilot_id)
    await events.publish(session, principal.organisation_id, [happened])


def _check_place(before: PilotDecision | None, supersedes: UUID | None) -> None:
    if before is None and supersedes is not None:
        raise Invalid.field(
            "/supersedes", "nothing_to_supersede", "nothing has been decided about this pilot"
        )
    if before is not None and supersedes != before.id:
        raise Conflict(
            "This pilot has been decided on, and a decision is never changed. A new one names the newest in "
            f"supersedes: {before.id}.",
            code="decided_already",
            extra={"newest": str(before.id)},
        )


def _check_seats(wanted: PilotDecisionIn, seats: SeatsOut | None) -> None:
    if seats is None:
        if wanted.seats_to_keep is not None:
            raise Invalid.field(
                "/seats_to_keep", "no_seats", "the pilot has no licence pool to keep seats of"
            )
        return
    if wanted.outcome is not DecisionOutcome.REDUCE:
        return
    most = max(seats.bought_at_first, seats.bought_at_last)
    if wanted.seats_to_keep is None or wanted.seats_to_keep >= most:
        raise Invalid.field(
            "/seats_to_keep",
            "seats_needed",
            f"to reduce, say how many seats are kept: fewer than the {most} that were bought",
        )
