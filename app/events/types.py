"""Which events there are: what each tells, about what, and who may know.

Data are ids, states, days and names of figures. A receiver that wants more asks the API with a key of its own,
which sees what it may see.
"""

from collections.abc import Collection
from dataclasses import dataclass

from app.access.permissions import Scope


@dataclass(frozen=True, slots=True)
class EventType:
    """A kind of event.

    Args:
        name: `noun.verb`, the verb in the past.
        what: in a sentence.
        collection: of which the subject is one, as the API has it.
        data: the names of all that it tells.
        scope: what a caller needs to see it.
        counts_people: as many of them as people: it needs `people:read` as well.
    """

    name: str
    what: str
    collection: str
    data: tuple[str, ...]
    scope: Scope
    counts_people: bool = False


PILOT_TRANSITIONED = EventType(
    "pilot.transitioned",
    "A pilot has moved from one status to the next.",
    "pilots",
    ("pilot_id", "from", "to"),
    Scope.PILOTS_READ,
)
SEAT_ALLOCATED = EventType(
    "seat.allocated",
    "A seat has been given to somebody.",
    "seats",
    ("pool_id", "allocation_id"),
    Scope.LICENCES_READ,
    counts_people=True,
)
SEAT_RELEASED = EventType(
    "seat.released",
    "A seat has been given an end.",
    "seats",
    ("pool_id", "allocation_id"),
    Scope.LICENCES_READ,
    counts_people=True,
)
SEAT_CORRECTED = EventType(
    "seat.corrected",
    "The days of a seat have been corrected.",
    "seats",
    ("pool_id", "allocation_id"),
    Scope.LICENCES_READ,
    counts_people=True,
)
SEAT_WAITING = EventType(
    "seat.waiting",
    "Somebody has been put on the waiting list of a pool.",
    "waiting-entries",
    ("pool_id", "waiting_id"),
    Scope.LICENCES_READ,
    counts_people=True,
)
FEEDBACK_MISSING = EventType(
    "feedback.missing",
    "Weeks of a running pilot are over without any answer, and were not known to be.",
    "pilots",
    ("pilot_id", "weeks"),
    Scope.FEEDBACK_READ,
)
SNAPSHOT_PUBLISHED = EventType(
    "snapshot.published",
    "Figures of a pilot have been published.",
    "pilots",
    ("pilot_id", "snapshot_id"),
    Scope.METRICS_READ,
)
CRITERIA_MET = EventType(
    "pilot.criteria_met",
    "A pilot has met all its success criteria, and had not before.",
    "pilots",
    ("pilot_id", "metrics"),
    Scope.METRICS_READ,
)
AUDIT_LOG_SEALED = EventType(
    "audit_log.sealed",
    "The audit log has been sealed up to a position; keep the checkpoint where we cannot reach it.",
    "organisations",
    ("position", "hash", "checkpoint"),
    Scope.GOVERNANCE_READ,
)
OUTPUT_LIMIT_PASSED = EventType(
    "output_audit.limit_passed",
    "The error rate of what the AI wrote has passed the limit of an audit plan, and had not before.",
    "output-audit-plans",
    ("pilot_id", "plan_id"),
    Scope.GOVERNANCE_READ,
)
PILOT_DECIDED = EventType(
    "pilot.decided",
    "It has been decided what is to become of what a pilot tried: scale, extend, reduce or stop.",
    "pilots",
    ("pilot_id", "decision_id", "outcome"),
    Scope.PILOTS_READ,
)
REVIEW_OVERDUE = EventType(
    "governance.review_overdue",
    "The review of a policy, or of an item in a pilot's register, is overdue.",
    "reviews",
    ("what", "kind", "review_on"),
    Scope.GOVERNANCE_READ,
)
TYPES: dict[str, EventType] = {
    kind.name: kind
    for kind in (
        PILOT_TRANSITIONED,
        SEAT_ALLOCATED,
        SEAT_RELEASED,
        SEAT_CORRECTED,
        SEAT_WAITING,
        FEEDBACK_MISSING,
        SNAPSHOT_PUBLISHED,
        CRITERIA_MET,
        AUDIT_LOG_SEALED,
        OUTPUT_LIMIT_PASSED,
        PILOT_DECIDED,
        REVIEW_OVERDUE,
    )
}


def visible_to(scopes: Collection[Scope]) -> list[str]:
    """Names of the types that a caller with these scopes may see."""
    return [
        name
        for name, kind in TYPES.items()
        if Scope.ADMIN in scopes
        or (kind.scope in scopes and (Scope.PEOPLE_READ in scopes or not kind.counts_people))
    ]
