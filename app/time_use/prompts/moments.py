"""Which moments a seed draws. Pure: the same seed, person and day give the same moments anywhere.

Each person-day has a stream of random numbers of its own, so that nobody's moments depend on who else is
in the pilot, or on which days are drawn together.
"""

import random
from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID


def days_drawn(
    seed: int, person_id: UUID, first: date, candidates: Collection[date], wanted: int
) -> list[date]:
    """Some of a week's days, all choices equally likely; every one where they are no more than wanted.

    Args:
        seed: of the draw.
        person_id: who is asked.
        first: the week's first day.
        candidates: the days that may be drawn.
        wanted: how many.
    """
    in_order = sorted(candidates)
    if len(in_order) <= wanted:
        return in_order
    return sorted(_stream(seed, person_id, "week", first).sample(in_order, max(0, wanted)))


def moments_drawn(
    seed: int, person_id: UUID, day: date, minutes: Sequence[datetime], wanted: int
) -> list[datetime]:
    """Distinct minutes of a day, all choices equally likely; every one where they are no more than wanted.

    Args:
        seed: of the draw.
        person_id: who is asked.
        day: the local day.
        minutes: the minutes that may be drawn, in order.
        wanted: how many.
    """
    if len(minutes) <= wanted:
        return list(minutes)
    return sorted(_stream(seed, person_id, "day", day).sample(minutes, wanted))


def _stream(seed: int, person_id: UUID, what: str, day: date) -> random.Random:
    return random.Random(f"{seed}/{person_id}/{what}/{day}")  # noqa: S311 - to be repeated, no secret
