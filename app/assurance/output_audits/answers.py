"""Audits as they are sent. Pure."""

from typing import Any, Final

from app.assurance.output_audits.claims import needed_outputs
from app.assurance.output_audits.models import ListedOutput, OutputAuditPlan, SampledOutput
from app.assurance.output_audits.outcomes import (
    LimitState,
    Markers,
    Outcomes,
    Rate,
    claim_of,
)
from app.assurance.output_audits.schemas import (
    AgreementOut,
    AuditFiguresOut,
    AuditMarkOut,
    AuditPlanOut,
    ClaimOut,
    ExactInterval,
    MonthRate,
    RateOut,
    SampledOutputOut,
    StatementsOut,
    StratumRate,
)
from app.metrics.statistics.intervals import Interval

_NOTHING_AUDITED: Final = "nothing_audited"
_SENTENCES: Final = {
    LimitState.NOT_AUDITED: "Nothing has been audited yet.",
    LimitState.WITHIN: "The interval of the error rate lies within the limit.",
    LimitState.CANNOT_TELL: "The interval of the error rate spans the limit: the audits allow both.",
    LimitState.WARNING: "The interval of the error rate lies above the warning level.",
    LimitState.PASSED: "The interval of the error rate lies above the limit.",
}


def plan_out(plan: OutputAuditPlan) -> AuditPlanOut:
    """A plan as it is sent, with the number that its claim needs."""
    needed = needed_outputs(plan.critical_below)
    return AuditPlanOut.model_validate({**plan.model_dump(), "needed_outputs": needed})


def sampled_out(sampled: SampledOutput, listed: ListedOutput) -> SampledOutputOut:
    """A drawn output as it is sent."""
    return SampledOutputOut(
        sampled_id=sampled.id,
        draw_number=sampled.draw_number,
        output_ref=listed.output_ref,
        produced_on=listed.produced_on,
        tool_version=listed.tool_version,
        output_type=listed.output_type,
        team=listed.team,
        marked_twice=sampled.marked_twice,
    )


def figures_out(plan: OutputAuditPlan, shown: Outcomes, state: LimitState) -> AuditFiguresOut:
    """What a plan's audits show, as it is sent."""
    claim = claim_of(shown.critical_rate, plan.critical_below)
    return AuditFiguresOut(
        plan_id=plan.id,
        drawn=shown.drawn,
        awaited=dict(shown.awaited),
        state=state,
        sentence=_SENTENCES[state],
        error_rate=RateOut(**_rate(shown.error_rate)),
        critical_rate=RateOut(**_rate(shown.critical_rate)),
        claim=ClaimOut(
            critical_below=claim.below,
            needed_outputs=claim.needed,
            upper_bound=claim.bound,
            is_shown=claim.is_shown,
        ),
        reached_the_record=shown.reached_the_record,
        statements=_statements(shown),
        by_severity=dict(shown.by_severity),
        by_type={kind: RateOut(**_rate(rate)) for kind, rate in shown.by_type.items()},
        by_stratum=[
            StratumRate(stratum=dict(zip(plan.strata, stratum, strict=True)), **_rate(rate))
            for stratum, rate in shown.by_stratum.items()
        ],
        by_month=[MonthRate(month=month, **_rate(rate)) for month, rate in shown.by_month.items()],
        agreement=_agreement(shown.markers),
    )


def mark_out(plan: OutputAuditPlan, shown: Outcomes, state: LimitState) -> AuditMarkOut:
    """How a plan stands, as the scorecard shows it."""
    return AuditMarkOut(
        plan_id=plan.id,
        name=plan.name,
        kind=plan.kind,
        state=state,
        sentence=_SENTENCES[state],
        error_limit=plan.error_limit,
        error_rate=RateOut(**_rate(shown.error_rate)),
    )


def _rate(rate: Rate) -> dict[str, Any]:
    known = rate.outputs > 0
    return {
        "errors": rate.errors,
        "outputs": rate.outputs,
        "value": rate.errors / rate.outputs if known else None,
        "reason": None if known else _NOTHING_AUDITED,
        "interval": _interval(rate.interval),
    }


def _interval(interval: Interval | None) -> ExactInterval | None:
    return None if interval is None else ExactInterval.model_validate(interval)


def _statements(shown: Outcomes) -> StatementsOut:
    wrong, checked = shown.statements_wrong, shown.statements_checked
    return StatementsOut(
        wrong=wrong,
        checked=checked,
        value=wrong / checked if checked else None,
        reason=None if checked else "no_statements_counted",
    )


def _agreement(markers: Markers) -> AgreementOut:
    kappa = markers.kappa
    return AgreementOut(
        outputs=markers.outputs,
        table=[list(row) for row in markers.table],
        raw_agreement=markers.raw,
        kappa=kappa.value if kappa else None,
        kappa_interval=_interval(kappa.interval) if kappa else None,
    )
