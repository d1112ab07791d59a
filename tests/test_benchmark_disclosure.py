"""Cells of a comparison, attacked: by a group within a group, by two releases, by one who joins or leaves."""

import statistics
from collections.abc import Iterable, Mapping
from itertools import combinations
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.benchmarking.releases.disclosure import (
    EVERYBODY,
    MINIMUM,
    Answered,
    Family,
    Group,
    ShownCell,
    chosen,
    quartiles,
    stands_alone,
)

STEP = 0.01
A, B, C = (Group(Family.KIND, code) for code in "abc")
SMALL, LARGE = (Group(Family.SIZE, code) for code in ("small", "large"))

# By organisation: its answer, its kind, its size.
Council = tuple[float, Group, Group]
Release = dict[Group, ShownCell]


def _councils(*kinds: tuple[Group, int], size: Group = SMALL) -> dict[int, Council]:
    of = [kind for kind, count in kinds for _ in range(count)]
    return {number: (number + 1.0, kind, size) for number, kind in enumerate(of)}


def _released(
    councils: Mapping[int, Council],
    earlier: Iterable[ShownCell] = (),
    *,
    number: int = 1,
    year: int = 2024,
    is_amount: bool = False,
) -> Release:
    groups: dict[Group, dict[UUID, Answered]] = {}
    for council, (value, *own) in councils.items():
        for group in (EVERYBODY, *own):
            groups.setdefault(group, {})[UUID(int=council)] = Answered(value)
    now = ShownCell(UUID(int=number), year, EVERYBODY, {})
    return chosen(groups, list(earlier), now, is_amount=is_amount)


def _sizes(release: Release) -> dict[str, int]:
    return {group.code: len(cell.answers) for group, cell in release.items()}


# --- one release ----------------------------------------------------------------------------------


def test_four_show_nothing_and_five_do() -> None:
    assert _released(_councils((A, 4))) == {}
    assert _sizes(_released(_councils((A, 5)))) == {"all": 5, "a": 5, "small": 5}


@pytest.mark.parametrize("values", [range(12), [0.31, 0.07, 0.5, 0.5, 0.2], [0.1] * 9])
def test_quartiles_are_those_of_another_library_at_the_step(values: Iterable[float]) -> None:
    answers = {UUID(int=n): Answered(value) for n, value in enumerate(values)}
    found = quartiles(answers, STEP)
    expected = statistics.quantiles([each.value for each in answers.values()], method="inclusive")
    shown = (found.lower, found.median, found.upper)
    assert shown == pytest.approx(expected, abs=STEP / 2 + 1e-9)
    assert all(round(value / STEP) == pytest.approx(value / STEP) for value in shown)


def test_intervals_are_shown_where_everybody_in_the_cell_has_one() -> None:
    answers = {UUID(int=n): Answered(0.1 * n, 0.1 * n - 0.05, 0.1 * n + 0.02) for n in range(5)}
    found = quartiles(answers, STEP)
    assert (found.low, found.high) == (0.15, 0.22)
    found = quartiles({**answers, UUID(int=9): Answered(0.2)}, STEP)
    assert (found.low, found.high) == (None, None)


def test_one_that_holds_more_than_half_of_an_amount_is_not_shown() -> None:
    def amounts(largest: float) -> dict[int, Council]:
        return {n: (1.0 if n else largest, A, SMALL) for n in range(12)}

    assert _released(amounts(11.5), is_amount=True) == {}
    assert EVERYBODY in _released(amounts(10.5), is_amount=True)
    assert EVERYBODY in _released(amounts(11.5))  # of shares none can outweigh


@pytest.mark.parametrize(
    ("kinds", "shown"),
    [
        ([(A, 7), (B, 5)], {"all": 12, "a": 7, "b": 5}),
        ([(A, 8), (B, 4)], {"all": 12}),  # four are left of all
        ([(A, 5), (B, 5), (C, 2)], {"all": 12, "a": 5}),  # two are left of all but the others
        ([(A, 6), (B, 6), (C, 5)], {"all": 17, "a": 6, "b": 6, "c": 5}),
    ],
)
def test_what_groups_leave_of_the_whole_is_nobody_or_five(
    kinds: list[tuple[Group, int]], shown: dict[str, int]
) -> None:
    found = _sizes(_released(_councils(*kinds)))
    assert {name: count for name, count in found.items() if name != "small"} == shown


def test_groups_of_different_families_that_differ_by_few_are_not_both_shown() -> None:
    """Six of kind a, six large, five of them the same: the quartiles would tell of two councils."""
    a = {n: (n + 1.0, A, LARGE if n else SMALL) for n in range(6)}
    b = {n: (n + 1.0, B, SMALL if n > 6 else LARGE) for n in range(6, 13)}
    found = _sizes(_released({**a, **b}))
    assert set(found) == {"all", "b", "a"}


# --- from release to release ----------------------------------------------------------------------


def _again(first: Release, councils: Mapping[int, Council], number: int = 2) -> Release:
    return _released(councils, first.values(), number=number)


def test_one_that_joins_leaves_or_amends_changes_nothing_that_is_seen() -> None:
    councils = _councils((A, 7), (B, 5))
    first = _released(councils)
    joined = {**councils, 99: (1000.0, A, SMALL)}
    left = {n: each for n, each in councils.items() if n != 3}
    amended = {**councils, 3: (0.5, A, SMALL)}
    moved = {**councils, 3: (4.0, B, SMALL)}
    one_for_another = {**left, 99: (1000.0, A, SMALL)}
    for after in (joined, left, amended, moved, one_for_another):
        assert _again(first, after) == first
    # Four others that correct their answer do not cover the one that left.
    corrected = {n: (v + 0.5 * (n < 9), *own) for n, (v, *own) in left.items()}
    assert _again(first, corrected) == first  # type: ignore[arg-type]  # the tuple's length


def test_five_that_join_make_a_new_cell_and_the_way_back_but_for_one_does_not() -> None:
    councils = _councils((A, 12))
    first = _released(councils)
    more = {**councils, **{n: (n + 1.0, A, SMALL) for n in range(20, 25)}}
    second = _again(first, more)
    assert _sizes(second) == {"all": 17, "a": 17, "small": 17}
    back = {n: each for n, each in councils.items() if n != 3}
    third = _released(back, [*first.values(), *second.values()], number=3)
    assert third == second


def test_parts_of_one_release_are_held_against_the_whole_of_another() -> None:
    """Groups that grew by less than five each, added up, must not leave few of the whole that grew."""
    first = _released(_councils((A, 7), (B, 5)))
    grown = {**_councils((A, 7), (B, 5)), **{n: (n + 1.0, A, SMALL) for n in range(20, 23)}}
    grown |= {n: (n + 1.0, B, SMALL) for n in range(30, 32)}
    second = _again(first, grown)
    assert _sizes(second) == {"all": 17, "small": 17, "a": 7, "b": 5}
    grown |= {n: (n + 1.0, A, SMALL) for n in range(40, 43)}
    grown |= {n: (n + 1.0, B, SMALL) for n in range(50, 52)}
    third = _released(grown, [*first.values(), *second.values()], number=3)
    # Kind a now differs by six from its first cell; with kind b's first, four would be left of 22.
    assert _sizes(third) == {"all": 22, "small": 22, "a": 7, "b": 5}


def test_another_year_is_answered_anew_and_what_stayed_the_same_does_not_count() -> None:
    councils = _councils((A, 12))
    first = _released(councils)
    joined = {**councils, 99: (1000.0, A, SMALL)}
    assert _released(joined, first.values(), number=2, year=2025) == {}
    anew = {n: (value * 1.1, *own) for n, (value, *own) in joined.items()}
    found = _released(anew, first.values(), number=2, year=2025)  # type: ignore[arg-type]  # the tuple's length
    assert _sizes(found)["all"] == 13


# --- any course of releases -----------------------------------------------------------------------

_COUNCIL = st.tuples(
    st.integers(0, 4).map(float), st.sampled_from((A, B, C)), st.sampled_from((SMALL, LARGE))
)
_COURSE = st.lists(
    st.dictionaries(st.integers(0, 20), _COUNCIL, min_size=4, max_size=21), min_size=1, max_size=4
)


def _told(course: list[dict[int, Council]]) -> list[ShownCell]:
    """Every cell that was ever shown in the course of the releases."""
    told: list[ShownCell] = []
    for number, councils in enumerate(course, start=1):
        shown = _released(councils, told, number=number).values()
        told += [cell for cell in shown if cell.release_id == UUID(int=number)]
    return told


def _between(one: Mapping[UUID, Answered], other: Mapping[UUID, Answered]) -> int:
    """How many organisations make the difference between two cells, as an attacker would count."""
    members = set(one) ^ set(other)
    return len(members) or len({n for n in one if one[n] != other[n]})


@settings(max_examples=30, deadline=None)
@given(_COURSE)
def test_no_two_cells_ever_shown_differ_by_one_to_four(course: list[dict[int, Council]]) -> None:
    told = _told(course)
    assert all(stands_alone(cell.answers, is_amount=False) for cell in told)
    for one, other in combinations(told, 2):
        assert _between(one.answers, other.answers) not in range(1, MINIMUM), (one, other)
    wholes = [cell for cell in told if cell.group == EVERYBODY]
    for family in (Family.KIND, Family.SIZE):
        parts = [cell for cell in told if cell.group.family is family]
        for count in (2, 3):
            for some in combinations(parts, count):
                if len({cell.group for cell in some}) == count:
                    together = {n: each for cell in some for n, each in cell.answers.items()}
                    for whole in wholes:
                        assert _between(together, whole.answers) not in range(1, MINIMUM)


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(st.integers(0, 20), _COUNCIL, min_size=5, max_size=21),
    _COUNCIL,
    st.floats(0, 1e6),
    st.booleans(),
)
def test_what_was_seen_does_not_depend_on_the_one_that_joins_or_leaves(
    councils: dict[int, Council], target: Council, other_answer: float, leaves: bool
) -> None:
    """Whatever one council answers: what everybody saw before it came, or after it left, is the same."""
    after = []
    for value in (target[0], other_answer):
        with_target = {**councils, 99: (value, *target[1:])}
        first = _released(with_target if leaves else councils)
        second = _again(first, councils if leaves else with_target)
        assert {group: second[group] for group in first} == first
        after.append({g: c for g, c in second.items() if g not in first})
    # A group that is shown for the first time has five in it, or is not about the council at all.
    for group in after[0]:
        assert len(after[0][group].answers) >= MINIMUM
