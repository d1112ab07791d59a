"""What can go wrong with drawing a comparison group."""

from app.core.errors import Conflict


def no_pool() -> Conflict:
    return Conflict(
        "No licence pool is for this pilot, so nobody waits for a seat of it. "
        "Say among whom to draw: person_external_ids.",
        code="no_waiting_list",
    )


def too_few(candidates: int) -> Conflict:
    return Conflict(
        f"There are {candidates} people to draw among who are no members yet. Draw fewer of them.",
        code="too_few_candidates",
    )
