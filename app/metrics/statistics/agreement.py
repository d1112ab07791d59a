"""How far two people who sort the same things agree beyond chance."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import special

from app.metrics.statistics.intervals import LEVEL, Interval


@dataclass(frozen=True, slots=True)
class Agreement:
    """Cohen's kappa; None where both put everything into one category, which leaves nothing to chance."""

    value: float | None
    interval: Interval | None


def cohens_kappa(table: NDArray[np.int64], level: float = LEVEL) -> Agreement:
    """Agreement of two raters beyond chance, unweighted.

    Args:
        table: shape (c, c), how many things the first put into the row's category and the second into the
            column's.
        level: confidence level.

    Returns:
        kappa = (observed - expected) / (1 - expected), from -1 to 1, and kappa ± z * standard error within
        these; no interval for fewer than 2 things.

    Raises:
        ValueError: the table is not square, holds a count below 0, or counts nothing.

    Source: J. Cohen (1960), Educational and Psychological Measurement 20:37-46; J. L. Fleiss, J. Cohen and
    B. S. Everitt (1969), "Large sample standard errors of kappa and weighted kappa", Psychological Bulletin
    72:323-327.
    """
    if table.ndim != 2 or table.shape[0] != table.shape[1] or (table < 0).any():
        raise ValueError("the table must be square, of counts of 0 or more")
    things = int(table.sum())
    if things == 0:
        raise ValueError("the table counts nothing")
    shares = table / things
    first, second = shares.sum(axis=1), shares.sum(axis=0)
    observed, expected = float(np.trace(shares)), float(first @ second)
    if 1 - expected < 1e-12:
        return Agreement(None, None)
    kappa = (observed - expected) / (1 - expected)
    if things < 2:
        return Agreement(kappa, None)
    same = np.diag(shares)
    agreed = float((same * (1 - (first + second) * (1 - kappa)) ** 2).sum())
    # Of the pair (i, j): the first said i and the second j; weighted by how often each says the other's.
    crossed = (second[:, None] + first[None, :]) ** 2 * shares
    disagreed = (1 - kappa) ** 2 * float(crossed.sum() - np.trace(crossed))
    chance = (kappa - expected * (1 - kappa)) ** 2
    variance = max(0.0, agreed + disagreed - chance) / (things * (1 - expected) ** 2)
    half = float(special.ndtri((1 + level) / 2)) * sqrt(variance)
    interval = Interval(
        max(-1.0, kappa - half), min(1.0, kappa + half), level, "fleiss_cohen_everitt"
    )
    return Agreement(kappa, interval)
