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
    numerators: NDArray[np.float64],
    denominators: NDArray[np.float64],
    level: float = LEVEL,
    *,
    least: float = 0.0,
) -> Interval | None:
    """Interval of a ratio of totals over people, leaving out one person at a time.

    Args:
        numerators: shape (k,), a person's part of the numerator.
        denominators: shape (k,), a person's part of the denominator, each above 0.
        level: confidence level.
        least: what no such ratio can lie below.

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
    return Interval(max(least, ratio - half), ratio + half, level, "jackknife")


def share_jackknife_logit(
    parts: NDArray[np.float64], wholes: NDArray[np.float64], level: float = LEVEL
) -> Interval | None:
    """Interval of a share of totals over people, leaving out one person at a time, on the logit scale.

    Args:
        parts: shape (k,), a person's part of the numerator, from 0 to its whole.
        wholes: shape (k,), a person's part of the denominator, each above 0.
        level: confidence level.

    Returns:
        logit^-1(L ± t(max(1, k* - 1)) * sqrt(v)), with L the logit of the share, v = (k-1)/k * sum of squared
        deviations of the k leave-one-out logits from their mean, and k* = (sum of wholes)^2 / sum of
        squared wholes, the effective number of people. None for fewer than 2 people, and where the share
        or one of those without a person is 0 or 1: such data bound nothing (`degenerate`).

    Raises:
        ValueError: shapes differ, a whole is not above 0, or a part does not lie within its whole.

    Source: B. Efron and C. Stein (1981), Annals of Statistics 9:586-596, on the logit of the share; the
    degrees of freedom after L. Kish (1965), "Survey Sampling", on unequal weights.
    """
    if parts.shape != wholes.shape or parts.ndim != 1:
        raise ValueError("parts and wholes must be vectors of one length")
    if (wholes <= 0).any() or (parts < 0).any() or (parts > wholes).any():
        raise ValueError("every whole must be above 0, and every part within its whole")
    k = len(parts)
    if k < 2:
        return None
    total, weight = parts.sum(), wholes.sum()
    left_out = (total - parts) / (weight - wholes)
    share = total / weight
    if not 0 < share < 1 or (left_out <= 0).any() or (left_out >= 1).any():
        return None
    logits = special.logit(left_out)
    variance = (k - 1) / k * float(((logits - logits.mean()) ** 2).sum())
    effective = float(weight**2 / (wholes**2).sum())
    reach = float(special.stdtrit(max(1.0, effective - 1), (1 + level) / 2)) * sqrt(variance)
    centre = float(special.logit(share))
    low, high = (float(special.expit(bound)) for bound in (centre - reach, centre + reach))
    return Interval(low, high, level, "jackknife_logit")


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
