"""Which person-days are expected and covered, and which samples overlap: held against brute force."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.periods import Window
from app.metrics.time_quality.inspection import overlapping
from app.pilots.models import Arm, Member
from app.pilots.roll import Roll
from app.time_use.plans.expectation import (
    Schedule,
    missing_days,
    open_days,
    sampled_days,
    tally,
    weeks_of,
)
from tests import coverage_oracle as oracle
from tests.coverage_oracle import Somebody

_FIRST = date(2024, 3, 18)
_SETTINGS = settings(max_examples=200, deadline=None)
days = st.integers(-10, 60).map(lambda n: _FIRST + timedelta(days=n))
spans = st.tuples(days, st.integers(1, 40)).map(lambda t: (t[0], t[0] + timedelta(days=t[1])))
_ALWAYS = (date(1900, 1, 1), date(2199, 12, 31))
_EVERY_DAY = st.just(frozenset(_FIRST + timedelta(days=n) for n in range(-10, 101)))
people = st.lists(
    st.builds(
        Somebody,
        st.sampled_from(["pilot", "comparison"]),
        st.one_of(st.just(_ALWAYS), spans),
        st.one_of(st.just(_ALWAYS), spans),
        st.lists(spans, max_size=3).map(tuple),
        st.one_of(st.frozensets(days, max_size=30), _EVERY_DAY),
    ),
    min_size=1,
    max_size=4,
)
weekdays = st.one_of(st.just(frozenset(range(5))), st.frozensets(st.integers(0, 6), min_size=1))
arms = st.sampled_from([{"pilot"}, {"comparison"}, {"pilot", "comparison"}])


def _member(n: int, who: Somebody) -> Member:
    away = tuple(Window(*span) for span in who.away)
    return Member(UUID(int=n), Arm(who.arm), Window(*who.takes_part), Window(*who.employed), away)


@given(people, spans, weekdays, st.integers(1, 7), arms)
@_SETTINGS
def test_person_days_are_those_that_counting_one_by_one_finds(
    members: list[Somebody],
    span: oracle.Span,
    asked: frozenset[int],
    per_week: int,
    of: set[str],
) -> None:
    schedule = Schedule(asked, per_week, frozenset(Arm(arm) for arm in of))
    window = Window(*span)
    known = [_member(n, who) for n, who in enumerate(members)]
    may = open_days(schedule, Roll.of(known), window)
    seen = {UUID(int=n): set(who.samples) for n, who in enumerate(members)}
    sampled = sampled_days(known, window, seen)
    counted = tally(schedule, window, may, sampled)
    missing = missing_days(window, may, sampled, counted)
    for n, who in enumerate(members):
        right = oracle.counts(who, span, asked, per_week, of)
        found = {
            week.starts_on.isocalendar()[:2]: (
                int(counted.expected[n, place]),
                int(counted.covered[n, place]),
                int(counted.unexpected[n, place]),
            )
            for place, week in enumerate(weeks_of(window))
        }
        assert found == right
        assert missing[n] == [
            day
            for day in oracle.days_of(span)
            if oracle.is_open(day, who, asked, of)
            and day not in who.samples
            and right[day.isocalendar()[:2]][0] > right[day.isocalendar()[:2]][1]
        ]


_BEGAN = datetime(2024, 3, 30, 22, 0, tzinfo=UTC)
samples = st.lists(
    st.tuples(
        st.integers(0, 300).map(lambda n: _BEGAN + timedelta(minutes=n)),
        st.one_of(st.integers(1, 40), st.integers(1, 300)).map(float),
    ),
    max_size=12,
)


@given(samples)
@_SETTINGS
def test_samples_overlap_where_any_two_of_them_do(rows: list[tuple[datetime, float]]) -> None:
    in_order = sorted(rows)
    assert overlapping(in_order) == oracle.overlaps(in_order)


def test_one_may_begin_as_another_ends() -> None:
    later = _BEGAN + timedelta(minutes=30)
    assert overlapping([(_BEGAN, 30.0), (later, 5.0)]) == [False, False]
    assert overlapping([(_BEGAN, 30.5), (later, 5.0)]) == [True, True]
    assert overlapping([(_BEGAN, 5.0), (_BEGAN, 5.0)]) == [True, True]
