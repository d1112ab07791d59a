"""What waits for weeks of few people, and goes with what it shares counts with."""

from typing import Any
from uuid import UUID

import pytest

from app.access.permissions import Role
from app.core.arrays import Ids, array_of
from app.metrics.breakdowns import Breakdown, suppress_together
from app.metrics.figures import Figure
from app.metrics.groups import GroupBy
from tests.adoption import ask, days, member
from tests.adoption import record as use
from tests.council import Council, people, pilot
from tests.time_use import member_of, pilot_of, read, record, recorded
from tests.withheld import SLUG, rate

BASELINE, WEEKS = "2024-02-06", ("2024-02-27", "2024-03-05", "2024-03-12", "2024-03-19")
Page = dict[str, Any]


def _worked(day: str, *numbers: int) -> list[Page]:
    return [recorded(n, day, code, 60 + n) for n in numbers for code in ("forms", "visit")]


def _all_suppressed(figures: Page) -> set[bool]:
    return {each["suppressed"] for each in figures.values() if isinstance(each, dict)}


async def _with_a_week_of_one(council: Council) -> str:
    """Six of arm `pilot` and six compared; in the second week one of the six alone recorded."""
    arms = [member_of(n, arm="pilot" if n < 7 else "comparison") for n in range(1, 13)]
    admin, path = await pilot_of(council, arms)
    rows = [row for day in (BASELINE, *WEEKS) for row in _worked(day, *range(7, 13))]
    rows += [
        row for day in (BASELINE, *WEEKS) if day != WEEKS[1] for row in _worked(day, *range(1, 7))
    ]
    await record(admin, path, [*rows, *_worked(WEEKS[1], 3)])
    return path


async def test_a_total_waits_from_a_week_of_few_until_the_window_is_over(council: Council) -> None:
    path = await _with_a_week_of_one(council)
    analyst = await council.as_role(Role.ANALYST)
    before = await read(analyst, path, "?as_of=2024-03-03")
    assert _all_suppressed(before["pilot"]) == {False}
    assert not before["change"]["suppressed"]
    during = await read(analyst, path, "?as_of=2024-03-17")
    # All that says what arm `pilot` did since then, and what would follow from its change.
    assert _all_suppressed(during["pilot"]) == {True}
    for variant in during["variants"].values():
        assert variant["pilot"]["suppressed"]
        assert variant["change"]["suppressed"]
        assert not variant["baseline"]["suppressed"]
    assert during["change"]["suppressed"]
    assert during["effect"]["suppressed"]
    assert during["quality"]["pilot"]["person_days_sampled"] is None
    assert during["quality"]["baseline"]["person_days_sampled"] == 6
    assert _all_suppressed(during["baseline"]) == {False}
    # The arm that is compared had no such week.
    assert _all_suppressed(during["comparison"]["pilot"]) == {False}
    assert not during["comparison"]["change"]["suppressed"]
    over = await read(analyst, path)
    assert _all_suppressed(over["pilot"]) == {False}
    assert not over["effect"]["suppressed"]
    hidden = {w["starts_on"] for w in over["weekly"] if w["admin_share"]["suppressed"]}
    # With the week of one goes the next, so that the two are told of by their sum.
    assert hidden == {"2024-03-04", "2024-03-11"}


async def test_figures_of_one_arm_and_window_that_share_minutes_go_together(
    council: Council,
) -> None:
    """Six recorded, and three of them anything but travel: hours of admin of all six would be those of three."""
    admin, path = await pilot_of(council, [member_of(n) for n in range(1, 7)])
    rows = [recorded(n, WEEKS[0], "travel", 60) for n in range(4, 7)]
    await record(admin, path, [*rows, *_worked(WEEKS[0], 1, 2, 3)])
    analyst = await council.as_role(Role.ANALYST)
    found = await read(analyst, path)
    assert _all_suppressed(found["pilot"]) == {True}
    assert found["variants"]["broad"]["pilot"]["suppressed"]
    (week,) = [w for w in found["weekly"] if w["starts_on"] == "2024-02-26"]
    assert _all_suppressed(week) == {True}


async def test_figures_of_one_group_that_share_minutes_go_together(council: Council) -> None:
    """Time outside the ratio is of six in A; what it leaves of all they recorded is of three."""
    teams = {"A": range(1, 7), "B": range(7, 17), "C": range(17, 29)}
    admin, path = await pilot_of(council, [member_of(n) for n in range(1, 29)])
    for team, numbers in teams.items():
        await people(admin, *(f"E{n}" for n in numbers), team=team)
    rows = [recorded(n, WEEKS[0], "travel", 60) for n in range(4, 7)]
    await record(admin, path, [*rows, *_worked(WEEKS[0], 1, 2, 3, *range(7, 29))])
    found = await read(await council.as_role(Role.ANALYST), path, "?group_by=team")
    groups = {group["group"]: _all_suppressed(group["pilot"]) for group in found["groups"]}
    assert groups["A"] == {True}
    assert groups["C"] == {False}
    assert _all_suppressed(found["pilot"]) == {False}


async def test_rates_of_a_withheld_week_and_of_the_one_after_go_with_it(council: Council) -> None:
    client = await council.admin()
    staff = [f"E{n}" for n in range(1, 11)]
    await people(client, *staff)
    dates = {"starts_on": "2024-04-01", "ends_on": "2024-05-27"}
    pilot_id = await pilot(client, *map(member, staff), kind="social_care", **dates)
    every = ("2024-04-02", "2024-04-09", "2024-04-16", "2024-04-23", "2024-04-30")
    rows = [row for n in staff for row in days(n, *(d for d in every if d != every[1]))]
    await use(client, *rows, *(row for n in staff[:3] for row in days(n, every[1])))
    analyst = await council.as_role(Role.ANALYST)
    found = await ask(analyst, pilot_id, as_of="2024-05-05")
    hidden = {
        slug: {w["starts_on"] for w in found["weekly"] if w[slug]["suppressed"]}
        for slug in (
            *("active_days_per_active_user_week", "weekly_active_rate"),
            *("retention_rate", "returning_share"),
        )
    }
    # The week of three is told of together with the next; the rates of two weeks hold the people of both.
    second, third, fourth = "2024-04-08", "2024-04-15", "2024-04-22"
    assert hidden["active_days_per_active_user_week"] == {second, third}
    assert hidden["weekly_active_rate"] == {second, third}
    assert hidden["retention_rate"] >= {second, third, fourth}
    assert hidden["returning_share"] >= {second, third, fourth}
    assert found["figures"]["active_days_per_active_user_week"]["suppressed"]
    # Over the window they stand for its last whole week: here the third.
    of_third = (await ask(analyst, pilot_id, as_of="2024-04-21"))["figures"]
    assert of_third["weekly_active_rate"]["window"]["starts_on"] == third
    assert of_third["weekly_active_rate"]["suppressed"]


def _ids(numbers: range) -> Ids:
    return array_of([UUID(int=n + 1) for n in numbers])


@pytest.mark.parametrize("is_shown", [True, False])
def test_a_small_team_does_not_follow_from_its_department_and_its_other_teams(
    *, is_shown: bool
) -> None:
    """A (3) goes with C (9), so the total tells nothing; but department X is A and B."""
    teams = {"A": range(3), "B": range(3, 13), "C": range(13, 22), "D": range(22, 40)}
    departments = {"X": range(13), "Y": range(13, 40)}

    def of(parts: dict[str, range]) -> Breakdown:
        figures: dict[str, dict[str, Any]] = {n: {SLUG: rate(0, len(r))} for n, r in parts.items()}
        return Breakdown(figures, {name: _ids(part) for name, part in parts.items()})

    breakdowns = {GroupBy.TEAM: of(teams)}
    if is_shown:
        breakdowns[GroupBy.DEPARTMENT] = of(departments)
    shown = suppress_together({SLUG: rate(0, 40)}, breakdowns, 5)
    hidden = {
        name
        for groups in shown.values()
        for name, figures in groups.items()
        if isinstance(figure := figures[SLUG], Figure) and figure.suppressed
    }
    assert hidden == ({"A", "B", "C"} if is_shown else {"A", "C"})
