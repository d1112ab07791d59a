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
    return ratios_jackknife(numerators[None], denominators[None], level, least=least)[0]


def ratios_jackknife(
    numerators: NDArray[np.float64],
    denominators: NDArray[np.float64],
    level: float = LEVEL,
    *,
    least: float = 0.0,
) -> list[Interval | None]:
    """`ratio_jackknife` of several ratios over the same people at once: a page has a hundred of them.

    Args:
        numerators: shape (n, k), a row for each ratio; 0 where the denominator is.
        denominators: the same shape; 0: the person is not in this ratio.
        level: confidence level.
        least: what no such ratio can lie below.
    """
    k = (denominators > 0).sum(axis=1)
    total, weight = numerators.sum(axis=1), denominators.sum(axis=1)
    # Of fewer than two there is nothing without one: those rows are left out at the end.
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = total / weight
        left_out = (total[:, None] - numerators) / (weight[:, None] - denominators)
        variance = _variance(left_out - ratio[:, None], k)
        half = special.stdtrit(k - 1, (1 + level) / 2) * np.sqrt(variance)
    bounds = ((ratio - half).tolist(), (ratio + half).tolist(), (k > 1).tolist())
    return [
        Interval(max(least, low), high, level, "jackknife") if is_known else None
        for low, high, is_known in zip(*bounds, strict=True)
    ]


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
    _check(parts, wholes)
    return shares_jackknife_logit(parts[None], wholes[None], level, method=method)[0]


def shares_jackknife_logit(
    parts: NDArray[np.float64],
    wholes: NDArray[np.float64],
    level: float = LEVEL,
    *,
    method: ShareMethod = "jackknife_logit",
) -> list[Interval | None]:
    """`share_jackknife_logit` of several shares over the same people at once.

    Args:
        parts: shape (n, k), a row for each share, each from 0 to its whole.
        wholes: the same shape; 0: the person is not in this share.
        level: confidence level.
        method: as for one.

    Raises:
        ValueError: a part does not lie within its whole.
    """
    others = wholes - parts
    if (parts < 0).any() or (others < 0).any():
        raise ValueError("every part must lie within its whole")
    k, rest = (wholes > 0).sum(axis=1), others.sum(axis=1)
    total, weight = parts.sum(axis=1), wholes.sum(axis=1)
    # Counted, as the sums may miss 0 and 1 in the last place: without whoever alone has some, there is none.
    is_bound = ((parts > 0).sum(axis=1) > 1) & ((others > 0).sum(axis=1) > 1)
    # The other rows are computed as well, to nothing, and left out at the end.
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = np.log(total / rest)
        left_out = np.log((total[:, None] - parts) / (rest[:, None] - others))
        shrunk = 1.0 if method == "jackknife_logit" else k / (k - 1)
        variance = shrunk * _variance(left_out - centre[:, None], k)
        effective = weight**2 / np.einsum("nk,nk->n", wholes, wholes)
        degrees = np.maximum(1.0, effective - 1)
        reach = special.stdtrit(degrees, (1 + level) / 2) * np.sqrt(variance)
    low, high = special.expit(centre - reach).tolist(), special.expit(centre + reach).tolist()
    bounds = (low, high, is_bound.tolist())
    return [
        Interval(least, most, level, method) if is_known else None
        for least, most, is_known in zip(*bounds, strict=True)
    ]


def _check(numerators: NDArray[np.float64], denominators: NDArray[np.float64]) -> None:
    if numerators.shape != denominators.shape or numerators.ndim != 1:
        raise ValueError("numerators and denominators must be vectors of one length")
    if len(denominators) and denominators.min() <= 0:
        raise ValueError("every denominator must be above 0")


def _variance(deviations: NDArray[np.float64], k: NDArray[np.int64]) -> NDArray[np.float64]:
    """Shape (n,): (k-1)/k * sum of squared deviations from their mean of what each row has without one of k people.

    `deviations` are those from what the row has of all: whoever is not among the k makes no difference to it, and
    has 0.
    """
    squares, total = np.einsum("nk,nk->n", deviations, deviations), deviations.sum(axis=1)
    # The mean is next to nothing: to take it off the sum loses no digit, and below 0 the last one at most.
    found: NDArray[np.float64] = (k - 1) / k * np.maximum(0.0, squares - total**2 / k)
    return found
