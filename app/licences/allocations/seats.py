"""Seats: on which days somebody has one, and how one stood after what had happened to it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.core.periods import Window
from app.licences.allocations.models import SeatAllocation, SeatEvent, SeatEventKind


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat that somebody has of the product, in whatever pool; an open one ends with its term."""

    allocation_id: UUID
    pool_id: UUID
    allocated_on: date
    released_on: date | None
    term_ends_on: date

    @property
    def days(self) -> Window:
        return Window(self.allocated_on, self.released_on or self.term_ends_on)


def as_it_was(row: SeatAllocation, events: Sequence[SeatEvent]) -> SeatAllocation:
    """An allocation in the state after some of its events."""
    last = events[-1]
    reason = corrected_at = None
    for event in events:
        if event.kind is SeatEventKind.RELEASED:
            reason = event.reason
        elif event.kind is SeatEventKind.CORRECTED:
            corrected_at = event.recorded_at
        if event.released_on is None:
            reason = None
    values = row.model_dump() | {
        "allocated_on": last.allocated_on,
        "released_on": last.released_on,
        "release_reason": reason,
        "updated_at": last.recorded_at,
        "corrected_at": corrected_at,
    }
    return SeatAllocation(**values)
