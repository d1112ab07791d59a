"""Proportions of independent trials; for us, of distinct people."""

from math import sqrt

from scipy import special

from app.metrics.statistics.intervals import LEVEL, Interval


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


def clopper_pearson(successes: int, trials: int, level: float = LEVEL) -> Interval | None:
    """Clopper-Pearson interval of a proportion: its coverage is never below the level, and mostly well above.

    Args:
        successes: how many of the trials.
        trials: how many independent trials; for us, distinct people.
        level: confidence level.

    Returns:
        The proportions under which neither as few nor as many successes would be less probable than
        (1 - level) / 2; None for fewer than 2 trials.

    Raises:
        ValueError: unless 0 <= successes <= trials.

    Source: C. J. Clopper and E. S. Pearson (1934), "The use of confidence or fiducial limits illustrated in
    the case of the binomial", Biometrika 26:404-413, by quantiles of the beta distribution.
    """
    if not 0 <= successes <= trials:
        raise ValueError("successes must lie between 0 and trials")
    if trials < 2:
        return None
    tail, failures = (1 - level) / 2, trials - successes
    low = float(special.betaincinv(successes, failures + 1, tail)) if successes else 0.0
    high = float(special.betaincinv(successes + 1, failures, 1 - tail)) if failures else 1.0
    return Interval(low, high, level, "clopper_pearson")
