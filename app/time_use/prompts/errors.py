"""What can go wrong with prompts."""

from app.core.errors import Conflict


def not_random_moment() -> Conflict:
    return Conflict(
        "The sampling plan is not one of random moments, so there is nothing to prompt for.",
        code="not_random_moment",
    )


def too_many(limit: int) -> Conflict:
    return Conflict(
        f"That would be more than {limit} prompts at once. Draw fewer days at a time.",
        code="too_many_prompts",
    )
