"""What a pilot as planned could show, and what would make it show more. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from app.metrics.statistics.planning import (
    Design,
    design_effect,
    least,
    minimum_detectable_change,
    minimum_detectable_effect,
)

MAX_PEOPLE = 100_000
MAX_SAMPLES_PER_WEEK = 1000
# The verdict on a change of fewer people is `not_enough_data`.
_FEWEST = 5
_SHORT_BASELINE = 4
# Use in the first 28 days is not yet habit.
_SHORT_PILOT = 8


class Caution(StrEnum):
    """What stands in the way of an answer."""

    NO_BASELINE = "no_baseline"
    SHORT_BASELINE = "short_baseline"
    SHORT_PILOT = "short_pilot"
    TOO_FEW_PEOPLE = "too_few_people"
    NO_COMPARISON = "no_comparison"
    VOLUNTEERS_ONLY = "volunteers_only"
    NOT_DETECTABLE = "not_detectable"


SENTENCES: dict[Caution, str] = {
    Caution.NO_BASELINE: "There is no baseline: what changed cannot be said later, whatever is sampled then.",
    Caution.SHORT_BASELINE: "The baseline is shorter than 4 weeks: one unusual week moves it.",
    Caution.SHORT_PILOT: "The pilot is shorter than 8 weeks: half of it or more is the novelty of the first 28 days.",
    Caution.TOO_FEW_PEOPLE: "An arm has fewer than 5 people sampled in both windows: the verdict on it will be that there are not enough data.",
    Caution.NO_COMPARISON: "There is no comparison group: a change that would have come without the tool cannot be told from its effect.",
    Caution.VOLUNTEERS_ONLY: "Nobody was drawn by chance: people who asked for the tool, or were picked, may differ from the others in more than the tool.",
    Caution.NOT_DETECTABLE: "The wanted change is smaller than what this plan would probably show.",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is planned; the people of an arm are None where their number is withheld."""

    people_pilot: int | None
    people_comparison: int | None
    samples_per_week: float
    baseline_weeks: float
    pilot_weeks: float
    expected_share: float
    correlation: float
    is_drawn: bool = False

    @property
    def before(self) -> float:
        """Samples a person in the baseline."""
        return self.samples_per_week * self.baseline_weeks

    @property
    def after(self) -> float:
        """Samples a person in the pilot window."""
        return self.samples_per_week * self.pilot_weeks

    def _of(self, people: int) -> Design:
        return Design(people, self.before, self.after, self.expected_share, self.correlation)

    def change(self) -> float | None:
        """The smallest change of arm `pilot` that would probably show; None where none can."""
        if self.people_pilot is None or not self.baseline_weeks:
            return None
        return minimum_detectable_change(self._of(self.people_pilot))

    def effect(self) -> float | None:
        """The same of the change of arm `pilot` less that of arm `comparison`."""
        if self.people_pilot is None or self.people_comparison is None or not self.baseline_weeks:
            return None
        return minimum_detectable_effect(
            self._of(self.people_pilot), self._of(self.people_comparison)
        )


@dataclass(frozen=True, slots=True)
class Missing:
    """What more of one thing alone would show a wanted change: 0 for nothing, None for no number of it."""

    people_per_arm: int | None
    samples_per_week: int | None


@dataclass(frozen=True, slots=True)
class Check:
    """What a plan could show. Changes are of a share: 0.16 is 16 points."""

    plan: Plan
    change: float | None
    effect: float | None
    design_effects: tuple[float | None, float]
    missing_for_change: Missing | None
    missing_for_effect: Missing | None
    warnings: tuple[Caution, ...]


def check(plan: Plan, wanted: float | None) -> Check:
    """Hold a plan against the smallest change that is worth showing, where one is stated."""
    change, effect = plan.change(), plan.effect()
    for_change = for_effect = None
    if wanted is not None and plan.baseline_weeks and plan.people_pilot is not None:
        for_change = _missing(plan, Plan.change, wanted)
        if plan.people_comparison is not None:
            for_effect = _missing(plan, Plan.effect, wanted)
    return Check(
        plan,
        change,
        effect,
        (
            design_effect(plan.before, plan.correlation) if plan.baseline_weeks else None,
            design_effect(plan.after, plan.correlation),
        ),
        for_change,
        for_effect,
        tuple(_warnings(plan, effect if plan.people_comparison else change, wanted)),
    )


def _missing(plan: Plan, shown: Callable[[Plan], float | None], wanted: float) -> Missing:
    def enough(better: Plan) -> bool:
        found = shown(better)
        return found is not None and found <= wanted

    def with_people(more: int) -> bool:
        pilot, comparison = (plan.people_pilot or 0) + more, (plan.people_comparison or 0) + more
        return enough(replace(plan, people_pilot=pilot, people_comparison=comparison))

    def with_samples(more: int) -> bool:
        return enough(replace(plan, samples_per_week=plan.samples_per_week + more))

    return Missing(least(with_people, MAX_PEOPLE), least(with_samples, MAX_SAMPLES_PER_WEEK))


def _warnings(plan: Plan, shown: float | None, wanted: float | None) -> list[Caution]:
    arms = [plan.people_pilot]
    if plan.people_comparison != 0:
        arms.append(plan.people_comparison)
    # Of a withheld number it is known that it is small.
    small = any(people is None or people < _FEWEST for people in arms)
    stands = {
        Caution.NO_BASELINE: not plan.baseline_weeks,
        Caution.SHORT_BASELINE: 0 < plan.baseline_weeks < _SHORT_BASELINE,
        Caution.SHORT_PILOT: plan.pilot_weeks < _SHORT_PILOT,
        Caution.TOO_FEW_PEOPLE: small,
        Caution.NO_COMPARISON: plan.people_comparison == 0,
        Caution.VOLUNTEERS_ONLY: not plan.is_drawn,
        Caution.NOT_DETECTABLE: wanted is not None and shown is not None and wanted < shown,
    }
    return [warning for warning, is_so in stands.items() if is_so]
