"""Shares and their change by drawing people again: a check of the closed formulas that shares none of their steps."""

import numpy as np
from numpy.typing import NDArray

from app.metrics.statistics.intervals import LEVEL, Interval

REPLICATES = 2000
# Drawn and added up while they are in the cache.
_AT_ONCE = 100


def share_bootstrap(
    parts: NDArray[np.float64],
    wholes: NDArray[np.float64],
    level: float = LEVEL,
    *,
    seed: int,
    replicates: int = REPLICATES,
) -> Interval | None:
    """Percentile interval of a share of totals over people, drawing people with replacement.

    Args:
        parts: shape (k,), a person's part of the numerator.
        wholes: shape (k,), a person's part of the denominator, each above 0.
        level: confidence level.
        seed: the same gives the same interval.
        replicates: how often k people are drawn.

    Returns:
        The quantiles of the shares drawn; None for fewer than 2 people. Of few people it is too narrow.

    Raises:
        ValueError: shapes differ, or a whole is not above 0.

    Source: B. Efron (1979), "Bootstrap methods: another look at the jackknife", Annals of Statistics 7:1-26.
    """
    _check(parts, wholes)
    if len(parts) < 2:
        return None
    sums = _resampled(np.column_stack((parts, wholes)), seed, replicates)
    return _percentiles(sums[:, 0] / sums[:, 1], level)


def share_change_bootstrap(
    before: tuple[NDArray[np.float64], NDArray[np.float64]],
    after: tuple[NDArray[np.float64], NDArray[np.float64]],
    level: float = LEVEL,
    *,
    seed: int,
    replicates: int = REPLICATES,
) -> Interval | None:
    """Percentile interval of the change of a share on the same people, drawing people with replacement.

    Args:
        before: parts and wholes, each of shape (k,), in the order of the people; every whole above 0.
        after: the same of the same people, in the same order.
        level: confidence level.
        seed: the same gives the same interval.
        replicates: how often k people are drawn, each with both windows.

    Returns:
        As `share_bootstrap`.

    Raises:
        ValueError: shapes differ, or a whole is not above 0.

    Source: as `share_bootstrap`; of whole people after A. C. Davison and D. V. Hinkley (1997), "Bootstrap
    Methods and their Application", section 3.8.
    """
    _check(*before)
    _check(*after)
    if len(before[0]) != len(after[0]):
        raise ValueError("before and after must be of the same people")
    if len(before[0]) < 2:
        return None
    sums = _resampled(np.column_stack((*before, *after)), seed, replicates)
    return _percentiles(sums[:, 2] / sums[:, 3] - sums[:, 0] / sums[:, 1], level)


def _check(parts: NDArray[np.float64], wholes: NDArray[np.float64]) -> None:
    if parts.shape != wholes.shape or parts.ndim != 1:
        raise ValueError("parts and wholes must be vectors of one length")
    if (wholes <= 0).any():
        raise ValueError("every whole must be above 0")


def _resampled(people: NDArray[np.float64], seed: int, replicates: int) -> NDArray[np.float64]:
    """Sums over k people drawn from rows of shape (k, columns): shape (replicates, columns)."""
    k = len(people)
    random = np.random.default_rng(seed)
    sums = np.empty((replicates, people.shape[1]))
    for first in range(0, replicates, _AT_ONCE):
        rows = min(_AT_ONCE, replicates - first)
        drawn = random.integers(0, k, size=(rows, k)) + k * np.arange(rows)[:, None]
        times = np.bincount(drawn.ravel(), minlength=rows * k).reshape(rows, k)
        sums[first : first + rows] = times.astype(np.float64) @ people
    return sums


def _percentiles(values: NDArray[np.float64], level: float) -> Interval:
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), level, "bootstrap_percentile")
