"""When a delivery that failed is tried again, and when no more. Pure."""

from datetime import timedelta

# 5 and 15 seconds, 45, then 2, 7, 20 minutes, 1 hour, 3 hours, and every 4 hours: three days in all.
_FIRST = timedelta(seconds=5)
_GROWTH = 3
_LONGEST = timedelta(hours=4)
MOST_ATTEMPTS = 25
_SPREAD = 0.2

# An endpoint to which nothing at all has got through for so long is given nothing more.
DISABLED_AFTER = timedelta(days=3)


def wait_after(attempts: int, chance: float) -> timedelta | None:
    """For how long to wait after so many attempts that failed; None where that was the last.

    Args:
        attempts: one at least.
        chance: from 0 to 1, at random: it spreads waits by a fifth either way, so that what failed together
            does not come back together.
    """
    if attempts >= MOST_ATTEMPTS:
        return None
    plain: timedelta = min(_FIRST * _GROWTH ** min(attempts - 1, 16), _LONGEST)
    spread: timedelta = plain * (1 - _SPREAD + 2 * _SPREAD * chance)
    return spread
