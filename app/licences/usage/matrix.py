"""Seats and the activity of their holders as one matrix of days by seats."""

from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.core.periods import Window
from app.licences.pools.models import LicencePool

Bytes = NDArray[np.uint8]
Ordinals = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class SeatUse:
    """Every seat of a product that is held on one of `days`, and what its holder did on each.

    Who used the product without a seat is in it as well, with a seat of no day.

    Attributes:
        pools: the product's pools; `pool` is a place in it, -1 where there is no seat.
        days: d days.
        person: shape (n,), the holder's id, 16 bytes.
        pool, starts, ends: shape (n,); the first day of the seat, and the first one without it (an open
            one ends with its pool's term), as ordinals.
        before: shape (n,), the holder's last active day before `days` as an ordinal; 0 for none since
            the first pool's term began.
        activity: shape (d, n), a byte a day as in `licences.activity.years`, whether or not there was a
            seat on the day.
    """

    pools: list[LicencePool]
    days: Window
    person: NDArray[np.bytes_]
    pool: Ordinals
    starts: Ordinals
    ends: Ordinals
    before: Ordinals
    activity: Bytes

    def person_ids(self, places: NDArray[np.intp]) -> list[UUID]:
        """The holders at these places."""
        return [UUID(bytes=self.person[place].ljust(16, b"\0")) for place in places]
