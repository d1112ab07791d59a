"""Small pilots made at random: every figure of every week equals one computed from the text alone."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.core.arrays import array_of, ids_of
from app.core.periods import Window
from app.metrics.adoption.calculation import Adoption
from app.metrics.adoption.history import History, Quality
from app.metrics.adoption.participants import Participants
from app.metrics.adoption.records import UNKNOWN, Rows, counted
from app.metrics.figures import AnyFigure, Segments
from app.metrics.suppression import Figures
from tests.adoption_oracle import SEGMENTS, Expected, Oracle, Row, key_of

MONDAY = date(2024, 2, 26)
DAY = timedelta(days=1)


PRODUCTS = ["A", "B"]


def rows_from(rows: list[Row]) -> Rows:
    """The rows as they are read."""

    def numbers(values: Iterable[int | None]) -> NDArray[np.int32]:
        return np.array([UNKNOWN if v is None else v for v in values], dtype=np.int32)

    return Rows(
        person=array_of([row["person"] for row in rows]),
        product=numbers(PRODUCTS.index(row["product"]) for row in rows),
        starts=numbers(row["starts_on"].toordinal() for row in rows),
        is_week=np.array([row["period"] == "week" for row in rows], dtype=np.bool_),
        is_total=np.array([row["app"] == "any" for row in rows], dtype=np.bool_),
        active_days=numbers(row["active_days"] for row in rows),
        actions=numbers(row["actions"] for row in rows),
    )


def made_at_random(chance: Random) -> Oracle:
    """People who come and go, some of them in the habit of using the tool, and odd rows beside."""
    starts_on = MONDAY + chance.randint(0, 8) * DAY
    length = chance.choice((chance.randint(1, 24), chance.randint(25, 60), chance.randint(80, 100)))

    def somewhen() -> date:
        return starts_on + chance.randint(-9, length + 9) * DAY

    members = []
    for number in range(chance.randint(0, 14)):
        joined = chance.choice((None, None, somewhen()))
        stays = timedelta(days=chance.randint(1, length + 20))
        left = chance.choice((None, None, (joined or starts_on) + stays))
        arm = "comparison" if chance.random() < 0.15 else "pilot"
        person = UUID(int=number)
        members.append({"person": person, "arm": arm, "joined_on": joined, "left_on": left})
    rows: dict[tuple[Any, ...], Row] = {}
    says_how_often = chance.random() < 0.6
    for number in range(len(members)):
        for row in [*habit(chance, UUID(int=number)), *odd(chance, UUID(int=number), somewhen)]:
            if row["actions"] is None and says_how_often:
                row["actions"] = 2
            rows[*key_of(row), row["app"]] = row
    ends_on = starts_on + length * DAY
    as_of = ends_on - DAY if chance.random() < 0.6 else somewhen()
    return Oracle(members, list(rows.values()), starts_on, ends_on, as_of)


def habit(chance: Random, person: UUID) -> Iterator[Row]:
    """Over so many weeks, so many actions in each: on either side of every threshold."""
    sunday = MONDAY - DAY + chance.randint(0, 5) * 7 * DAY
    actions = chance.choice((0, 1, 2, 14, 15, 16, 20))
    for week in range(chance.choice((0, 1, 3, 4, 8, 9, 12, 12))):
        yield {
            "person": person,
            "product": "A",
            "period": "week",
            "starts_on": sunday + week * 7 * DAY,
            "app": "any",
            "active_days": min(actions, 7) if chance.random() < 0.9 else None,
            "actions": actions,
        }


def odd(chance: Random, person: UUID, somewhen: Callable[[], date]) -> Iterator[Row]:
    """Rows of either grain, of several apps and products, with and without numbers."""
    for _ in range(chance.choice((0, 0, 3, 12))):
        period = chance.choice(("day", "day", "week"))
        yield {
            "person": person,
            "product": chance.choice("AAB"),
            "period": period,
            "starts_on": somewhen(),
            "app": chance.choice(("any", "word", "teams")),
            "active_days": chance.choice((None, 0, 1, 1 if period == "day" else 5)),
            "actions": chance.choice((None, 0, 1, 5, 40)),
        }


def same(slug: str, figure: AnyFigure, expected: Expected) -> None:
    """Hold a figure, with all that goes with it, against what it must be."""
    assert figure.metric.slug == slug
    assert set(figure.flags) == expected["flags"], slug
    assert len(figure.flags) == len(set(figure.flags))
    assert figure.people == expected["people"], slug
    assert not figure.suppressed
    if isinstance(figure, Segments):
        assert figure.counts == expected["counts"], slug
        assert (figure.weeks, figure.basis) == (expected["weeks"], expected["basis"])
        return
    assert (figure.numerator, figure.denominator, figure.reason) == (
        expected["numerator"],
        expected["denominator"],
        expected["reason"],
    ), slug
    assert figure.value == pytest.approx(expected["value"], abs=1e-12), slug
    if expected["interval"] is ...:
        return
    if expected["interval"] is None:
        assert figure.interval is None
    else:
        assert figure.interval is not None
        interval = figure.interval.low, figure.interval.high
        assert interval == pytest.approx(expected["interval"], abs=1e-9), slug


@given(st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_every_figure_equals_the_one_computed_from_the_text(seed: int) -> None:
    oracle = made_at_random(Random(seed))  # noqa: S311 - a simulation, not a secret
    figures, weekly, quality = computed(oracle)
    expected = oracle.figures()
    assert set(figures) == set(expected)
    for slug, figure in figures.items():
        same(slug, figure, expected[slug])
    expected_weekly = oracle.weekly()
    assert list(weekly) == list(expected_weekly)
    for monday, week in weekly.items():
        assert set(week) == set(expected_weekly[monday])
        for slug, figure in week.items():
            same(slug, figure, expected_weekly[monday][slug])
    assert quality.rows_without_access == oracle.rows_without_access()


def computed(oracle: Oracle) -> tuple[Figures, dict[date, Figures], Quality]:
    """The same as the service computes it."""
    adoption = adoption_of(oracle)
    return adoption.figures(), dict(adoption.weekly()), adoption.quality()


def adoption_of(oracle: Oracle) -> Adoption:
    joined = [m["joined_on"] for m in oracle.members]
    ends = [((m["joined_on"] or date.min), (m["left_on"] or date.max)) for m in oracle.members]
    there = np.array([m["arm"] == "pilot" for m in oracle.members], dtype=np.bool_)
    person = array_of([m["person"] for m in oracle.members])
    since, until = (_ordinals([each[n] for each in ends]) for n in (0, 1))
    participants = Participants.of(
        person,
        _ordinals([day or oracle.starts_on for day in joined]),
        (person[there], since[there], until[there]),
    )
    records = counted(rows_from(oracle.rows), participants, oracle.as_of)
    history = History(participants, records, PRODUCTS)
    return Adoption(history, Window(oracle.starts_on, oracle.ends_on), oracle.as_of)


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_groups_have_the_figures_of_their_own_people(seed: int) -> None:
    oracle = made_at_random(Random(seed))  # noqa: S311 - a simulation, not a secret
    group = {m["person"]: m["person"].int % 3 - 1 for m in oracle.members}
    whole = adoption_of(oracle)
    people = whole.history.participants.person
    numbers = np.array([group[each] for each in ids_of(people)], dtype=np.intp)
    parts = whole.history.parts(numbers, 2)
    for n, part in enumerate(parts):
        members = [m for m in oracle.members if group[m["person"]] == n]
        rows = [row for row in oracle.rows if group.get(row["person"]) == n]
        alone = adoption_of(Oracle(members, rows, oracle.starts_on, oracle.ends_on, oracle.as_of))
        assert replace(whole, history=part).figures() == alone.figures()


_SPANS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 30), st.integers(0, 9)))


@given(_SPANS, st.lists(st.tuples(st.integers(0, 3), st.integers(1, 40))), st.integers(1, 30))
def test_access_is_that_of_any_seat(
    spans: list[tuple[int, int, int]], asked: list[tuple[int, int]], first: int
) -> None:
    """Of several pools at once, or of one after another."""
    who, since, length = (np.array([each[n] for each in spans], dtype=np.int32) for n in range(3))
    ids = array_of([UUID(int=n) for n in range(4)])
    people = Participants.of(ids, np.ones(4, np.int32), (ids[who], since, since + length))
    place, day = (np.array([each[n] for each in asked], dtype=np.int32) for n in range(2))
    assert people.had_access(place.astype(np.intp), day).tolist() == [
        any(n == p and s <= d < s + k for p, s, k in spans) for n, d in asked
    ]
    days = Window(date.fromordinal(first), date.fromordinal(first + 5))
    assert people.with_access(days).tolist() == [
        any(n == p and max(s, first) < min(s + k, first + 5) for p, s, k in spans) for n in range(4)
    ]


def _ordinals(days: list[date]) -> NDArray[np.int32]:
    return np.array([day.toordinal() for day in days], dtype=np.int32)


def test_the_pilots_made_at_random_try_everything() -> None:
    """Or the test above would prove less than it seems to."""
    seen: set[str] = set()
    for seed in range(150):
        figures = made_at_random(Random(seed)).figures()  # noqa: S311 - as above
        seen |= {s for s, count in figures["usage_segments"]["counts"].items() if count}
        for slug, figure in figures.items():
            seen |= figure["flags"] | {figure.get("reason")}
            if figure.get("value") not in (None, 0, 1):
                seen.add(slug)
    assert seen >= {
        *SEGMENTS,
        *("adoption_rate", "first_28_days_adoption", "last_28_days_adoption"),
        *("weekly_active_rate", "retention_rate", "returning_share"),
        "active_days_per_active_user_week",
        *("activation_rate", "median_days_to_first_use", "fewer_than_half_have_used_it"),
        *("small_sample", "not_estimable", "stale_data", "no_activity_data", "lower_bound"),
        *("partial_week", "short_history", "window_open", "basis_active_days"),
        *("nobody_had_access", "nobody_was_active", "no_previous_week_in_the_window"),
        "nobody_active_last_week_still_has_access",
    }
