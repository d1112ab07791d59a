"""The scorecard as it is answered: every figure of a pilot, fit for the reader."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.assurance.governance.gates import service as governance
from app.assurance.governance.gates.schemas import GateOverrideOut
from app.assurance.output_audits import answers, markings
from app.assurance.output_audits.outcomes import LimitState
from app.assurance.output_audits.schemas import AuditMarkOut
from app.core import clock
from app.metrics.adoption import service as adoption
from app.metrics.adoption.service import AdoptionAnswer
from app.metrics.feedback import service as feedback
from app.metrics.feedback.service import FeedbackAnswer
from app.metrics.figures import AnyFigure
from app.metrics.questions import Question
from app.metrics.scorecard.criteria import Judged, judged
from app.metrics.scorecard.gaps import Known, Missing, gaps
from app.metrics.time_use import service as time_use
from app.metrics.time_use.loading import span_of
from app.metrics.time_use.service import TimeUseAnswer
from app.metrics.utilisation import service as utilisation
from app.metrics.utilisation.service import UtilisationAnswer
from app.pilots import membership
from app.pilots import service as pilots
from app.pilots.models import Arm, Pilot
from app.pilots.schemas import SuccessCriterion
from app.time_use.daily import service as daily


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Everything about a pilot over its own window; `licences` None where it has no pool."""

    pilot: Pilot
    time_use: TimeUseAnswer
    adoption: AdoptionAnswer
    licences: UtilisationAnswer | None
    feedback: FeedbackAnswer
    criteria: list[Judged]
    missing: list[Missing]
    output_audits: list[AuditMarkOut]
    gate_overrides: list[GateOverrideOut]


async def scorecard(
    session: AsyncSession, principal: Principal, pilot_id: UUID, as_of: date | None = None
) -> Scorecard:
    """A pilot on one page, up to the end of a day: by default of today.

    Raises:
        NotFound: there is no such pilot within reach.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    whole = Question(as_of=as_of)
    used = await adoption.adoption(session, principal, pilot_id, whole)
    facts = await daily.facts(session, principal, pilot, span_of(pilot, pilot.window))
    spent = await time_use.time_use(session, principal, pilot_id, whole, facts)
    said = await feedback.feedback(session, principal, pilot_id, whole, facts)
    every_pool = utilisation.Question(as_of=as_of)
    seats = await utilisation.of_pilot(session, principal, pilot_id, every_pool, by_day=False)
    licences = seats if seats.pools else None
    own = spent.arms[Arm.PILOT]
    figures: dict[str, AnyFigure] = {
        **used.report.figures,
        **(licences.report.figures if licences else {}),
        **said.report.figures,
        **own.pilot,
        "admin_share_change": own.change,
        **({"admin_share_effect": spent.effect} if spent.effect else {}),
    }
    members = await membership.over(session, principal, pilot, None)
    today = clock.today(principal.organisation.zone)
    joined = [each for each in members if as_of is None or each.takes_part.starts_on <= as_of]
    last_day = min(as_of or today, today)
    audited = [
        answers.mark_out(plan, shown, markings.state_of(plan, shown))
        for plan, shown in await markings.standing(session, principal, pilot, last_day)
    ]
    overridden = await governance.overrides(session, principal, pilot)
    known = Known(
        pilot,
        last_day,
        [member.arm for member in joined],
        figures,
        own.baseline,
        said.missing_weeks,
        any(each.state is LimitState.PASSED for each in audited),
        bool(overridden),
    )
    wanted = [SuccessCriterion.model_validate(each) for each in pilot.success_criteria]
    return Scorecard(
        pilot=pilot,
        time_use=spent,
        adoption=used,
        licences=licences,
        feedback=said,
        criteria=[judged(criterion, figures) for criterion in wanted],
        missing=gaps(known),
        output_audits=audited,
        gate_overrides=overridden,
    )
