"""Days, ISO weeks and half-open windows."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.core.periods import Window, iso_week_of
from app.licences.activity.models import Period
from app.licences.activity.years import counted_on

DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@given(DAYS)
def test_a_day_is_in_its_iso_week(day: date) -> None:
    week = iso_week_of(day)
    assert day in week
    assert week.days == 7
    assert week.starts_on.isocalendar()[:2] == day.isocalendar()[:2]
    assert week.starts_on.isoweekday() == 1


@given(DAYS, st.integers(0, 60))
def test_the_iso_weeks_of_a_window_cover_each_of_its_days_once(start: date, length: int) -> None:
    window = Window(start, start + timedelta(days=length))
    weeks = list(window.iso_weeks())
    days = [start + timedelta(days=n) for n in range(length)]
    assert [sum(day in week for week in weeks) for day in days] == [1] * length
    assert sum(week.clip(window).days for week in weeks) == length
    assert all(week.overlaps(window) for week in weeks)


def test_a_window_ends_before_its_end() -> None:
    window = Window(date(2024, 4, 1), date(2024, 4, 8))
    assert date(2024, 4, 1) in window
    assert date(2024, 4, 8) not in window
    assert Window(date(2024, 4, 8), date(2024, 4, 1)).days == 0


@given(DAYS, st.integers(0, 60), st.integers(-10, 70))
def test_a_window_until_a_day_holds_its_days_up_to_that_one(
    start: date, length: int, n: int
) -> None:
    window = Window(start, start + timedelta(days=length))
    last = start + timedelta(days=n)
    cut = window.until(last)
    days = [start + timedelta(days=n) for n in range(-10, 80)]
    assert [day for day in days if day in cut] == [d for d in days if d in window and d <= last]
    assert cut.days == max(0, min(length, n + 1))
    assert cut.starts_on <= cut.ends_on == min(window.ends_on, last + timedelta(days=1))


@given(DAYS)
def test_a_week_from_sunday_counts_in_the_iso_week_that_follows(day: date) -> None:
    sunday = day - timedelta(days=day.isoweekday() % 7)
    counted = counted_on(Period.WEEK, sunday)
    assert counted == sunday + timedelta(days=3)
    assert iso_week_of(counted).starts_on == sunday + timedelta(days=1)
    assert counted_on(Period.DAY, day) == day
