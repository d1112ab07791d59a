"""Coverage: what samples were expected and what is missing, for the lead by name and for others in numbers."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import time_machine

from app.access.permissions import Role
from tests import coverage_oracle as oracle
from tests.council import Council, good, people, problem
from tests.coverage_oracle import Somebody
from tests.time_use import days_of, led_pilot, record, sample

# A Wednesday in the pilot's last week but one: Easter has just passed, and so has the spring change.
NOW = datetime(2024, 4, 3, 12, tzinfo=UTC)
PHASES = {
    "baseline": (date(2024, 2, 5), date(2024, 2, 19)),
    "pilot": (date(2024, 2, 26), date(2024, 4, 3)),
}


async def _coverage(client: httpx.AsyncClient, path: str, **query: Any) -> dict[str, Any]:
    return good(await client.get(f"{path}/time-coverage", params=query))


def _cell(answer: dict[str, Any], window: str, arm: str, week: str | None = None) -> dict[str, Any]:
    cells = answer["overall" if week is None else "weekly"]
    (found,) = [
        cell
        for cell in cells
        if (cell["window"], cell["arm"]) == (window, arm) and week in (None, cell.get("starts_on"))
    ]
    cell: dict[str, Any] = found
    return cell


def _counts(cell: dict[str, Any]) -> tuple[Any, ...]:
    names = ("expected", "covered", "unexpected", "people_expected", "people_with_samples")
    return tuple(cell[name] for name in names)


def _members(*numbers: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"person_external_id": n, "arm": "pilot", **fields} for n in numbers]


@time_machine.travel(NOW, tick=False)
async def test_bank_holidays_absences_joiners_and_leavers_are_not_expected(
    council: Council,
) -> None:
    admin = await council.admin()
    await people(admin, "E1", "E2", "E3")
    await people(admin, "GONE", left_on="2024-03-27")
    lead, path = await led_pilot(
        council,
        *_members("E1"),
        *_members("E2", joined_on="2024-03-27", left_on="2024-03-29"),
        *_members("GONE"),
        {"person_external_id": "E3", "arm": "comparison"},
    )
    away = [
        {"person_external_id": "E1", "starts_on": "2024-03-25", "ends_on": "2024-03-27"},
        {"person_external_id": "E1", "starts_on": "2024-03-26", "ends_on": "2024-03-28"},
        {"person_external_id": "E3", "starts_on": "2024-03-28", "ends_on": None},
    ]
    good(await admin.post("/absences/bulk", json={"items": away}))
    problem(await lead.get(f"{path}/time-coverage"), 409, "no_sampling_plan")
    good(await lead.put(f"{path}/sampling-plan", json={"method": "diary"}))
    rows = [
        # Away on the 25th, Good Friday on the 29th: seen all the same, and not expected.
        *days_of("2024-03-25", "2024-03-28", "2024-03-29"),
        *days_of("2024-03-26", "2024-03-27", "2024-03-28", person_external_id="E2"),
    ]
    await record(lead, path, rows)
    easter = await _coverage(lead, path, starts_on="2024-03-25", ends_on="2024-04-08")
    assert easter["window"] == {"starts_on": "2024-03-25", "ends_on": "2024-04-03"}
    # E1 on the 28th; E2 on the 27th and 28th (not a member before); GONE on the 25th and 26th.
    assert _counts(_cell(easter, "pilot", "pilot", "2024-03-25")) == (5, 3, 2, 3, 2)
    # Tuesday alone: Monday is a bank holiday, and today has not ended.
    assert _counts(_cell(easter, "pilot", "pilot", "2024-04-01")) == (1, 0, 0, 1, 0)
    assert _counts(_cell(easter, "pilot", "comparison", "2024-03-25")) == (3, 0, 0, 1, 0)
    assert _counts(_cell(easter, "pilot", "comparison")) == (3, 0, 0, 1, 0)
    assert _cell(easter, "pilot", "pilot")["coverage"] == 3 / 6
    assert _cell(easter, "pilot", "comparison", "2024-04-01")["coverage"] is None
    assert easter["missing_weeks"] == ["2024-04-01"]
    assert easter["weekdays_covered"] == ["monday", "wednesday", "thursday", "friday"]
    whole = await _coverage(lead, path)
    assert whole["window"] == {"starts_on": "2024-02-05", "ends_on": "2024-04-03"}
    assert [week["starts_on"] for week in whole["weekly"]].count("2024-02-19") == 0
    assert len(whole["missing_weeks"]) == 7
    named = good(await lead.get(f"{path}/time-coverage/people?starts_on=2024-03-25"))["items"]
    by_arm = [(item["arm"], item["expected"], item["covered"], item["missing"]) for item in named]
    assert sorted(by_arm) == [
        ("comparison", 3, 0, 3),
        ("pilot", 2, 0, 2),
        ("pilot", 2, 1, 1),
        ("pilot", 2, 2, 0),
    ]
    days = [item["missing_days"] for item in named if item["covered"] == 1]
    assert days == [["2024-04-02"]]


@time_machine.travel(NOW, tick=False)
async def test_a_sample_is_of_the_local_day_on_which_it_begins(council: Council) -> None:
    """23:30 UTC is the next day in summer; the clocks went forward on the 31st of March."""
    await people(await council.admin(), "E1")
    lead, path = await led_pilot(council, *_members("E1"))
    plan = {"method": "diary", "days": ["saturday", "sunday", "monday", "tuesday"]}
    good(await lead.put(f"{path}/sampling-plan", json=plan))
    rows = [
        sample("saturday", started_at="2024-03-30T23:30:00+00:00", minutes=600),
        sample("tuesday", started_at="2024-04-01T23:30:00+00:00"),
    ]
    await record(lead, path, rows)
    found = await _coverage(lead, path, starts_on="2024-03-30", ends_on="2024-04-03")
    assert found["weekdays_covered"] == ["tuesday", "saturday"]
    assert _counts(_cell(found, "pilot", "pilot")) == (3, 2, 0, 1, 1)


@time_machine.travel(datetime(2024, 11, 20, tzinfo=UTC), tick=False)
async def test_the_night_on_which_the_clocks_go_back_is_of_one_day(council: Council) -> None:
    await people(await council.admin(), "E1")
    ends = {"starts_on": "2024-10-01", "ends_on": "2024-11-04"}
    lead, path = await led_pilot(council, *_members("E1"), **ends)
    good(await lead.put(f"{path}/sampling-plan", json={"method": "diary", "days": ["sunday"]}))
    # The first and the last minute of 25 hours, and the minutes beside them.
    for n, moment in enumerate(("26T22:59", "26T23:00", "27T23:59", "28T00:00")):
        await record(
            lead, path, [sample(str(n), started_at=f"2024-10-{moment}:00+00:00", minutes=1)]
        )
    found = await _coverage(lead, path, starts_on="2024-10-21", ends_on="2024-11-04")
    assert found["weekdays_covered"] == ["monday", "saturday", "sunday"]
    assert _counts(_cell(found, "pilot", "pilot", "2024-10-21")) == (1, 1, 1, 1, 1)
    assert _counts(_cell(found, "pilot", "pilot", "2024-10-28")) == (1, 0, 1, 1, 1)


@time_machine.travel(NOW, tick=False)
async def test_samples_taken_back_count_no_longer_and_other_pilots_never(council: Council) -> None:
    await people(await council.admin(), "E1", "E2")
    lead, path = await led_pilot(council, *_members("E1"))
    other, elsewhere = await led_pilot(council, *_members("E1"), code="OTHER")
    good(await lead.put(f"{path}/sampling-plan", json={"method": "diary"}))
    await record(other, elsewhere, days_of("2024-03-05"))
    await record(lead, path, days_of("2024-03-04", "2024-03-04", "2024-03-06"))
    await record(lead, path, days_of("2024-03-06", deleted=True))
    await record(lead, path, days_of("2024-03-07", person_external_id="E2"))
    found = await _coverage(lead, path, starts_on="2024-03-04", ends_on="2024-03-11")
    assert _counts(_cell(found, "pilot", "pilot")) == (5, 1, 0, 1, 1)


@time_machine.travel(NOW, tick=False)
async def test_a_council_at_random_is_counted_as_one_by_one(council: Council) -> None:
    """Thirty people with everything that may happen to them, held against the oracle; the seed is fixed."""
    chance = random.Random(42)  # noqa: S311 - a made-up council
    first = date(2024, 1, 29)

    def span(longest: int) -> oracle.Span:
        begins = first + timedelta(days=chance.randrange(75))
        return begins, begins + timedelta(days=1 + chance.randrange(longest))

    always = (date(1900, 1, 1), date(2199, 12, 31))
    everybody = {
        f"E{n}": Somebody(
            chance.choice(["pilot", "pilot", "comparison"]),
            span(60) if chance.random() < 0.4 else always,
            span(90) if chance.random() < 0.2 else always,
            tuple(span(10) for _ in range(chance.randrange(3))),
            frozenset(first + timedelta(days=chance.randrange(75)) for _ in range(25)),
        )
        for n in range(30)
    }
    lead, path = await _of_oracle(council, everybody)
    plan = {"method": "timesheet", "days": ["monday", "tuesday", "thursday", "saturday"]}
    good(await lead.put(f"{path}/sampling-plan", json={**plan, "person_days_per_week": 3}))
    answer = await _coverage(lead, path)
    for window, days in PHASES.items():
        for arm in ("pilot", "comparison"):
            each = [
                oracle.counts(who, days, {0, 1, 3, 5}, 3, {"pilot", "comparison"})
                for who in everybody.values()
                if who.arm == arm
            ]
            weeks = {week: [counts[week] for counts in each] for week in each[0]}
            for (year, number), counted in weeks.items():
                monday = date.fromisocalendar(year, number, 1).isoformat()
                assert _counts(_cell(answer, window, arm, monday)) == _added(counted)
            persons = [tuple(map(sum, zip(*counts.values(), strict=True))) for counts in each]
            assert _counts(_cell(answer, window, arm)) == _added(persons)


def _added(counted: list[Any]) -> tuple[int, ...]:
    sums = tuple(sum(one[n] for one in counted) for n in range(3))
    expected = sum(one[0] > 0 for one in counted)
    return (*sums, expected, sum(one[1] + one[2] > 0 for one in counted))


async def _of_oracle(
    council: Council, everybody: dict[str, Somebody]
) -> tuple[httpx.AsyncClient, str]:
    admin = await council.admin()
    staff = [
        {
            "external_id": number,
            "started_on": who.employed[0].isoformat(),
            "left_on": who.employed[1].isoformat(),
        }
        for number, who in everybody.items()
    ]
    assert good(await admin.post("/people/bulk", json={"items": staff}))["rejected"] == 0
    members = [
        {
            "person_external_id": number,
            "arm": who.arm,
            "joined_on": who.takes_part[0].isoformat(),
            "left_on": who.takes_part[1].isoformat(),
        }
        for number, who in everybody.items()
    ]
    lead, path = await led_pilot(council, *members)
    away = [
        {
            "person_external_id": number,
            "starts_on": days[0].isoformat(),
            "ends_on": days[1].isoformat(),
        }
        for number, who in everybody.items()
        for days in who.away
    ]
    assert good(await admin.post("/absences/bulk", json={"items": away}))["rejected"] == 0
    for number, who in everybody.items():
        rows = days_of(
            *(d.isoformat() for d in who.samples if d < date(2024, 4, 4)), person_external_id=number
        )
        await record(lead, path, rows)
    return lead, path


@time_machine.travel(NOW, tick=False)
async def test_small_counts_are_withheld_from_all_but_the_lead(council: Council) -> None:
    numbers = [f"E{n}" for n in range(12)]
    others = [f"C{n}" for n in range(4)]
    await people(await council.admin(), *numbers, *others)
    comparison = [{"person_external_id": n, "arm": "comparison"} for n in others]
    lead, path = await led_pilot(council, *_members(*numbers), *comparison)
    good(await lead.put(f"{path}/sampling-plan", json={"method": "diary"}))
    for week, sampled in (("03-04", 12), ("03-11", 12), ("03-18", 3), ("02-26", 6), ("03-25", 9)):
        for number in numbers[:sampled]:
            await record(lead, path, days_of(f"2024-{week}", person_external_id=number))
    for number in others:
        await record(lead, path, days_of("2024-03-05", person_external_id=number))
    exact = await _coverage(lead, path)
    assert not any(cell["suppressed"] for cell in [*exact["overall"], *exact["weekly"]])
    assert exact["missing_weeks"] == ["2024-02-05", "2024-02-12", "2024-04-01"]
    assert exact["weekdays_covered"] == ["monday", "tuesday"]
    for role in (Role.ANALYST, Role.ADMIN, Role.ICT_MANAGER):
        with time_machine.travel("2024-04-09T12:00:00Z", tick=False):  # the window is over
            seen = await _coverage(await council.as_role(role), path)
        shown = {
            (cell["window"], cell["starts_on"]): cell
            for cell in seen["weekly"]
            if cell["arm"] == "pilot"
        }
        # Three have samples; of nine the three others have none: each of the two weeks with its figures.
        hidden = {week for week, cell in shown.items() if cell["suppressed"]}
        assert hidden >= {("pilot", "2024-03-18"), ("pilot", "2024-03-25")}
        assert _counts(shown["pilot", "2024-03-04"]) == (60, 12, 0, 12, 12)
        for cell in [*seen["overall"], *seen["weekly"]]:
            if cell["suppressed"]:
                assert _counts(cell) == (None,) * 5
                assert cell["coverage"] is None
            if cell["arm"] == "comparison":
                assert cell["suppressed"], "four people"
        assert seen["weekdays_covered"] == ["monday"], "four people had samples on a Tuesday"
        assert set(seen["missing_weeks"]) <= set(exact["missing_weeks"])


@time_machine.travel(NOW, tick=False)
async def test_a_withheld_week_does_not_follow_from_the_whole(council: Council) -> None:
    numbers = [f"E{n}" for n in range(20)]
    await people(await council.admin(), *numbers)
    lead, path = await led_pilot(council, *_members(*numbers), ends_on="2024-04-01")
    good(await lead.put(f"{path}/sampling-plan", json={"method": "diary"}))
    for week in ("02-26", "03-04", "03-11", "03-25"):
        for number in numbers:
            await record(lead, path, days_of(f"2024-{week}", person_external_id=number))
    await record(lead, path, days_of("2024-03-18"))
    analyst = await council.as_role(Role.ANALYST)
    seen = await _coverage(analyst, path)
    whole = _cell(seen, "pilot", "pilot")
    assert (whole["covered"], whole["people_with_samples"]) == (81, 20)
    hidden = [week["starts_on"] for week in seen["weekly"] if week["suppressed"]]
    assert "2024-03-18" in hidden
    assert len(hidden) > 1


@time_machine.travel(NOW, tick=False)
async def test_a_withheld_week_is_not_called_missing(council: Council) -> None:
    """It would say that its count is 0, and so what the other withheld week's is."""
    numbers, others = [f"E{n}" for n in range(12)], [f"C{n}" for n in range(6)]
    await people(await council.admin(), *numbers, *others)
    comparison = [{"person_external_id": n, "arm": "comparison"} for n in others]
    lead, path = await led_pilot(council, *_members(*numbers), *comparison, ends_on="2024-03-25")
    good(await lead.put(f"{path}/sampling-plan", json={"method": "diary"}))
    for week, sampled in (("02-26", 3), ("03-11", 12), ("03-18", 12)):
        for number in numbers[:sampled]:
            await record(lead, path, days_of(f"2024-{week}", person_external_id=number))
    baseline = {"2024-02-05", "2024-02-12"}
    exact = await _coverage(lead, path)
    assert set(exact["missing_weeks"]) - baseline == {"2024-03-04"}
    seen = await _coverage(await council.as_role(Role.ANALYST), path)
    hidden = {cell["starts_on"] for cell in seen["weekly"] if cell["suppressed"]}
    # The week of three is told together with those after it, until they are enough.
    assert hidden == {"2024-02-26", "2024-03-04", "2024-03-11"}
    assert set(seen["missing_weeks"]) <= baseline


@time_machine.travel(NOW, tick=False)
async def test_named_coverage_is_for_the_lead_alone_paged_and_recorded(
    council: Council, other_council: Council
) -> None:
    admin = await council.admin()
    await people(admin, "E1", "E2", "E3")
    lead, path = await led_pilot(council, *_members("E1", "E2", "E3"))
    good(await lead.put(f"{path}/sampling-plan", json={"method": "diary"}))
    named = f"{path}/time-coverage/people"
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = good(await lead.get(f"{named}?limit=2{cursor}"))
        seen += [item["person_id"] for item in page["items"]]
        cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None
    assert len(set(seen)) == len(seen) == 3
    problem(await admin.get(named), 403, "pilot_lead_only")
    analyst = await council.as_role(Role.ANALYST)
    problem(await analyst.get(named), 403, "scope_missing")
    integrator = await council.as_role(Role.INTEGRATOR)
    problem(await integrator.get(f"{path}/time-coverage"), 403, "scope_missing")
    for stranger in (await council.as_role(Role.PILOT_LEAD), await other_council.admin()):
        problem(await stranger.get(named), 404, "not_found")
        problem(await stranger.get(f"{path}/time-coverage"), 404, "not_found")
    events = good(await admin.get("/audit-events?action=time_coverage.read"))["items"]
    assert [event["details"] for event in events] == [{"rows": 1}, {"rows": 2}]


@time_machine.travel(NOW, tick=False)
async def test_days_that_have_not_come_are_not_expected_and_windows_are_held_in_order(
    council: Council,
) -> None:
    await people(await council.admin(), "E1")
    lead, path = await led_pilot(council, *_members("E1"))
    good(await lead.put(f"{path}/sampling-plan", json={"method": "diary"}))
    later = await _coverage(lead, path, starts_on="2024-04-04", ends_on="2024-04-08")
    assert later["window"] == {"starts_on": "2024-04-04", "ends_on": "2024-04-04"}
    assert (later["overall"], later["weekly"], later["missing_weeks"]) == ([], [], [])
    backwards = {"starts_on": "2024-03-04", "ends_on": "2024-03-04"}
    answer = await lead.get(f"{path}/time-coverage", params=backwards)
    problem(answer, 422, "empty_window")
