"""How a share changed: on the same people before and after, and against those who had no tool."""

from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import special

from app.metrics.statistics.intervals import LEVEL, Interval


@dataclass(frozen=True, slots=True)
class Change:
    """A change with its variance and the degrees of freedom of that; no interval: not estimable."""

    value: float
    variance: float | None
    degrees: float | None
    interval: Interval | None


def paired_share_change(
    before: tuple[NDArray[np.float64], NDArray[np.float64]],
    after: tuple[NDArray[np.float64], NDArray[np.float64]],
    level: float = LEVEL,
) -> Change:
    """Change of a share of totals on the same people, leaving out one person at a time.

    Args:
        before: parts and wholes, each of shape (k,), in the order of the people; every whole above 0.
        after: the same of the same people, in the same order.
        level: confidence level.

    Returns:
        d = p1 - p0, and d ± t(k-1) * sqrt(v) with v = (k-1)/k * sum of squared deviations of the k
        leave-one-out changes from their mean; no interval for fewer than 2 people.

    Raises:
        ValueError: there is nobody, shapes differ, or a whole is not above 0.

    Source: B. Efron and C. Stein (1981), "The jackknife estimate of variance", Annals of Statistics 9:586-596.
    """
    shapes = {values.shape for values in (*before, *after)}
    k = len(before[0])
    if shapes != {(k,)} or k == 0:
        raise ValueError("parts and wholes must be vectors of one length, of one person at least")
    if any((wholes <= 0).any() for _, wholes in (before, after)):
        raise ValueError("every whole must be above 0")
    change = _share(*after) - _share(*before)
    if k < 2:
        return Change(change, None, None, None)
    left_out = _without_each(*after) - _without_each(*before)
    variance = (k - 1) / k * float(((left_out - left_out.mean()) ** 2).sum())
    return Change(change, variance, k - 1, _interval(change, variance, k - 1, level, "jackknife"))


def difference_of_changes(treated: Change, untreated: Change, level: float = LEVEL) -> Change:
    """Difference in differences: the change of one group less that of another.

    Args:
        treated: the change of those who had the tool.
        untreated: the change of other people, who had not.
        level: confidence level.

    Returns:
        The variances add; degrees of freedom by Welch and Satterthwaite. No interval where either has none.

    Source: B. L. Welch (1947), "The generalization of Student's problem when several different population
    variances are involved", Biometrika 34:28-35; F. E. Satterthwaite (1946), Biometrics Bulletin 2:110-114.
    """
    value = treated.value - untreated.value
    if treated.variance is None or untreated.variance is None:
        return Change(value, None, None, None)
    variance = treated.variance + untreated.variance
    # Two groups in which everybody changed alike: nothing varies, and nothing limits how surely.
    spread = sum(
        each.variance**2 / each.degrees
        for each in (treated, untreated)
        if each.variance is not None and each.degrees is not None
    )
    degrees = variance**2 / spread if spread > 0 else inf
    return Change(
        value, variance, degrees, _interval(value, variance, degrees, level, "welch_satterthwaite")
    )


def _share(parts: NDArray[np.float64], wholes: NDArray[np.float64]) -> float:
    return float(parts.sum() / wholes.sum())


def _without_each(parts: NDArray[np.float64], wholes: NDArray[np.float64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = (parts.sum() - parts) / (wholes.sum() - wholes)
    return shares


def _interval(value: float, variance: float, degrees: float, level: float, method: str) -> Interval:
    half = 0.0
    if variance > 0:
        half = float(special.stdtrit(degrees, (1 + level) / 2)) * sqrt(variance)
    return Interval(max(-1.0, value - half), min(1.0, value + half), level, method)
