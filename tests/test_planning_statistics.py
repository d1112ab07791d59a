"""What a pilot could tell, exact proportions and agreement, held against other people's code and plain sums."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa as theirs
from statsmodels.stats.proportion import proportion_confint

from app.metrics.statistics.agreement import cohens_kappa
from app.metrics.statistics.planning import (
    Design,
    design_effect,
    least,
    minimum_detectable_change,
    minimum_detectable_effect,
)
from app.metrics.statistics.proportions import clopper_pearson

_SETTINGS = settings(max_examples=200, deadline=None)
_DESIGN = st.builds(
    Design,
    people=st.integers(2, 400),
    before=st.floats(1, 500),
    after=st.floats(1, 500),
    share=st.floats(0.05, 0.95),
    correlation=st.floats(0, 1),
)


@given(
    st.integers(2, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.sampled_from([0.95, 0.8]),
)
@_SETTINGS
def test_clopper_pearson_is_that_of_statsmodels_and_of_scipy(
    case: tuple[int, int], level: float
) -> None:
    successes, trials = case
    found = clopper_pearson(successes, trials, level)
    assert found is not None
    assert found.high is not None
    low, high = proportion_confint(successes, trials, alpha=1 - level, method="beta")
    low, high = (0.0 if successes == 0 else low), (1.0 if successes == trials else high)
    exact = stats.binomtest(successes, trials).proportion_ci(level, method="exact")
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-6)
    assert 0 <= found.low <= successes / trials <= found.high <= 1


def test_clopper_pearson_of_too_few_or_of_what_cannot_be() -> None:
    assert clopper_pearson(1, 1) is None
    assert clopper_pearson(0, 0) is None
    with pytest.raises(ValueError, match="between 0 and trials"):
        clopper_pearson(3, 2)


def test_the_minimum_detectable_change_is_the_formula_of_the_definition() -> None:
    """20 people, 2 samples a week over 10 weeks before and 10 after: m = 20, deff = 2.9, n = 400."""
    found = minimum_detectable_change(Design(20, 20, 20, 0.7, 0.1))
    quantiles = stats.t.ppf(0.975, 19) + stats.norm.ppf(0.8)
    assert found == pytest.approx(quantiles * math.sqrt(2 * 0.7 * 0.3 * 2.9 / 400))
    assert found == pytest.approx(0.161938, abs=1e-6)


@given(_DESIGN, st.sampled_from([0.95, 0.9]), st.sampled_from([0.8, 0.9]))
@_SETTINGS
def test_of_windows_that_differ_each_brings_its_own_variance(
    design: Design, level: float, power: float
) -> None:
    variance = sum(
        design.share * (1 - design.share) * (1 + (m - 1) * design.correlation) / (m * design.people)
        for m in (design.before, design.after)
    )
    quantiles = stats.t.ppf((1 + level) / 2, design.people - 1) + stats.norm.ppf(power)
    expected = min(1.0, quantiles * math.sqrt(variance))
    assert minimum_detectable_change(design, level, power) == pytest.approx(expected)


@given(_DESIGN, _DESIGN)
@_SETTINGS
def test_of_an_effect_the_variances_add_and_the_degrees_are_welch_s(
    treated: Design, untreated: Design
) -> None:
    found = minimum_detectable_effect(treated, untreated)
    both = treated.variance + untreated.variance
    degrees = both**2 / sum(each.variance**2 / (each.people - 1) for each in (treated, untreated))
    quantiles = stats.t.ppf(0.975, degrees) + stats.norm.ppf(0.8)
    assert found == pytest.approx(min(1.0, quantiles * math.sqrt(both)))
    assert found == minimum_detectable_effect(untreated, treated)


@given(_DESIGN, _DESIGN, st.integers(1, 50), st.floats(1, 4))
@_SETTINGS
def test_more_people_or_more_samples_never_show_less(
    design: Design, other: Design, people: int, times: float
) -> None:
    larger = replace(design, people=design.people + people)
    longer = replace(design, before=design.before * times, after=design.after * times)
    alike = replace(design, correlation=design.correlation / 2)
    change = minimum_detectable_change(design)
    effect = minimum_detectable_effect(design, other)
    assert change is not None
    assert effect is not None
    for better in (larger, longer, alike):
        improved = minimum_detectable_change(better)
        assert improved is not None
        assert 0 < improved <= change + 1e-12
    both = minimum_detectable_effect(larger, replace(other, people=other.people + people))
    assert both is not None
    assert both <= effect + 1e-12


@given(_DESIGN)
@_SETTINGS
def test_samples_without_number_still_leave_people_to_differ(design: Design) -> None:
    """The share of admin of a person known exactly, the people are still a sample."""
    assume(design.correlation > 0.01)
    floor = minimum_detectable_change(replace(design, before=1e9, after=1e9))
    quantiles = stats.t.ppf(0.975, design.people - 1) + stats.norm.ppf(0.8)
    between = 2 * design.share * (1 - design.share) * design.correlation / design.people
    assert floor == pytest.approx(min(1.0, quantiles * math.sqrt(between)), rel=1e-5)


def test_a_share_of_all_or_nothing_does_not_vary_and_one_person_shows_nothing() -> None:
    assert minimum_detectable_change(Design(5, 10, 10, 1.0, 0.1)) == 0
    assert minimum_detectable_effect(*[Design(5, 10, 10, 0.0, 0.1)] * 2) == 0
    for people in (0, 1):
        few = Design(people, 10, 10, 0.7, 0.1)
        assert minimum_detectable_change(few) is None
        assert minimum_detectable_effect(few, Design(9, 10, 10, 0.7, 0.1)) is None


@pytest.mark.parametrize(
    "wrong",
    [{"people": -1}, {"before": 0.0}, {"after": math.inf}, {"share": 1.1}, {"correlation": -0.1}],
)
def test_a_design_that_cannot_be_is_a_mistake(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        replace(Design(5, 10, 10, 0.7, 0.1), **wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_the_design_effect_of_textbook_cases() -> None:
    assert design_effect(1, 0.5) == 1
    assert design_effect(20, 0.1) == pytest.approx(2.9)
    assert design_effect(10, 0) == 1
    assert design_effect(10, 1) == 10
    assert design_effect(0.5, 0.1) == 1


@given(st.integers(0, 500), st.integers(0, 400))
def test_the_least_that_is_enough_is_found(most: int, needed: int) -> None:
    assert least(lambda n: n >= needed, most) == (needed if needed <= most else None)


_TABLES = st.integers(2, 5).flatmap(
    lambda c: st.lists(st.lists(st.integers(0, 60), min_size=c, max_size=c), min_size=c, max_size=c)
)


@example([[0, 2], [0, 0]], 0.95)
@given(_TABLES, st.sampled_from([0.95, 0.8]))
@_SETTINGS
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning:statsmodels")
def test_kappa_is_that_of_statsmodels(rows: list[list[int]], level: float) -> None:
    table = np.array(rows)
    assume(table.sum() > 1)
    found = cohens_kappa(table, level)
    shares = table / table.sum()
    chance = float(shares.sum(axis=1) @ shares.sum(axis=0))
    assume(chance < 0.999)
    expected = theirs(table)
    assert found.value == pytest.approx(expected.kappa, abs=1e-9)
    half = stats.norm.ppf((1 + level) / 2) * math.sqrt(max(0.0, expected.var_kappa))
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx(
        (max(-1.0, expected.kappa - half), min(1.0, expected.kappa + half)), abs=1e-6
    )
    assert found.interval.method == "fleiss_cohen_everitt"


def test_agreement_that_leaves_nothing_to_chance_has_no_kappa() -> None:
    assert cohens_kappa(np.array([[7, 0], [0, 0]])).value is None
    assert cohens_kappa(np.array([[5, 0], [0, 5]])).value == 1
    for wrong in ([[1, 2]], [[1, -1], [0, 3]], [[0, 0], [0, 0]]):
        with pytest.raises(ValueError, match="table"):
            cohens_kappa(np.array(wrong))
