"""Statistics as pure functions: no SQL, no clock, no state."""

from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import special

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval and how it was made; `high` None: the data set no upper bound."""

    low: float
    high: float | None
    level: float
    method: str


def wilson(successes: int, trials: int, level: float = LEVEL) -> Interval | None:
    """Wilson score interval of a proportion.

    Args:
        successes: how many of the trials.
        trials: how many independent trials; for us, distinct people.
        level: confidence level.

    Returns:
        The interval within [0, 1]; None for fewer than 2 trials, from which nothing can be said.

    Raises:
        ValueError: unless 0 <= successes <= trials.

    Source: E. B. Wilson (1927), "Probable inference, the law of succession, and statistical
    inference", JASA 22:209-212, without continuity correction.
    """
    if not 0 <= successes <= trials:
        raise ValueError("successes must lie between 0 and trials")
    if trials < 2:
        return None
    z = float(special.ndtri((1 + level) / 2))
    p = successes / trials
    denominator = 1 + z * z / trials
    centre = (p + z * z / (2 * trials)) / denominator
    half = z * sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials)) / denominator
    # At the ends the bound is 0 or 1 exactly; rounding must not put it a hair inside.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return Interval(low, high, level, "wilson")


def ratio_jackknife(
    numerators: NDArray[np.float64], denominators: NDArray[np.float64], level: float = LEVEL
) -> Interval | None:
    """Interval of a ratio of totals over people, leaving out one person at a time.

    Args:
        numerators: shape (k,), a person's part of the numerator.
        denominators: shape (k,), a person's part of the denominator, each above 0.
        level: confidence level.

    Returns:
        R ± t(k-1) * sqrt(v) with v = (k-1)/k * sum of squared deviations of the k leave-one-out ratios
        from their mean; None for fewer than 2 people. People, not days, are the independent units.

    Raises:
        ValueError: shapes differ, or a denominator is not above 0.

    Source: B. Efron and C. Stein (1981), "The jackknife estimate of variance", Annals of Statistics 9:586-596.
    """
    if numerators.shape != denominators.shape or numerators.ndim != 1:
        raise ValueError("numerators and denominators must be vectors of one length")
    if (denominators <= 0).any():
        raise ValueError("every denominator must be above 0")
    k = len(numerators)
    if k < 2:
        return None
    total, weight = numerators.sum(), denominators.sum()
    left_out = (total - numerators) / (weight - denominators)
    variance = (k - 1) / k * float(((left_out - left_out.mean()) ** 2).sum())
    half = float(special.stdtrit(k - 1, (1 + level) / 2)) * sqrt(variance)
    ratio = float(total / weight)
    return Interval(max(0.0, ratio - half), ratio + half, level, "jackknife")


def kaplan_meier_median(
    times: NDArray[np.float64], observed: NDArray[np.bool_], level: float = LEVEL
) -> tuple[float | None, Interval | None]:
    """Median time to an event that some have not seen yet when they are last looked at.

    Args:
        times: shape (k,), each at least 0: time to the event, or to the last look where there was none.
        observed: shape (k,), whether the event was seen. Who is last looked at on the day of another's
            event was at risk of it.
        level: confidence level.

    Returns:
        The first time at which the Kaplan-Meier curve is at or below 0.5, None where it never is; and
        the times between which that is not contradicted, by the log-log transformed Greenwood interval
        (upper end None where the data set no bound; None for fewer than 2 people or no lower end).

    Raises:
        ValueError: shapes differ, or a time is below 0.

    Source: E. L. Kaplan and P. Meier (1958), JASA 53:457-481; R. Brookmeyer and J. Crowley (1982),
    "A confidence interval for the median survival time", Biometrics 38:29-41.
    """
    if times.shape != observed.shape or times.ndim != 1:
        raise ValueError("times and observed must be vectors of one length")
    if (times < 0).any():
        raise ValueError("a time must not lie below 0")
    moments = np.unique(times[observed])
    z = float(special.ndtri((1 + level) / 2))
    curve, greenwood = 1.0, 0.0
    median = low = high = None
    for moment in moments:
        at_risk = int((times >= moment).sum())
        events = int(((times == moment) & observed).sum())
        curve *= (at_risk - events) / at_risk
        lower = upper = 0.0
        if at_risk > events:
            greenwood += events / (at_risk * (at_risk - events))
            error = z * sqrt(greenwood) / abs(log(curve))
            lower, upper = curve ** exp(error), curve ** exp(-error)
        # A product of fractions may miss one half by a rounding error.
        median = float(moment) if median is None and curve <= 0.5 + 1e-12 else median
        low = float(moment) if low is None and lower <= 0.5 else low
        high = float(moment) if high is None and upper <= 0.5 else high
    if len(times) < 2 or low is None:
        return median, None
    return median, Interval(low, high, level, "kaplan_meier_log_log")
