"""Shares of totals and their changes, held against other people's code, against plain loops and among themselves."""

import json
import math
from collections import defaultdict
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from statsmodels.regression.linear_model import WLS

from app.metrics.statistics.bootstraps import share_bootstrap, share_change_bootstrap
from app.metrics.statistics.changes import difference_of_changes, paired_share_change
from app.metrics.statistics.intervals import Interval
from app.metrics.statistics.ratios import (
    ratio_jackknife,
    ratio_linearised,
    ratios_jackknife,
    share_jackknife_logit,
    shares_jackknife_logit,
)

Floats = NDArray[np.float64]
Sums = tuple[Floats, Floats]
_SETTINGS = settings(max_examples=100, deadline=None)
LONDON = ZoneInfo("Europe/London")
EXAMPLE = Path(__file__).resolve().parents[2] / "shared" / "examples" / "time_use.json"

# A person's whole, and how much of it is the part.
_PERSON = st.tuples(st.floats(1, 500), st.floats(0.02, 0.98))
_PEOPLE = st.lists(_PERSON, min_size=2, max_size=25)
_BOTH = st.lists(st.tuples(_PERSON, _PERSON), min_size=2, max_size=25)


def sums(people: list[tuple[float, float]]) -> Sums:
    wholes = np.array([whole for whole, _ in people])
    return wholes * np.array([share for _, share in people]), wholes


def windows(people: list[tuple[tuple[float, float], tuple[float, float]]]) -> tuple[Sums, Sums]:
    return sums([before for before, _ in people]), sums([after for _, after in people])


def ends(interval: Interval | None) -> tuple[float, float]:
    assert interval is not None
    assert interval.high is not None
    return interval.low, interval.high


def changed(before: Sums, after: Sums) -> tuple[float, float, float]:
    found = paired_share_change(before, after)
    return found.value, *ends(found.interval)


def plain_logit(parts: list[float], wholes: list[float], *, is_hc3: bool) -> tuple[float, float]:
    """As metrics.md writes it: one loop a sum, none of them shared."""
    k = len(parts)
    whole = sum(wholes)
    logits = []
    for i in range(k):
        part = sum(parts[j] for j in range(k) if j != i) / sum(
            wholes[j] for j in range(k) if j != i
        )
        logits.append(math.log(part / (1 - part)))
    mean = sum(logits) / k
    variance = sum((each - mean) ** 2 for each in logits) * (1 if is_hc3 else (k - 1) / k)
    effective = whole**2 / sum(each**2 for each in wholes)
    share = sum(parts) / whole
    centre = math.log(share / (1 - share))
    reach = stats.t.ppf(0.975, max(1, effective - 1)) * math.sqrt(variance)
    low, high = (1 / (1 + math.exp(-bound)) for bound in (centre - reach, centre + reach))
    return low, high


@given(_PEOPLE)
@_SETTINGS
def test_the_interval_of_a_share_is_that_of_a_plain_loop(people: list[tuple[float, float]]) -> None:
    parts, wholes = sums(people)
    for method, is_hc3 in (("jackknife_logit", False), ("jackknife_logit_hc3", True)):
        found = share_jackknife_logit(parts, wholes, method=method)  # type: ignore[arg-type]  # a literal, in a loop
        assert ends(found) == pytest.approx(
            plain_logit(list(parts), list(wholes), is_hc3=is_hc3), abs=1e-7
        )
        assert found is not None
        assert found.method == method


@given(_PEOPLE)
@_SETTINGS
def test_the_linearised_interval_is_the_robust_one_of_statsmodels(
    people: list[tuple[float, float]],
) -> None:
    """A ratio of totals is the weighted mean of people's ratios; its error heteroscedastic (HC1)."""
    parts, wholes = sums(people)
    fitted = WLS(parts / wholes, np.ones(len(people)), weights=wholes).fit(
        cov_type="HC1", use_t=True
    )
    low, high = fitted.conf_int()[0]
    assert ends(ratio_linearised(parts, wholes)) == pytest.approx((low, high), abs=1e-9)


@given(st.lists(st.tuples(st.floats(-0.4, 0.4), st.floats(0.4, 0.6)), min_size=3, max_size=40))
@_SETTINGS
def test_of_equal_amounts_the_change_is_the_paired_t_test_and_the_effect_welch_s(
    people: list[tuple[float, float]],
) -> None:
    """Where everybody brings the same, a share of totals is a mean: scipy knows its intervals."""
    ones = np.ones(len(people))
    moved, start = (np.array([person[n] for person in people]) for n in (0, 1))
    end = start + moved
    if np.ptp(moved) < 1e-6:
        return
    value, *bounds = changed((start, ones), (end, ones))
    theirs = stats.ttest_1samp(end - start, 0).confidence_interval(0.95)
    assert value == pytest.approx(float(np.mean(end - start)), abs=1e-12)
    assert bounds == pytest.approx([max(-1, theirs.low), min(1, theirs.high)], abs=1e-9)
    # The same people, and fewer of them, as the arm without the tool: of another size and spread.
    fewer = slice(0, max(2, len(people) // 2))
    if np.ptp(moved[fewer]) < 1e-6:
        return
    other = paired_share_change((end[fewer], ones[fewer]), ((end - moved / 2)[fewer], ones[fewer]))
    effect = difference_of_changes(paired_share_change((start, ones), (end, ones)), other)
    welch = stats.ttest_ind(moved, -moved[fewer] / 2, equal_var=False)
    assert effect.degrees == pytest.approx(float(welch.df))
    found = welch.confidence_interval(0.95)
    assert ends(effect.interval) == pytest.approx(
        (max(-1, found.low), min(1, found.high)), abs=1e-9
    )


@given(_BOTH, st.floats(0.01, 60), st.randoms(use_true_random=False))
@_SETTINGS
def test_neither_the_unit_nor_the_order_of_people_matters(
    people: list[tuple[tuple[float, float], tuple[float, float]]], unit: float, random: Any
) -> None:
    before, after = windows(people)
    scaled = tuple((parts * unit, wholes * unit) for parts, wholes in (before, after))
    shuffled = windows(random.sample(people, len(people)))
    for other in (scaled, shuffled):
        assert changed(*other) == pytest.approx(changed(before, after), abs=1e-6)
        for interval in (share_jackknife_logit, ratio_linearised):
            assert ends(interval(*other[0])) == pytest.approx(ends(interval(*before)), abs=1e-6)


@given(_BOTH)
@_SETTINGS
def test_intervals_hold_their_figure_and_stay_within_what_can_be(
    people: list[tuple[tuple[float, float], tuple[float, float]]],
) -> None:
    before, after = windows(people)
    share = float(before[0].sum() / before[1].sum())
    low, high = ends(share_jackknife_logit(*before))
    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1
    wider = ends(share_jackknife_logit(*before, method="jackknife_logit_hc3"))
    assert wider[0] <= low + 1e-12
    assert wider[1] >= high - 1e-12
    sure = ends(share_jackknife_logit(*before, 0.8))
    assert low - 1e-12 <= sure[0] <= sure[1] <= high + 1e-12
    value, least, most = changed(before, after)
    assert -1 <= least <= value <= most <= 1
    # Told the other way round, admin's share is direct's.
    mirrored = ends(share_jackknife_logit(before[1] - before[0], before[1]))
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-6)
    back = changed(after, before)
    assert back == pytest.approx((-value, -most, -least), abs=1e-9)


# Of several windows: who has nothing in one, or nothing but the one part, may have both in another.
_WINDOWS = st.integers(0, 12).flatmap(
    lambda people: st.lists(
        st.lists(
            st.tuples(st.sampled_from([0.0, 30.0, 45.5, 480.0]), st.sampled_from([0.0, 0.3, 1.0])),
            min_size=people,
            max_size=people,
        ),
        max_size=4,
    ).map(lambda rows: np.array(rows).reshape(len(rows), people, 2))
)


@given(_WINDOWS)
@_SETTINGS
def test_several_shares_and_ratios_at_once_are_those_of_each_alone(people: Floats) -> None:
    wholes = people[..., 0]
    parts = wholes * people[..., 1]
    shares, ratios = shares_jackknife_logit(parts, wholes), ratios_jackknife(parts, wholes)
    assert len(shares) == len(ratios) == len(people)
    for row, (share, ratio) in enumerate(zip(shares, ratios, strict=True)):
        counts = wholes[row] > 0
        alone = parts[row][counts], wholes[row][counts]
        for found, expected in (
            (share, share_jackknife_logit(*alone)),
            (ratio, ratio_jackknife(*alone)),
        ):
            assert (found is None) == (expected is None)
            if found is not None:
                assert ends(found) == pytest.approx(ends(expected), abs=1e-12)
                assert found.method == expected.method  # type: ignore[union-attr]  # both are there


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_shares_of_all_or_nothing_bound_nothing_alone_and_their_change_is_known(
    share: float,
) -> None:
    wholes = np.array([60.0, 120.0, 30.0])
    same, half = (wholes * share, wholes), (wholes * 0.5, wholes)
    assert share_jackknife_logit(*same) is None
    assert changed(same, same) == (0.0, 0.0, 0.0)
    assert changed(same, half) == pytest.approx((0.5 - share,) * 3)


def test_equal_people_leave_no_width_and_one_person_no_interval() -> None:
    equal, one = sums([(60.0, 0.7)] * 4), sums([(60.0, 0.7)])
    assert ends(share_jackknife_logit(*equal)) == pytest.approx((0.7, 0.7))
    assert ends(ratio_linearised(*equal)) == pytest.approx((0.7, 0.7))
    assert ends(share_bootstrap(*equal, seed=1)) == pytest.approx((0.7, 0.7))
    assert share_jackknife_logit(*one) is ratio_linearised(*one) is None
    assert share_bootstrap(*one, seed=1) is share_change_bootstrap(one, one, seed=1) is None
    alone = paired_share_change(one, one)
    assert (alone.value, alone.variance, alone.interval) == (0.0, None, None)
    assert difference_of_changes(alone, paired_share_change(equal, equal)).interval is None


@pytest.mark.parametrize("wholes", [[60.0, 0.0], [60.0, -1.0], [60.0], [[60.0, 60.0]]])
def test_people_without_minutes_have_no_share(wholes: Any) -> None:
    wrong = (np.array([30.0, 0.0]), np.array(wholes))
    right = (np.array([30.0, 0.0]), np.array([60.0, 60.0]))
    for statistic in (
        share_jackknife_logit,
        ratio_linearised,
        lambda *sums: share_bootstrap(*sums, seed=1),
        lambda *sums: paired_share_change(sums, right),
        lambda *sums: paired_share_change(right, sums),
        lambda *sums: share_change_bootstrap(right, sums, seed=1),
    ):
        with pytest.raises(ValueError, match=r"vector|above 0|same people"):
            statistic(*wrong)


def council(people: int, seed: int = 7) -> tuple[Sums, Sums]:
    """Made-up people whose admin share falls from about 0.7 to 0.5."""
    random = np.random.default_rng(seed)
    like = random.standard_normal(people)
    found = []
    for centre in (0.85, 0.0):
        wholes = np.exp(6 + 0.5 * random.standard_normal(people))
        shares = 1 / (1 + np.exp(-centre - 0.7 * like - 0.3 * random.standard_normal(people)))
        found.append((shares * wholes, wholes))
    return found[0], found[1]


def test_of_many_people_all_ways_agree() -> None:
    """Tangent, jackknife, logit and drawing people again share no step, and give one interval."""
    before, after = council(300)
    expected = ends(ratio_linearised(*before))
    width = expected[1] - expected[0]
    for found in (
        share_jackknife_logit(*before),
        share_bootstrap(*before, seed=1),
        share_bootstrap(*before, seed=2),
    ):
        assert ends(found) == pytest.approx(expected, abs=0.1 * width)
    value, low, high = changed(before, after)
    drawn = ends(share_change_bootstrap(before, after, seed=1))
    assert drawn == pytest.approx((low, high), abs=0.1 * (high - low))
    assert value < -0.1


def test_a_seed_repeats_a_bootstrap_and_another_does_not() -> None:
    before, after = council(30)
    once, again, other = (share_change_bootstrap(before, after, seed=n) for n in (1, 1, 2))
    assert once == again
    assert once != other
    assert once is not None
    assert once.method == "bootstrap_percentile"


def test_the_bootstrap_is_that_of_scipy() -> None:
    before, after = council(40)

    def moved(a: Floats, b: Floats, c: Floats, d: Floats, axis: int) -> Floats:
        result: Floats = c.sum(axis) / d.sum(axis) - a.sum(axis) / b.sum(axis)
        return result

    theirs = stats.bootstrap(
        (*before, *after),
        moved,
        paired=True,
        n_resamples=9999,
        method="percentile",
        rng=np.random.default_rng(3),
    ).confidence_interval
    mine = ends(share_change_bootstrap(before, after, seed=3, replicates=9999))
    assert mine == pytest.approx((theirs.low, theirs.high), abs=0.05 * (theirs.high - theirs.low))


@pytest.mark.skipif(not EXAMPLE.exists(), reason="the worked example is not beside this checkout")
def test_the_worked_example_to_six_decimals() -> None:
    example = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    pilot, classes, expected = example["pilot"], example["classes"], example["expected"]

    def of(arm: str, window: str) -> dict[str, tuple[float, float]]:
        prefix = "baseline_" if window == "baseline" else ""
        first, end = (
            date.fromisoformat(pilot[f"{prefix}{side}"]) for side in ("starts_on", "ends_on")
        )
        who = {m["person_external_id"] for m in example["members"] if m["arm"] == arm}
        found: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for sample in example["samples"]:
            day = datetime.fromisoformat(sample["started_at"]).astimezone(LONDON).date()
            kind = classes[sample["category"]]
            person = sample["person_external_id"]
            if person in who and first <= day < end and kind in ("admin", "direct"):
                found[person][0] += sample["minutes"] * (kind == "admin")
                found[person][1] += sample["minutes"]
        return {person: (part, whole) for person, (part, whole) in sorted(found.items())}

    def vectors(people: dict[str, tuple[float, float]]) -> Sums:
        values = np.array(list(people.values()))
        return values[:, 0], values[:, 1]

    arms = {
        arm: [vectors(of(arm, window)) for window in ("baseline", "pilot")]
        for arm in ("pilot", "comparison")
    }
    for window, which in (("baseline", 0), ("pilot", 1)):
        low, high = ends(share_jackknife_logit(*arms["pilot"][which]))
        assert (round(low, 6), round(high, 6)) == (
            expected[window]["low"],
            expected[window]["high"],
        )
    moved = {arm: paired_share_change(before, after) for arm, (before, after) in arms.items()}
    effect = difference_of_changes(moved["pilot"], moved["comparison"])
    for found, name in (
        (moved["pilot"], "change"),
        (moved["comparison"], "comparison_change"),
        (effect, "effect"),
    ):
        figures = tuple(round(each, 6) for each in (found.value, *ends(found.interval)))
        assert figures == tuple(expected[name][key] for key in ("value", "low", "high"))
    assert effect.degrees == pytest.approx(expected["effect"]["df"], abs=5e-7)
