"""What can go wrong with waiting lists."""

from app.core.errors import Conflict, constraint


def already_waiting() -> Conflict:
    return Conflict(
        "This person is on the waiting list already. Withdraw that entry to ask anew.",
        code="already_waiting",
    )


constraint("uq_waiting_entry_waiting", already_waiting())
