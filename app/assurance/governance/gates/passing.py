"""Whether a gate is passed, how long it took, and what over all pilots that comes to. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from statistics import median
from typing import Final

from app.assurance.governance.gates.models import Gate
from app.assurance.governance.register.models import ItemStatus, RegisterItem
from app.core import sentences

# Of 22 councils 41 % needed longer for their assurance.
LONG: Final = 30


class GateState(StrEnum):
    """How a gate stands."""

    PASSED = "passed"
    MISSING = "missing"
    NOT_APPROVED = "not_approved"
    REVIEW_OVERDUE = "review_overdue"


_WAYS_OUT: Final = {
    GateState.MISSING: "is not in the register. Record it: POST …/register.",
    GateState.NOT_APPROVED: "is not approved. Have it approved: PATCH …/register/{item_id}.",
    GateState.REVIEW_OVERDUE: "was to be reviewed on {review_on}. Review it, and set the next date: PATCH …/register/{item_id}.",
}
_TRAINING: Final = "training: not everybody who takes part has completed a course. Record who has: POST …/training/bulk."


@dataclass(frozen=True, slots=True)
class Passing:
    """A gate of a pilot.

    Args:
        gate: which.
        state: how it stands.
        way_out: what to do, in a sentence; None where it is passed.
        opened_on: when work on it began, where that is known.
        approved_on: when it was approved.
        is_overridden: somebody has let the pilot start without it.
    """

    gate: Gate
    state: GateState
    way_out: str | None
    opened_on: date | None
    approved_on: date | None
    is_overridden: bool

    @property
    def bars(self) -> bool:
        """Whether the pilot may not start for it."""
        return self.state is not GateState.PASSED and not self.is_overridden

    @property
    def days(self) -> int | None:
        """How many days it took to be approved; None where it is not."""
        if self.opened_on is None or self.approved_on is None:
            return None
        return (self.approved_on - self.opened_on).days


def passing(
    gate: Gate,
    items: Sequence[RegisterItem],
    *,
    trained: bool,
    overridden: Collection[str],
    today: date,
) -> Passing:
    """How a gate of a pilot stands.

    Args:
        gate: which.
        items: the pilot's register.
        trained: whether everybody is.
        overridden: gates without which it may start.
        today: a review before this day is overdue.
    """
    is_overridden = gate.value in overridden
    if gate is Gate.TRAINING:
        state = GateState.PASSED if trained else GateState.MISSING
        return Passing(gate, state, None if trained else _TRAINING, None, None, is_overridden)
    of_gate = [item for item in items if item.kind.value == gate.value]
    approved = [item for item in of_gate if item.status is ItemStatus.APPROVED]
    current = [item for item in approved if item.review_on is None or item.review_on >= today]
    # Of several, as consultations are, the newest that stands best.
    best = next((rows[-1] for rows in (current, approved, of_gate) if rows), None)
    if best is None:
        state = GateState.MISSING
    elif current:
        state = GateState.PASSED
    else:
        state = GateState.REVIEW_OVERDUE if approved else GateState.NOT_APPROVED
    return Passing(
        gate,
        state,
        _way_out(gate, state, best),
        best.opened_on if best else None,
        best.approved_on if best else None,
        is_overridden,
    )


def _way_out(gate: Gate, state: GateState, item: RegisterItem | None) -> str | None:
    if state is GateState.PASSED:
        return None
    known = (
        {"item_id": item.id, "review_on": item.review_on and sentences.day(item.review_on)}
        if item
        else {}
    )
    return f"{gate}: it {_WAYS_OUT[state].format(**known)}"


@dataclass(frozen=True, slots=True)
class Duration:
    """How long items of a kind took from their beginning to their approval, in days.

    `over_a_month` is the share that took more than 30; `pending` counts those on their way.
    """

    gate: Gate
    approved: int
    pending: int
    median_days: float | None
    longest_days: int | None
    over_a_month: float | None


def durations(items: Iterable[RegisterItem]) -> list[Duration]:
    """How long each kind of item took, over all pilots."""
    every = list(items)
    found = []
    for gate in Gate:
        of_gate = [item for item in every if item.kind.value == gate.value]
        days = [
            (item.approved_on - item.opened_on).days
            for item in of_gate
            if item.approved_on is not None
        ]
        if of_gate:
            found.append(
                Duration(
                    gate,
                    len(days),
                    sum(item.status in (ItemStatus.OPEN, ItemStatus.IN_REVIEW) for item in of_gate),
                    float(median(days)) if days else None,
                    max(days, default=None),
                    sum(each > LONG for each in days) / len(days) if days else None,
                )
            )
    return found
