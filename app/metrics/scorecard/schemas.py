"""How the scorecard is sent."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from app.assurance.governance.gates.schemas import GateOverrideOut
from app.assurance.output_audits.schemas import AuditMarkOut
from app.metrics.adoption.schemas import AdoptionFigures
from app.metrics.feedback.schemas import FeedbackFigures
from app.metrics.schemas import MetricValue, WindowOut, figure_out, plain, plain_figures
from app.metrics.scorecard.criteria import CriterionResult, Judged
from app.metrics.scorecard.gaps import Gap, Missing
from app.metrics.scorecard.service import Scorecard
from app.metrics.time_use.calculation import Verdict
from app.metrics.time_use.schemas import RatioIntervals, Ratios, TimeUseArm, arm_out, ratios_out
from app.metrics.utilisation.schemas import UtilisationFigures
from app.pilots.models import Arm, PilotKind, PilotStatus
from app.pilots.schemas import Comparator


class Headline(BaseModel):
    """The ratio of admin to direct work before and after, and what to make of it."""

    ratio: Ratios
    ratio_interval: RatioIntervals
    verdict: Verdict


class TimeUseSection(TimeUseArm):
    """Time use of arm `pilot`, and beyond the comparison arm."""

    effect: MetricValue | None


class CriterionOut(BaseModel):
    """A criterion that was set before the start, and what became of it."""

    metric: str
    comparator: Comparator
    target: float
    result: CriterionResult
    sentence: str
    figure: MetricValue | None


class GapOut(BaseModel):
    """What a figure would need, and whether that can still be mended."""

    code: Gap
    sentence: str
    mendable: bool


class ScorecardOut(BaseModel):
    """A pilot on one page; every figure carries its evidence tier and its flags."""

    pilot_id: UUID
    code: str
    name: str
    kind: PilotKind
    status: PilotStatus
    window: WindowOut
    as_of: date
    headline: Headline
    time_use: TimeUseSection
    adoption: AdoptionFigures
    licences: UtilisationFigures | None = Field(description="Null: the pilot has no licence pool.")
    feedback: FeedbackFigures
    criteria: list[CriterionOut]
    missing: list[GapOut]
    output_audits: list[AuditMarkOut] = Field(
        description="How each plan that audits what the AI wrote stands."
    )
    gate_overrides: list[GateOverrideOut] = Field(
        description="Who let the pilot start without what must be in order, and why."
    )


def scorecard_out(card: Scorecard) -> ScorecardOut:
    """A scorecard as it is sent."""
    pilot, spent = card.pilot, card.time_use
    return ScorecardOut.model_validate(
        {
            "pilot_id": pilot.id,
            "code": pilot.code,
            "name": pilot.name,
            "kind": pilot.kind,
            "status": pilot.status,
            "window": {"starts_on": pilot.starts_on, "ends_on": pilot.ends_on},
            "as_of": spent.as_of,
            "headline": {**ratios_out(spent), "verdict": spent.verdict},
            "time_use": {
                **arm_out(spent.arms[Arm.PILOT]),
                "effect": plain(spent.effect) if spent.effect else None,
            },
            "adoption": {s: figure_out(f) for s, f in card.adoption.report.figures.items()},
            "licences": plain_figures(card.licences.report.figures) if card.licences else None,
            "feedback": plain_figures(card.feedback.report.figures),
            "criteria": [_criterion(each) for each in card.criteria],
            "missing": [_missing(each) for each in card.missing],
            "output_audits": card.output_audits,
            "gate_overrides": card.gate_overrides,
        }
    )


def _criterion(judged: Judged) -> dict[str, Any]:
    return {
        "metric": judged.criterion.metric,
        "comparator": judged.criterion.comparator,
        "target": judged.criterion.target,
        "result": judged.result,
        "sentence": judged.sentence,
        "figure": plain(judged.figure) if judged.figure else None,
    }


def _missing(missing: Missing) -> dict[str, Any]:
    return {
        "code": missing.gap,
        "sentence": missing.sentence,
        "mendable": missing.mendable,
    }
