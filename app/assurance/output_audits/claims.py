"""How many outputs must be audited to say that errors are rarer than a rate. Pure."""

from decimal import Decimal
from fractions import Fraction
from math import ceil, log
from typing import Final

from app.metrics.statistics.proportions import clopper_pearson

# The chance that is left to be wrong: the claim is made with 95 % confidence.
_RISK: Final = Fraction(1, 20)


def needed_outputs(below: float) -> int:
    """The fewest outputs which, with no error found in them, show that errors are rarer than `below`.

    Args:
        below: the claimed rate, a decimal number within (0, 1).

    Returns:
        The smallest n with 1 - 0.05^(1/n) < below: 29 for 0.1, 59 for 0.05, 299 for 0.01. Compared as
        (1 - below)^n < 0.05 in whole numbers, so that no rounding decides.

    Raises:
        ValueError: unless 0 < below < 1.

    Source: C. J. Clopper and E. S. Pearson (1934), Biometrika 26:404-413, one-sided and without successes; for
    its rule of three, J. A. Hanley and A. Lippman-Hand (1983), JAMA 249:1743-1745.
    """
    if not 0 < below < 1:
        raise ValueError("a claimed rate lies between 0 and 1")
    right = 1 - Fraction(Decimal(repr(below)))
    wanted = max(1, ceil(log(_RISK) / log(right)) - 1)
    while right**wanted >= _RISK:
        wanted += 1
    return wanted


def upper_bound(errors: int, outputs: int) -> float | None:
    """The one-sided exact 95 % bound of an error rate; None for no outputs.

    Source: as `needed_outputs`; the upper end of the two-sided interval of 90 %.
    """
    if outputs == 0:
        return None
    if outputs == 1:
        return 1.0 if errors else float(1 - _RISK)
    interval = clopper_pearson(errors, outputs, level=float(1 - 2 * _RISK))
    return None if interval is None else interval.high
