"""Small pilots made at random: every figure of every week equals one computed from the text alone."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.periods import Window
from app.licences.activity.models import Period
from app.metrics.adoption.calculation import Adoption
from app.metrics.adoption.history import History, Quality
from app.metrics.adoption.repository import Participant, Record
from app.metrics.figures import AnyFigure, Segments
from app.metrics.suppression import Figures
from tests.adoption_oracle import SEGMENTS, Expected, Oracle, Row, is_activity, key_of

MONDAY = date(2024, 2, 26)
DAY = timedelta(days=1)


def records_from(rows: list[Row]) -> list[Record]:
    """The rows of a day or week over all apps, as the database adds them up."""
    together: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        together[key_of(row)].append(row)
    found = []
    for (person, product, period, starts_on), same in together.items():
        total: Row = next((r for r in same if r["app"] == "any"), {})
        apps = [r for r in same if r["app"] != "any"]
        actions = [r["actions"] for r in apps if r["actions"] is not None]
        found.append(
            Record(
                person_id=person,
                product=product,
                period=Period(period),
                period_starts_on=starts_on,
                total_days=total.get("active_days"),
                apps_days=max(
                    (r["active_days"] for r in apps if r["active_days"] is not None), default=None
                ),
                total_actions=total.get("actions"),
                apps_actions=sum(actions) if actions else None,
                has_total=bool(total),
                active_rows=sum(map(is_activity, same)),
            )
        )
    return found


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
    participants = [
        Participant(
            m["person"],
            (Window(m["joined_on"] or date.min, m["left_on"] or date.max),)
            if m["arm"] == "pilot"
            else (),
            m["joined_on"] or oracle.starts_on,
            None,
        )
        for m in oracle.members
    ]
    history = History(participants, records_from(oracle.rows), oracle.as_of)
    adoption = Adoption(history, Window(oracle.starts_on, oracle.ends_on), oracle.as_of)
    return adoption.figures(), dict(adoption.weekly()), adoption.quality()


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
