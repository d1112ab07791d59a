"""What follows of an arm's time from its shares by subtraction, and the people behind it. Pure.

Admin less recording, the wider definition less the usual one, what is left of all time: where few people are behind
such a difference, one of the two figures that it follows from is withheld.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.metrics.figures import Share
from app.metrics.suppression import reveals
from app.metrics.time_use.measured import (
    ADMIN,
    EXCLUDED,
    INDIRECT,
    RECORDING,
    SUPPORT,
    TRAVEL,
    UNMAPPED,
    Sums,
)

# Differences of sums of the same minutes: what is below is nothing, to the last places of a float.
_NOTHING: Final = 1e-9


def of_strict(sums: Sums) -> tuple[Share, ...]:
    """Behind recording, and behind the rest of admin: what the strict variant tells beside `admin_share`."""
    recording = sums.amounts[RECORDING]
    return _behind(recording, sums.amounts[ADMIN] - recording)


def of_broad(sums: Sums) -> tuple[Share, ...]:
    """Behind indirect work, and behind the rest: what the broad variant tells beside `excluded_share`."""
    amounts = sums.amounts
    return _behind(amounts[INDIRECT], amounts[SUPPORT] + amounts[TRAVEL] + amounts[UNMAPPED])


def of_unmapped(sums: Sums) -> tuple[Share, ...]:
    """Behind unmapped time, and behind what follows from it beside the other figures."""
    amounts = sums.amounts
    beside = amounts[SUPPORT] + amounts[TRAVEL]
    return _behind(amounts[UNMAPPED], amounts[EXCLUDED], beside, beside + amounts[INDIRECT])


def are_told(shares: Iterable[Share], minimum: int) -> bool:
    """Whether there are nobody or enough people behind each."""
    return not any(reveals(share, minimum) for share in shares)


def _behind(*amounts: NDArray[np.float64]) -> tuple[Share, ...]:
    """`amounts` have shape (people,) each."""
    counts = (int(np.count_nonzero(each > _NOTHING)) for each in amounts)
    return tuple(Share(k, k) for k in counts)
