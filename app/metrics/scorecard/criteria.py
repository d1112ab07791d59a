"""Whether a pilot has reached what it set out to reach. Pure."""

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.metrics.figures import AnyFigure, Figure, Flag
from app.pilots.schemas import Comparator, SuccessCriterion


class CriterionResult(StrEnum):
    """What became of a criterion."""

    MET = "met"
    NOT_MET = "not_met"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Judged:
    """A criterion, the figure that it names (None: there is no such figure here), and what became of it."""

    criterion: SuccessCriterion
    figure: Figure | None
    result: CriterionResult
    sentence: str


_HOLDS: Final = {
    Comparator.AT_LEAST: operator.ge,
    Comparator.AT_MOST: operator.le,
    Comparator.ABOVE: operator.gt,
    Comparator.BELOW: operator.lt,
}
# Figures that would have an interval if there were enough data for one.
_UNSURE: Final = frozenset({Flag.NOT_ESTIMABLE, Flag.DEGENERATE, Flag.ANONYMOUS_ANSWERS})


def judged(criterion: SuccessCriterion, figures: Mapping[str, AnyFigure]) -> Judged:
    """Hold a figure against its target.

    A criterion is met, or not, where every value that the interval allows says so; a figure that is known
    exactly has no interval, and its value says it.

    Args:
        criterion: as set before the start.
        figures: by slug, fit for the reader.
    """
    figure = figures.get(criterion.metric)
    if not isinstance(figure, Figure):
        return Judged(
            criterion,
            None,
            CriterionResult.CANNOT_TELL,
            "No figure of this name belongs to this pilot.",
        )
    if figure.value is None:
        why = (figure.reason or "there is no value").replace("_", " ")
        return Judged(criterion, figure, CriterionResult.CANNOT_TELL, f"There is no value: {why}.")
    interval = figure.interval
    if interval is None and _UNSURE.intersection(figure.flags):
        sentence = "There are too few data to say how sure the figure is."
        return Judged(criterion, figure, CriterionResult.CANNOT_TELL, sentence)
    holds = _HOLDS[criterion.comparator]
    ends = [figure.value] if interval is None else [interval.low]
    if interval is not None:
        ends.append(interval.high if interval.high is not None else float("inf"))
    reached = {holds(end, criterion.target) for end in ends}
    if len(reached) > 1:
        sentence = "The interval spans the target: the data allow both."
        return Judged(criterion, figure, CriterionResult.CANNOT_TELL, sentence)
    if reached == {True}:
        return Judged(criterion, figure, CriterionResult.MET, "The target is reached.")
    return Judged(criterion, figure, CriterionResult.NOT_MET, "The target is not reached.")
