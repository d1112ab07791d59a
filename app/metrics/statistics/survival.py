"""Times to an event that some have not seen yet."""

from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import special

from app.metrics.statistics.intervals import LEVEL, Interval


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
