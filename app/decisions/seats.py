"""How many seats are worth keeping: those of people for whom the tool is a habit, and a tenth more. Pure."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from app.metrics.figures import Segments

# For those who come to use it as much; the advice for a renewal adds as many.
_AND_MORE: Final = Decimal("1.1")


def habitual_users(segments: Segments) -> int | None:
    """Who used the tool in each of the last four ISO weeks; None where any of it is withheld."""
    counted = [segments.counts.get(name) for name in ("power", "habitual")]
    known = [count for count in counted if count is not None]
    return sum(known) if len(known) == len(counted) else None


def advised(habitual: int | None) -> int | None:
    """The seats that are worth keeping for so many habitual users."""
    if habitual is None:
        return None
    return int((habitual * _AND_MORE).quantize(Decimal(1), ROUND_HALF_UP))
