"""The statistics, held against other people's code and against plain loops."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from app.metrics.statistics.averages import mean_t, median_woodruff
from app.metrics.statistics.intervals import Interval
from app.metrics.statistics.proportions import wilson
from app.metrics.statistics.ratios import ratio_jackknife

_SETTINGS = settings(max_examples=200, deadline=None)


@given(st.integers(2, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@_SETTINGS
def test_wilson_is_that_of_statsmodels(case: tuple[int, int]) -> None:
    successes, trials = case
    interval = wilson(successes, trials)
    assert interval is not None
    low, high = proportion_confint(successes, trials, alpha=0.05, method="wilson")
    assert interval.low == pytest.approx(low, abs=1e-9)
    assert interval.high == pytest.approx(high, abs=1e-9)
    assert 0 <= interval.low <= successes / trials <= interval.high <= 1
    assert (interval.level, interval.method) == (0.95, "wilson")


@given(st.integers(0, 40), st.sampled_from([0.5, 0.8, 0.9, 0.99]))
@_SETTINGS
def test_wilson_takes_other_levels(successes: int, level: float) -> None:
    interval = wilson(successes, 40, level)
    assert interval is not None
    low, high = proportion_confint(successes, 40, alpha=1 - level, method="wilson")
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-9)
    assert interval.level == level


def test_wilson_of_a_textbook_case() -> None:
    """Newcombe (1998), Statistics in Medicine 17:857-872, table I, method 3: 81 of 263."""
    interval = wilson(81, 263)
    assert interval is not None
    assert (round(interval.low, 4), round(interval.high, 4)) == (0.2553, 0.3662)


@pytest.mark.parametrize("trials", [2, 3, 7, 10, 49, 1000])
def test_the_ends_are_exact_where_nobody_or_everybody_did(trials: int) -> None:
    z2 = stats.norm.ppf(0.975) ** 2
    nobody, everybody = wilson(0, trials), wilson(trials, trials)
    assert nobody is not None
    assert everybody is not None
    assert nobody.low == 0.0
    assert nobody.high == pytest.approx(z2 / (trials + z2))
    assert everybody.high == 1.0
    assert everybody.low == pytest.approx(trials / (trials + z2))


def test_of_fewer_than_two_nothing_can_be_said() -> None:
    assert wilson(0, 0) is None
    assert wilson(0, 1) is None
    assert wilson(1, 1) is None


@pytest.mark.parametrize(("successes", "trials"), [(-1, 5), (6, 5), (1, 0), (0, -1), (-2, -1)])
def test_more_successes_than_trials_is_a_mistake(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="between 0 and trials"):
        wilson(successes, trials)


def plain_jackknife(parts: list[tuple[float, float]], level: float) -> tuple[float, float]:
    """The interval as a book has it: one loop a sum, none of them shared."""
    k = len(parts)
    estimates = []
    for left_out in range(k):
        top = bottom = 0.0
        for person, (numerator, denominator) in enumerate(parts):
            if person != left_out:
                top += numerator
                bottom += denominator
        estimates.append(top / bottom)
    mean = sum(estimates) / k
    variance = (k - 1) / k * sum((estimate - mean) ** 2 for estimate in estimates)
    ratio = sum(part[0] for part in parts) / sum(part[1] for part in parts)
    half = stats.t.ppf((1 + level) / 2, k - 1) * math.sqrt(variance)
    return ratio - half, ratio + half


_PART = st.tuples(st.floats(0, 100), st.floats(0.5, 50))


@given(st.lists(_PART, min_size=2, max_size=30), st.sampled_from([0.95, 0.8]))
@_SETTINGS
def test_the_jackknife_is_that_of_a_plain_loop(
    parts: list[tuple[float, float]], level: float
) -> None:
    interval = ratio_jackknife(
        np.array([part[0] for part in parts]), np.array([part[1] for part in parts]), level
    )
    assert interval is not None
    low, high = plain_jackknife(parts, level)
    assert interval.low == pytest.approx(max(0.0, low), rel=1e-7, abs=1e-7)
    assert interval.high == pytest.approx(high, rel=1e-7, abs=1e-7)
    assert (interval.level, interval.method) == (level, "jackknife")


def test_the_jackknife_of_a_case_worked_by_hand() -> None:
    # Leaving out each in turn: 10/3, 8/3 and 6/2; mean 3; v = 2/3 * (1/9 + 1/9); t(2) = 4.302653.
    interval = ratio_jackknife(np.array([2.0, 4.0, 6.0]), np.array([1.0, 1.0, 2.0]))
    assert interval is not None
    half = 4.302652729911275 * math.sqrt(2 / 3 * 2 / 9)
    assert (interval.low, interval.high) == pytest.approx((3 - half, 3 + half))


def test_people_who_all_did_the_same_leave_no_width() -> None:
    interval = ratio_jackknife(np.array([3.0, 6.0]), np.array([1.0, 2.0]))
    assert interval == Interval(3.0, 3.0, 0.95, "jackknife")


def test_the_jackknife_never_falls_below_nothing() -> None:
    interval = ratio_jackknife(np.array([0.0, 5.0]), np.array([5.0, 1.0]))
    assert interval is not None
    assert interval.low == 0.0


@pytest.mark.parametrize("people", [0, 1])
def test_one_person_has_no_jackknife(people: int) -> None:
    assert ratio_jackknife(np.ones(people), np.ones(people)) is None


@pytest.mark.parametrize(
    ("numerators", "denominators"),
    [([1.0, 2.0], [1.0]), ([[1.0]], [[1.0]]), ([1.0, 2.0], [1.0, 0.0]), ([1.0], [-1.0])],
)
def test_the_jackknife_refuses_what_is_no_ratio(
    numerators: list[float], denominators: list[float]
) -> None:
    with pytest.raises(ValueError, match="denominator"):
        ratio_jackknife(np.array(numerators), np.array(denominators))


@given(st.lists(st.floats(-500, 500), min_size=2, max_size=40), st.sampled_from([0.95, 0.8]))
@_SETTINGS
def test_a_mean_is_that_of_scipy(values: list[float], level: float) -> None:
    found = mean_t(np.array(values), level)
    assert found is not None
    spread = stats.sem(values)
    theirs = stats.t.interval(level, len(values) - 1, np.mean(values), spread or 1e-300)
    assert (found.low, found.high) == pytest.approx(theirs, rel=1e-9, abs=1e-7)


def plain_woodruff(answers: list[list[float]]) -> tuple[float, float] | None:
    """As the book has it: the spread of the share at or below the median, read back off the values."""
    every = sorted(value for person in answers for value in person)
    middle = stats.scoreatpercentile(every, 50)
    k = len(answers)
    shares = []
    for left_out in range(k):
        others = [v for n, person in enumerate(answers) if n != left_out for v in person]
        shares.append(sum(value <= middle for value in others) / len(others))
    mean = sum(shares) / k
    half = stats.t.ppf(0.975, k - 1) * math.sqrt((k - 1) / k * sum((s - mean) ** 2 for s in shares))
    if half >= 0.5:
        return None
    # The smallest value with at least so great a share of the values at or below it.
    low, high = (
        next(v for n, v in enumerate(every, 1) if n / len(every) >= at - 1e-12)
        for at in (0.5 - half, 0.5 + half)
    )
    return low, high


@given(
    st.lists(
        st.lists(st.integers(-60, 120).map(float), min_size=1, max_size=5), min_size=2, max_size=20
    )
)
@_SETTINGS
def test_the_interval_of_a_median_is_that_of_a_plain_loop(answers: list[list[float]]) -> None:
    people = np.repeat(np.arange(len(answers)), [len(person) for person in answers])
    values = np.array([value for person in answers for value in person])
    found = median_woodruff(values, people)
    expected = plain_woodruff(answers)
    assert (None if found is None else (found.low, found.high)) == expected
