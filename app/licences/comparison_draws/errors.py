"""What can go wrong with drawing a comparison group."""

from app.core.errors import Conflict
from app.core.sentences import counted


def no_pool() -> Conflict:
    return Conflict(
        "No licence pool is for this pilot, so nobody waits for a seat of it. "
        "Say among whom to draw: person_external_ids.",
        code="no_waiting_list",
    )


def too_few(candidates: int) -> Conflict:
    return Conflict(
        f"Only {counted(candidates, 'person is', 'people are')} there to draw among who take no part yet. Draw fewer.",
        code="too_few_candidates",
    )
