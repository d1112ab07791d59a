"""What can go wrong with sampling plans."""

from app.core.errors import Conflict


def none() -> Conflict:
    return Conflict(
        "This pilot has no sampling plan, so nothing is expected of anybody yet. "
        "PUT /pilots/{pilot_id}/sampling-plan first.",
        code="no_sampling_plan",
    )
