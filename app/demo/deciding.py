"""What the simulated council claims, and decides when the windows have ended: from its own figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.benefits import service as benefits
from app.benefits.models import BenefitClass, Measure
from app.benefits.schemas import BenefitClaimIn, HoursIn
from app.core.pagination import PageQuery
from app.decisions import service as decisions
from app.decisions.models import DecisionOutcome, PilotDecision
from app.decisions.schemas import PilotDecisionIn
from app.metrics.feedback import service as feedback
from app.metrics.figures import Figure
from app.metrics.questions import Question
from app.metrics.time_use import service as time_use
from app.pilots.models import Arm, Pilot

TEAM: Final = "Assessment North"
_BOARD: Final = "Digital Board (simulated)"
_DECIDED_ON: Final = date(2025, 4, 14)
_DAYS_A_WEEK: Final = 7
# Two half-days each, for those who were given the tool.
_TRAINING_HOURS_EACH: Final = 7


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision about each pilot."""

    copilot: PilotDecision
    children: PilotDecision

    @property
    def by_name(self) -> Mapping[str, PilotDecision]:
        """Each by what it is about, as people call that."""
        return {"Copilot": self.copilot, "children's services": self.children}


async def load(
    session: AsyncSession, principal: Principal, copilot: Pilot, children: Pilot
) -> Decided:
    """Claim what the figures bear, and decide; where that is done, nothing is."""
    await _claim(session, principal, copilot, await _said(session, principal, copilot))
    await _claim(session, principal, children, await _released(session, principal, children))
    return Decided(
        await _reduced(session, principal, copilot), await _scaled(session, principal, children)
    )


async def _claim(
    session: AsyncSession, principal: Principal, pilot: Pilot, wanted: BenefitClaimIn
) -> None:
    existing, _ = await benefits.page(session, principal, pilot.id, PageQuery(limit=1), None)
    if not existing:
        await benefits.create(session, principal, pilot.id, wanted)


async def _said(session: AsyncSession, principal: Principal, pilot: Pilot) -> BenefitClaimIn:
    """What staff say that they save: no hour of anybody's is counted for it."""
    answer = await feedback.feedback(session, principal, pilot.id, Question())
    figure = answer.report.figures["minutes_saved_self_reported_mean"]
    return BenefitClaimIn(
        title="Minutes that staff say they save",
        benefit_class=BenefitClass.CLAIMED_ONLY,
        evidence_tier=1,
        evidence="Weekly feedback; nobody was compared with, and nothing of it was measured.",
        measure=Measure.UNIT,
        unit="minutes a working day",
        **_range(figure),
        starts_on=pilot.starts_on,
        ends_on=pilot.ends_on,
    )


def _range(figure: object) -> Mapping[str, Any]:
    if not isinstance(figure, Figure) or figure.value is None or figure.interval is None:
        raise RuntimeError("the simulated council says what it saves")
    ends = (figure.interval.low, figure.value, figure.interval.high or figure.value)
    return {
        name: max(Decimal(0), Decimal(end).quantize(Decimal("0.01")))
        for name, end in zip(("low", "central", "high"), ends, strict=True)
    }


async def _released(session: AsyncSession, principal: Principal, pilot: Pilot) -> BenefitClaimIn:
    """Hours of admin fewer than before, over the window; as unsure as the change of their share."""
    own = (await time_use.time_use(session, principal, pilot.id, Question())).arms[Arm.PILOT]
    slug = "admin_hours_per_worker_week"
    before, during, change = own.baseline[slug].value, own.pilot[slug].value, own.change
    people, interval = change.people, change.interval
    if None in (before, during, people, change.value) or interval is None or interval.high is None:
        raise RuntimeError("the simulated team's time is known before and during")
    weeks = (pilot.ends_on - pilot.starts_on).days / _DAYS_A_WEEK
    hours = (float(before or 0) - float(during or 0)) * (people or 0) * weeks
    each = hours / float(change.value or 1)
    ends = (each * interval.high, hours, each * interval.low)
    amounts = [Decimal(end).quantize(Decimal("0.01")) for end in ends]
    return BenefitClaimIn(
        title="Less recording, more time with families",
        benefit_class=BenefitClass.CAPACITY_RELEASED,
        evidence_tier=4,
        evidence="Diaries before and during, beside a team without the tool.",
        measure=Measure.HOURS,
        low=amounts[0],
        central=amounts[1],
        high=amounts[2],
        hours=[HoursIn(team=TEAM)],
        training_hours=Decimal(_TRAINING_HOURS_EACH * (people or 0)),
        starts_on=pilot.starts_on,
        ends_on=pilot.ends_on,
    )


async def _reduced(session: AsyncSession, principal: Principal, pilot: Pilot) -> PilotDecision:
    made = await decisions.newest(session, principal, pilot.id)
    if made is not None:
        return made
    _, found = await decisions.basis(session, principal, pilot.id)
    seats = found.seats
    if seats is None or seats.advised is None:
        raise RuntimeError("the simulated trial has seats, and enough people use them")
    return await decisions.decide(
        session,
        principal,
        PilotDecisionIn(
            pilot_id=pilot.id,
            outcome=DecisionOutcome.REDUCE,
            reasons=f"{seats.habitual} people use it every week; a tenth more are kept. No cash can be shown, and "
            "none is saved before the licences are renewed.",
            decided_by=_BOARD,
            decided_on=_DECIDED_ON,
            seats_to_keep=seats.advised,
        ),
    )


async def _scaled(session: AsyncSession, principal: Principal, pilot: Pilot) -> PilotDecision:
    made = await decisions.newest(session, principal, pilot.id)
    if made is not None:
        return made
    return await decisions.decide(
        session,
        principal,
        PilotDecisionIn(
            pilot_id=pilot.id,
            outcome=DecisionOutcome.SCALE,
            reasons="Roll out in children's services. Admin fell beyond what it did in the team without the tool. "
            "What is released is time with families, and no cash.",
            decided_by=_BOARD,
            decided_on=_DECIDED_ON,
        ),
    )
