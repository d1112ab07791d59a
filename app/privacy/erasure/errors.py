"""What stands against an erasure."""

from collections.abc import Sequence
from uuid import UUID

from app.core.errors import Conflict, Invalid


def nobody() -> Invalid:
    return Invalid.field(
        "/person_id", "unknown_person", "There is no such person. GET /people lists them."
    )


def held(holds: Sequence[UUID]) -> Conflict:
    return Conflict(
        "A legal hold is in force on this person's data. Release it first "
        "(POST /legal-holds/{hold_id}/release), if whoever placed it agrees.",
        code="legal_hold",
        extra={"hold_ids": [str(hold) for hold in holds]},
    )


def erased_already() -> Conflict:
    return Conflict(
        "This is the pseudonym of somebody who was erased already; there is nothing left to erase.",
        code="erased_already",
    )
