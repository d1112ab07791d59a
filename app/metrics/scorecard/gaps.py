"""What a pilot lacks, and whether that can still be mended. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from app.metrics.figures import AnyFigure, Figure, Flag
from app.metrics.time_use.calculation import FEWEST_FOR_A_VERDICT
from app.pilots.models import Arm, Pilot, PilotStatus


class Gap(StrEnum):
    """Something that a figure would need and that is not there, or a limit that is not kept."""

    NO_CRITERIA = "no_criteria"
    NO_BASELINE = "no_baseline"
    NO_BASELINE_SAMPLES = "no_baseline_samples"
    NO_SAMPLES = "no_samples"
    NO_COMPARISON = "no_comparison"
    FEW_PEOPLE = "few_people"
    UNMAPPED_TIME = "unmapped_time"
    NO_ACTIVITY = "no_activity_data"
    STALE_ACTIVITY = "stale_data"
    MISSING_FEEDBACK = "missing_feedback"
    LOW_RESPONSE = "low_response"
    OUTPUT_ERRORS = "output_audit_limit_passed"
    GATES_OVERRIDDEN = "gates_overridden"


_SENTENCES: Final = {
    Gap.NO_CRITERIA: "No success criterion was set before the start: whatever comes out can be called a success.",
    Gap.NO_BASELINE: "There is no baseline: no change can be measured.",
    Gap.NO_BASELINE_SAMPLES: "No time was recorded in the baseline. Timesheets of those weeks can still be loaded.",
    Gap.NO_SAMPLES: "No time was recorded in the window.",
    Gap.NO_COMPARISON: "Nobody is in the comparison arm: a change may have come without the tool as well.",
    Gap.FEW_PEOPLE: "Fewer than 5 people take part: no change can be told from chance.",
    Gap.UNMAPPED_TIME: "Some time stands under codes that mean nothing yet: add mappings to the taxonomy.",
    Gap.NO_ACTIVITY: "No use of the tool was loaded.",
    Gap.STALE_ACTIVITY: "The data on use are out of date: load them again.",
    Gap.MISSING_FEEDBACK: "About some weeks that are over nobody answered.",
    Gap.LOW_RESPONSE: "Fewer than half of the expected answers came.",
    Gap.OUTPUT_ERRORS: "What the AI wrote has more errors than an audit plan allows: whatever time it saves, somebody must check.",
    Gap.GATES_OVERRIDDEN: "Somebody let the pilot start before everything that must be in order was.",
}
# What would have had to be done before the pilot began, and what can be done while it runs.
_BEFORE_THE_START: Final = frozenset({Gap.NO_CRITERIA, Gap.NO_BASELINE, Gap.NO_COMPARISON})
_WHILE_IT_RUNS: Final = frozenset({Gap.FEW_PEOPLE, Gap.MISSING_FEEDBACK, Gap.LOW_RESPONSE})
_NOT_BEGUN: Final = frozenset({PilotStatus.DRAFT, PilotStatus.PLANNED})


@dataclass(frozen=True, slots=True)
class Missing:
    """A gap, and whether something can still be done about it."""

    gap: Gap
    sentence: str
    mendable: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What the gaps are found in; figures by slug, those of the baseline apart."""

    pilot: Pilot
    today: date
    members: Collection[Arm]
    figures: Mapping[str, AnyFigure]
    baseline: Mapping[str, Figure]
    missing_weeks: Collection[date]
    output_limit_passed: bool
    gates_overridden: bool


def gaps(known: Known) -> list[Missing]:
    """What is missing, in the order in which it matters."""
    pilot, figures = known.pilot, known.figures
    share, used = figures.get("admin_share"), figures.get("adoption_rate")
    has_baseline = pilot.baseline is not None
    lacks = {
        Gap.NO_CRITERIA: not pilot.success_criteria,
        Gap.NO_BASELINE: not has_baseline,
        Gap.NO_BASELINE_SAMPLES: has_baseline and _is_empty(known.baseline.get("admin_share")),
        Gap.NO_SAMPLES: _is_empty(share),
        Gap.NO_COMPARISON: Arm.COMPARISON not in known.members,
        Gap.FEW_PEOPLE: sum(arm is Arm.PILOT for arm in known.members) < FEWEST_FOR_A_VERDICT,
        Gap.UNMAPPED_TIME: _has(share, Flag.UNMAPPED_TIME),
        Gap.NO_ACTIVITY: _has(used, Flag.NO_ACTIVITY_DATA),
        Gap.STALE_ACTIVITY: _has(used, Flag.STALE_DATA),
        Gap.MISSING_FEEDBACK: bool(known.missing_weeks),
        Gap.LOW_RESPONSE: _has(figures.get("response_rate"), Flag.LOW_RESPONSE),
        Gap.OUTPUT_ERRORS: known.output_limit_passed,
        Gap.GATES_OVERRIDDEN: known.gates_overridden,
    }
    return [Missing(gap, _SENTENCES[gap], _is_mendable(gap, known)) for gap in Gap if lacks[gap]]


def _is_mendable(gap: Gap, known: Known) -> bool:
    if gap in _BEFORE_THE_START:
        return known.pilot.status in _NOT_BEGUN
    return gap not in _WHILE_IT_RUNS or known.today < known.pilot.ends_on


def _is_empty(figure: AnyFigure | None) -> bool:
    """Whether there is no value, for any reason but that it is withheld."""
    return isinstance(figure, Figure) and figure.value is None and not figure.suppressed


def _has(figure: AnyFigure | None, flag: Flag) -> bool:
    return figure is not None and flag in figure.flags
