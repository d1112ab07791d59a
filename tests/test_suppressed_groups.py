"""Groups of a breakdown: what is withheld of one does not follow from the others and their total."""

from dataclasses import replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.periods import Window
from app.metrics.figures import AnyFigure, Segments
from app.metrics.registry import RETENTION_RATE
from app.metrics.suppression import Report, suppress
from tests.adoption_oracle import SEGMENTS
from tests.withheld import (
    LADDER,
    SLUG,
    breakdown,
    hidden_groups,
    is_small,
    rate,
    segment_breakdown,
    segments,
)

_SETTINGS = settings(max_examples=150, deadline=None)
_COUNTS = st.one_of(st.integers(0, 6), st.integers(0, 14))
minimums = st.integers(5, 10)


def test_a_single_withheld_sibling_takes_the_next_smallest_with_it() -> None:
    assert hidden_groups(breakdown(A=(2, 3), B=(15, 30), C=(10, 20))) == {"A", "C"}
    assert hidden_groups(breakdown(A=(10, 12), B=(15, 30), C=(10, 20))) == {"A", "C"}
    assert hidden_groups(breakdown(A=(10, 20), B=(15, 30))) == set()


def test_of_siblings_of_one_size_the_first_by_name_goes() -> None:
    assert hidden_groups(breakdown(Z=(2, 3), C=(10, 20), B=(10, 20))) == {"Z", "B"}


def test_a_sibling_without_people_hides_nothing() -> None:
    assert hidden_groups(breakdown(A=(2, 3), B=(0, 0), C=(10, 20), D=(15, 30))) == {"A", "C"}


def test_two_withheld_siblings_that_are_few_together_take_a_third_with_them() -> None:
    """What is left of the total when the others are subtracted is their sum: 3 of 3 people."""
    assert hidden_groups(breakdown(A=(1, 1), B=(2, 2), C=(10, 20), D=(15, 30))) == {"A", "B", "C"}


def test_where_the_total_is_withheld_nothing_can_be_subtracted_from_it() -> None:
    assert hidden_groups(breakdown(A=(18, 20), B=(30, 30), C=(40, 40))) == {"A"}


def test_a_lone_group_is_its_total() -> None:
    report = breakdown(A=(2, 3))
    assert hidden_groups(report) == {"A"}
    assert suppress(report, 5).figures[SLUG].suppressed


def test_small_groups_go_with_so_many_that_they_are_not_few_together() -> None:
    """Over the later window the total is withheld; but how many B are says there how many A and Z are."""

    def figures(access: int, later: int) -> dict[str, AnyFigure]:
        window = Window(date(2024, 5, 6), date(2024, 5, 13))
        return {SLUG: rate(0, access), "later": replace(rate(later, access), window=window)}

    groups = {"A": figures(1, 0), "B": figures(20, 0), "C": figures(30, 2), "Z": figures(3, 0)}
    report = Report(figures(54, 2), groups=groups)
    assert hidden_groups(report) == {"A", "B", "Z"}
    assert hidden_groups(report, slug="later") == {"A", "B", "C", "Z"}


_GROUPS = st.dictionaries(
    st.sampled_from("ABCDEF"),
    st.integers(0, 25).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    min_size=1,
)


@given(_GROUPS, minimums)
@_SETTINGS
def test_no_small_share_of_a_group_follows_from_the_total(
    groups: dict[str, tuple[int, int]], minimum: int
) -> None:
    report = breakdown(**groups)
    shown = suppress(report, minimum)
    hidden = hidden_groups(report, minimum)
    for group, (part, whole) in groups.items():
        small = any(is_small(n, minimum) for n in (part, whole - part, whole))
        assert group in hidden or not small
    if shown.figures[SLUG].suppressed or not hidden:
        return
    part, whole = (sum(groups[group][n] for group in hidden) for n in (0, 1))
    assert len(hidden) > 1 or not any(groups[g][1] for g in groups if g not in hidden)
    assert not any(is_small(n, minimum) for n in (part, whole - part, whole))


def test_figures_with_one_count_in_common_lose_the_same_siblings() -> None:
    """The active of C would otherwise be read off its other figure, and A's by subtraction."""

    def figures(active: int, access: int) -> dict[str, AnyFigure]:
        both = rate(active, access)
        days = replace(both, metric=RETENTION_RATE, people=active, denominator=3.0 * active)
        return {SLUG: both, RETENTION_RATE.slug: days}

    groups = {"A": figures(3, 3), "B": figures(6, 20), "C": figures(9, 15)}
    report = Report(figures(18, 38), groups=groups)
    assert hidden_groups(report) == hidden_groups(report, slug=RETENTION_RATE.slug) == {"A", "C"}


def test_a_sibling_that_goes_for_the_sake_of_another_goes_with_all_its_figures() -> None:
    def figures(active: int, access: int, returned: int) -> dict[str, AnyFigure]:
        again = replace(rate(returned, active), metric=RETENTION_RATE)
        return {SLUG: rate(active, access), RETENTION_RATE.slug: again}

    groups = {
        "A": figures(10, 30, 2),
        "B": figures(10, 20, 5),
        "C": figures(20, 40, 10),
        "D": figures(30, 60, 15),
    }
    report = Report(figures(70, 150, 32), groups=groups)
    # Only A's share of those who returned is small. B goes with it; as B's active would follow from
    # the total of the other figure, B goes there too, and not alone.
    assert hidden_groups(report, slug=RETENTION_RATE.slug) == {"A", "B"}
    assert hidden_groups(report) == {"A", "B"}


def test_a_sibling_that_goes_is_still_shown_over_other_windows() -> None:
    def figures(*active: int) -> dict[str, AnyFigure]:
        later = Window(date(2024, 5, 6), date(2024, 5, 13))
        return {SLUG: rate(active[0], 30), "later": replace(rate(active[1], 30), window=later)}

    groups = {"A": figures(3, 10), "B": figures(10, 10), "C": figures(10, 10)}
    total = replace(rate(30, 90), window=figures(0, 0)["later"].window)
    report = Report({SLUG: rate(23, 90), "later": total}, groups=groups)
    assert hidden_groups(report) == {"A", "B"}
    assert hidden_groups(report, slug="later") == set()


def test_beside_a_small_group_the_next_smallest_goes_altogether() -> None:
    """How many A are would follow where D or E is withheld beside it, and shown elsewhere."""

    def figures(access: int, *active: int) -> dict[str, AnyFigure]:
        later = Window(date(2024, 5, 6), date(2024, 5, 13))
        second = replace(rate(active[1], access), window=later)
        return {SLUG: rate(active[0], access), "later": second}

    groups = {
        "A": figures(3, 3, 3),
        "B": figures(20, 10, 10),
        "D": figures(40, 2, 10),
        "E": figures(50, 10, 2),
    }
    report = Report(figures(113, 25, 25), groups=groups)
    assert hidden_groups(report) == {"A", "B", "D"}
    assert hidden_groups(report, slug="later") == {"A", "B", "E"}


def test_segments_of_groups_cannot_be_solved_for_across_them() -> None:
    """One withholds power and habitual, another novice and low: each follows from the total."""
    report = segment_breakdown(A=(3, 9, 8, 8, 8), B=(9, 8, 3, 7, 8), C=(9, 9, 9, 9, 9))
    shown = suppress(report, 5)
    assert not shown.figures[LADDER].suppressed
    for group in ("A", "B"):
        figure = shown.groups[group][LADDER]
        assert isinstance(figure, Segments)
        assert figure.suppressed
        assert figure.people is None
        assert set(figure.counts.values()) == {None}
    assert not shown.groups["C"][LADDER].suppressed


def test_what_the_total_withholds_together_counts_as_well() -> None:
    """The total keeps back power and habitual, 12 together; less C's 9 that leaves 3 in A and B."""
    report = segment_breakdown(A=(3, 0, 10, 10, 10), B=(0, 0, 10, 10, 10), C=(0, 9, 10, 10, 10))
    total = suppress(report, 5).figures[LADDER]
    assert isinstance(total, Segments)
    assert [name for name, count in total.counts.items() if count is None] == ["power", "habitual"]
    assert hidden_groups(report, slug=LADDER) == {"A", "B", "C"}


def test_segments_go_with_the_other_figures_of_their_window_and_not_alone() -> None:
    large = segments(9, 9, 9, 9, 9)
    groups: dict[str, dict[str, AnyFigure]] = {
        "A": {SLUG: rate(3, 45), LADDER: large},
        "B": {SLUG: rate(20, 44), LADDER: large},
        "C": {SLUG: rate(20, 46), LADDER: large},
    }
    total: dict[str, AnyFigure] = {SLUG: rate(43, 135), LADDER: segments(27, 27, 27, 27, 27)}
    report = Report(total, groups=groups)
    assert hidden_groups(report) == {"A", "B"}
    assert hidden_groups(report, slug=LADDER) == {"A", "B"}


@given(
    st.dictionaries(st.sampled_from("ABCD"), st.tuples(*[_COUNTS] * 5), min_size=1, max_size=4),
    minimums,
)
@_SETTINGS
def test_no_small_segment_of_a_group_follows_from_the_total(
    groups: dict[str, tuple[int, ...]], minimum: int
) -> None:
    report = segment_breakdown(**groups)
    total = suppress(report, minimum).figures[LADDER]
    assert isinstance(total, Segments)
    hidden = hidden_groups(report, minimum, LADDER)
    for group, counts in groups.items():
        assert group in hidden or not any(is_small(count, minimum) for count in counts)
    if not hidden or hidden == {group for group in groups if sum(groups[group])}:
        return
    together = {name: sum(groups[g][n] for g in hidden) for n, name in enumerate(SEGMENTS)}
    known = [name for name in SEGMENTS if total.counts[name] is not None]
    assert len(hidden) > 1 or not known
    assert not any(is_small(together[name], minimum) for name in known)
    if total.people is not None:
        assert not is_small(sum(together.values()), minimum)
        rest = sum(count for name, count in together.items() if name not in known)
        assert not is_small(rest, minimum)
