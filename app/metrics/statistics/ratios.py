"""Ratios of totals over people, of whom each brings a part of both: people are the independent units."""

from collections.abc import Sequence
from math import sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from app.metrics.statistics.intervals import LEVEL, Interval

ShareMethod = Literal["jackknife_logit", "jackknife_logit_hc3"]


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
    _check(numerators, denominators)
    k = len(numerators)
    if k < 2:
        return None
    total, weight = numerators.sum(), denominators.sum()
    left_out = (total - numerators) / (weight - denominators)
    variance = (k - 1) / k * _squared_deviations(left_out)
    half = float(special.stdtrit(k - 1, (1 + level) / 2)) * sqrt(variance)
    ratio = float(total / weight)
    return Interval(max(least, ratio - half), ratio + half, level, "jackknife")


def combined_ratios_jackknife(
    terms: Sequence[tuple[float, NDArray[np.float64], NDArray[np.float64]]],
    level: float = LEVEL,
) -> Interval | None:
    """Interval of a sum of ratios of totals over people who may be in some of them or in all.

    Args:
        terms: a factor, and each person's part of a numerator and of a denominator, shape (k,); all in the
            order of the same people. A denominator of 0: the person is not in this term.
        level: confidence level.

    Returns:
        C ± t(m-1) * sqrt(v), with C the sum of factor * ratio, v = (k-1)/k * sum of squared deviations of
        the k values without one person, who is left out of every term at once, from their mean, and m the
        people in the term that has fewest. None where a term has fewer than 2 people.

    Raises:
        ValueError: there is no term, shapes differ, or a denominator is below 0.

    Source: B. Efron and C. Stein (1981), "The jackknife estimate of variance", Annals of Statistics 9:586-596.
    The same people are in several terms, so their variances are not added up.
    """
    shapes = {values.shape for _, *both in terms for values in both}
    if len(shapes) != 1 or len(shape := next(iter(shapes))) != 1:
        raise ValueError("numerators and denominators must be vectors of one length")
    if any((wholes < 0).any() for _, _, wholes in terms):
        raise ValueError("no denominator may be below 0")
    fewest = min(int((wholes > 0).sum()) for _, _, wholes in terms)
    if fewest < 2:
        return None
    value, without = 0.0, np.zeros(shape)
    for factor, parts, wholes in terms:
        value += factor * float(parts.sum() / wholes.sum())
        without += factor * (parts.sum() - parts) / (wholes.sum() - wholes)
    k = len(without)
    variance = (k - 1) / k * float(((without - without.mean()) ** 2).sum())
    half = float(special.stdtrit(fewest - 1, (1 + level) / 2)) * sqrt(variance)
    return Interval(value - half, value + half, level, "jackknife")


def ratio_linearised(
    numerators: NDArray[np.float64], denominators: NDArray[np.float64], level: float = LEVEL
) -> Interval | None:
    """Interval of a ratio of totals over people by its tangent: the textbook's, and a check of the others.

    Args:
        numerators: shape (k,), a person's part of the numerator.
        denominators: shape (k,), a person's part of the denominator, each above 0.
        level: confidence level.

    Returns:
        R ± t(k-1) * sqrt(v) with v = k/(k-1) * sum of (numerator - R * denominator)^2 / (sum of denominators)^2;
        None for fewer than 2 people. Of few people, or a share near 0 or 1, it is too narrow.

    Raises:
        ValueError: shapes differ, or a denominator is not above 0.

    Source: W. G. Cochran (1977), "Sampling Techniques", 3rd edition, section 6.4.
    """
    _check(numerators, denominators)
    k = len(numerators)
    if k < 2:
        return None
    weight = float(denominators.sum())
    ratio = float(numerators.sum()) / weight
    residuals = numerators - ratio * denominators
    variance = k / (k - 1) * float((residuals**2).sum()) / weight**2
    half = float(special.stdtrit(k - 1, (1 + level) / 2)) * sqrt(variance)
    return Interval(ratio - half, ratio + half, level, "linearised")


def share_jackknife_logit(
    parts: NDArray[np.float64],
    wholes: NDArray[np.float64],
    level: float = LEVEL,
    *,
    method: ShareMethod = "jackknife_logit",
) -> Interval | None:
    """Interval of a share of totals over people, leaving out one person at a time, on the logit scale.

    Args:
        parts: shape (k,), a person's part of the numerator, from 0 to its whole.
        wholes: shape (k,), a person's part of the denominator, each above 0.
        level: confidence level.
        method: `jackknife_logit`, or `jackknife_logit_hc3`, which leaves the factor (k-1)/k out and so is
            wider by a root of k/(k-1).

    Returns:
        logit^-1(L ± t(max(1, k* - 1)) * sqrt(v)), with L the logit of the share, v = (k-1)/k * sum of squared
        deviations of the k leave-one-out logits from their mean, and k* = (sum of wholes)^2 / sum of
        squared wholes, the effective number of people. None for fewer than 2 people, and where the share
        or one of those without a person is 0 or 1: such data bound nothing (`degenerate`).

    Raises:
        ValueError: shapes differ, a whole is not above 0, or a part does not lie within its whole.

    Source: B. Efron and C. Stein (1981), Annals of Statistics 9:586-596, on the logit of the share; the
    degrees of freedom after L. Kish (1965), "Survey Sampling", on unequal weights; without the factor, J. G.
    MacKinnon and H. White (1985), Journal of Econometrics 29:305-325.
    """
    if parts.shape != wholes.shape or parts.ndim != 1:
        raise ValueError("parts and wholes must be vectors of one length")
    k = len(parts)
    if k and (wholes.min() <= 0 or parts.min() < 0 or (wholes - parts).min() < 0):
        raise ValueError("every whole must be above 0, and every part within its whole")
    if k < 2:
        return None
    total, weight = parts.sum(), wholes.sum()
    left_out = (total - parts) / (weight - wholes)
    # Counted, as the sums may miss 0 and 1 in the last place: without whoever alone has some, there is none.
    if min(np.count_nonzero(parts), np.count_nonzero(parts < wholes)) < 2:
        return None
    share = total / weight
    logits = special.logit(left_out)
    shrunk = (k - 1) / k if method == "jackknife_logit" else 1.0
    variance = shrunk * _squared_deviations(logits)
    effective = float(weight**2 / (wholes @ wholes))
    reach = float(special.stdtrit(max(1.0, effective - 1), (1 + level) / 2)) * sqrt(variance)
    centre = float(special.logit(share))
    low, high = (float(special.expit(bound)) for bound in (centre - reach, centre + reach))
    return Interval(low, high, level, method)


def _check(numerators: NDArray[np.float64], denominators: NDArray[np.float64]) -> None:
    if numerators.shape != denominators.shape or numerators.ndim != 1:
        raise ValueError("numerators and denominators must be vectors of one length")
    if len(denominators) and denominators.min() <= 0:
        raise ValueError("every denominator must be above 0")


def _squared_deviations(values: NDArray[np.float64]) -> float:
    """The sum of squared deviations from the mean. A page has a hundred intervals: each step counts."""
    deviations = values - values.sum() / len(values)
    return float(deviations @ deviations)
