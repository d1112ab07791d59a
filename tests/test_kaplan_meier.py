"""The Kaplan-Meier median and its interval, held against other people's code and against plain loops."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight

from app.metrics.statistics.intervals import Interval
from app.metrics.statistics.survival import kaplan_meier_median

_SETTINGS = settings(max_examples=200, deadline=None)
# Few distinct times, so that events and last looks fall on one day.
_PEOPLE = st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=30)
_LEVELS = st.sampled_from([0.95, 0.8, 0.5])
People = list[tuple[int, bool]]
Bounds = list[tuple[int, float, float]]


def ours(people: People, level: float = 0.95) -> tuple[float | None, Interval | None]:
    times = np.array([time for time, _ in people], dtype=np.float64)
    seen = np.array([was_seen for _, was_seen in people], dtype=np.bool_)
    return kaplan_meier_median(times, seen, level)


def plain(people: People, level: float) -> tuple[float | None, Bounds]:
    """The median, and the log-log interval of the curve at each event, as a book has them."""
    curve, greenwood = Fraction(1), Fraction(0)
    median: float | None = None
    bounds: Bounds = []
    for day in sorted({time for time, was_seen in people if was_seen}):
        at_risk = sum(time >= day for time, _ in people)
        events = sum(time == day and was_seen for time, was_seen in people)
        curve *= 1 - Fraction(events, at_risk)
        if median is None and curve <= Fraction(1, 2):
            median = day
        if curve == 0:
            bounds.append((day, 0.0, 0.0))
            continue
        greenwood += Fraction(events, at_risk * (at_risk - events))
        centre = math.log(-math.log(curve))
        half = stats.norm.ppf((1 + level) / 2) * math.sqrt(greenwood) / abs(math.log(curve))
        bounds.append((day, math.exp(-math.exp(centre + half)), math.exp(-math.exp(centre - half))))
    return median, bounds


@given(_PEOPLE, _LEVELS)
@_SETTINGS
def test_the_median_and_its_interval_are_those_of_a_plain_loop(
    people: People, level: float
) -> None:
    median, interval = ours(people, level)
    expected, bounds = plain(people, level)
    assert median == expected
    low = next((day for day, lower, _ in bounds if lower <= 0.5), None)
    high = next((day for day, _, upper in bounds if upper <= 0.5), None)
    if len(people) < 2 or low is None:
        assert interval is None
    else:
        assert interval == Interval(low, high, level, "kaplan_meier_log_log")
        assert median is None or low <= median
        assert high is None or (median is not None and median <= high)


@given(_PEOPLE.filter(bool), _LEVELS)
@_SETTINGS
def test_they_are_those_of_statsmodels(people: People, level: float) -> None:
    median, interval = ours(people, level)
    if not any(was_seen for _, was_seen in people):
        assert (median, interval) == (None, None)
        return
    theirs = SurvfuncRight([time for time, _ in people], [int(was_seen) for _, was_seen in people])
    # They take the first time below one half, we the first at or below.
    reached = [
        t for t, s in zip(theirs.surv_times, theirs.surv_prob, strict=True) if s <= 0.5 + 1e-9
    ]
    assert median == (reached[0] if reached else None)
    # They take the times at which one half is not contradicted: the same where those are in one piece.
    _, bounds = plain(people, level)
    within = [n for n, (_, lower, upper) in enumerate(bounds) if lower <= 0.5 <= upper]
    if len(people) < 2 or not within or len(within) != within[-1] - within[0] + 1:
        return
    with np.errstate(all="ignore"):
        low, high = theirs.quantile_ci(0.5, alpha=1 - level, method="cloglog")
    assert interval == Interval(low, None if math.isinf(high) else high, level, interval.method)


TREATED = [6, 6, 6, 7, 10, 13, 16, 22, 23]
STILL_WELL = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def test_a_textbook_case() -> None:
    """Freireich et al. (1963), Blood 21:699-716: weeks in remission; as SAS and R print them."""
    treated = [(week, True) for week in TREATED] + [(week, False) for week in STILL_WELL]
    method = "kaplan_meier_log_log"
    assert ours(treated) == (23.0, Interval(13.0, None, 0.95, method))
    placebo = [(week, True) for week in PLACEBO]
    assert ours(placebo) == (8.0, Interval(4.0, 11.0, 0.95, method))


@pytest.mark.parametrize("people", range(2, 61, 2))
def test_a_curve_that_comes_to_exactly_one_half_has_reached_it(people: int) -> None:
    """Whatever the rounding of the fractions that it is a product of."""
    assert ours([(day, True) for day in range(1, people + 1)])[0] == people / 2


def test_of_nobody_nothing_can_be_said() -> None:
    assert ours([]) == (None, None)


@pytest.mark.parametrize("people", [1, 2, 20])
def test_where_nobody_has_got_there_there_is_no_median(people: int) -> None:
    assert ours([(day, False) for day in range(people)]) == (None, None)


def test_one_person_has_a_median_and_no_interval() -> None:
    assert ours([(4, True)]) == (4.0, None)
    assert ours([(4, False)]) == (None, None)


def test_who_is_last_looked_at_on_the_day_of_an_event_was_at_risk_of_it() -> None:
    # At risk on day 3: both. One half is reached: 1 - 1/2.
    assert ours([(3, True), (3, False)])[0] == 3.0
    # A day earlier the other is out of it: 1 - 1/1.
    assert ours([(3, True), (2, False), (2, False)])[0] == 3.0
    # All three at risk: 1 - 1/3, and nothing comes after.
    assert ours([(3, True), (3, False), (3, False)])[0] is None


def test_everybody_on_the_first_day() -> None:
    median, interval = ours([(0, True), (0, True), (0, True)])
    assert median == 0.0
    assert interval == Interval(0.0, 0.0, 0.95, "kaplan_meier_log_log")


def test_too_few_events_set_a_lower_bound_and_no_upper_one() -> None:
    # The curve stays at 5/8; on day 1 already its interval reaches down to 0.39.
    median, interval = ours([(day, day <= 3) for day in range(1, 9)])
    assert (median, interval) == (None, Interval(1.0, None, 0.95, "kaplan_meier_log_log"))


def test_the_order_of_people_does_not_matter() -> None:
    people = [(9, True), (1, False), (4, True), (4, False), (2, True), (7, True)]
    assert ours(people) == ours(people[::-1]) == ours(sorted(people))


@pytest.mark.parametrize(
    ("times", "seen"),
    [([1.0, 2.0], [True]), ([[1.0]], [[True]]), ([1.0, -0.5], [True, False])],
)
def test_what_is_no_time_to_an_event_is_refused(times: list[float], seen: list[bool]) -> None:
    with pytest.raises(ValueError, match="time"):
        kaplan_meier_median(np.array(times), np.array(seen))
