"""Means and medians of values that people gave."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import special

from app.metrics.statistics.intervals import LEVEL, Interval


def mean_t(values: NDArray[np.float64], level: float = LEVEL) -> Interval | None:
    """Interval of a mean of independent values.

    Args:
        values: shape (k,), one a person.
        level: confidence level.

    Returns:
        mean ± t(k-1) * s / sqrt(k); None for fewer than 2 people.

    Source: Student (1908), "The probable error of a mean", Biometrika 6:1-25.
    """
    k = len(values)
    if k < 2:
        return None
    half = float(special.stdtrit(k - 1, (1 + level) / 2)) * float(values.std(ddof=1)) / sqrt(k)
    mean = float(values.mean())
    return Interval(mean - half, mean + half, level, "t")


def median_woodruff(
    values: NDArray[np.float64], people: NDArray[np.intp], level: float = LEVEL
) -> Interval | None:
    """Interval of a median of values of which a person may have given several.

    Args:
        values: shape (n,).
        people: shape (n,), whose each is: numbers from 0 to k - 1.
        level: confidence level.

    Returns:
        The quantiles of the values at 1/2 ± t(k-1) * sqrt(v), with v the leave-one-person-out variance of the
        share of values at or below the median. None for fewer than 2 people, and where the data are too
        few for that to lie within them.

    Raises:
        ValueError: shapes differ.

    Source: R. S. Woodruff (1952), "Confidence intervals for medians and other position measures", JASA
    47:635-646.
    """
    if values.shape != people.shape or values.ndim != 1:
        raise ValueError("values and people must be vectors of one length")
    k = int(people.max()) + 1 if people.size else 0
    if k < 2:
        return None
    below = np.bincount(people, weights=values <= np.median(values), minlength=k)
    counts = np.bincount(people, minlength=k).astype(np.float64)
    left_out = (below.sum() - below) / (counts.sum() - counts)
    # The share at a median is about a half by definition; its spread is that of the people about it.
    variance = (k - 1) / k * float(((left_out - left_out.mean()) ** 2).sum())
    half = float(special.stdtrit(k - 1, (1 + level) / 2)) * sqrt(variance)
    if half >= 0.5:
        return None
    low, high = np.quantile(values, [0.5 - half, 0.5 + half], method="inverted_cdf")
    return Interval(float(low), float(high), level, "woodruff")
