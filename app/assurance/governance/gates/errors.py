"""What can go wrong with gates."""

from collections.abc import Sequence

from app.assurance.governance.gates.passing import Passing
from app.core.errors import Conflict, FieldError, Invalid


def gates_missing(barred: Sequence[Passing]) -> Conflict:
    names = ", ".join(each.gate for each in barred)
    errors = [FieldError("/to", f"gate_{each.gate}", each.way_out or "") for each in barred]
    return Conflict(
        f"The pilot cannot start: {names} {'is' if len(barred) == 1 else 'are'} not in order. Put that right, "
        "or have somebody who may override gates give a reason: POST …/gate-overrides.",
        code="gates_missing",
        errors=errors,
    )


def nothing_to_override() -> Conflict:
    return Conflict(
        "No gate bars this pilot: there is nothing to override.", code="nothing_to_override"
    )


def gate_not_missing(place: int) -> Invalid:
    return Invalid.field(
        f"/gates/{place}", "gate_not_missing", "This gate does not bar the pilot: leave it out."
    )
