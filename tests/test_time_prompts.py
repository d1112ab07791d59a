"""Random moments: drawn once, uniformly, repeatable from the seed, and shown to few."""

from collections import Counter
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from app.access.permissions import Role
from app.core.identifiers import Identifier, identifiers_in
from app.core.local_days import length, minutes_between
from app.time_use.prompts import service
from app.time_use.prompts.moments import days_drawn, moments_drawn
from tests.council import Council, good, people, problem
from tests.time_use import led_pilot, record, sample

LONDON = ZoneInfo("Europe/London")
PLAN = {"method": "random_moment", "prompts_per_day": 3, "from": "09:00", "until": "17:00"}
WEEK = {"starts_on": "2024-03-04", "ends_on": "2024-03-11"}
SEED = 20240304


async def _drawing(
    council: Council, *members: dict[str, Any], **plan: Any
) -> tuple[httpx.AsyncClient, str]:
    admin = await council.admin()
    await people(admin, *(member["person_external_id"] for member in members))
    lead, path = await led_pilot(council, *members)
    good(await lead.put(f"{path}/sampling-plan", json={**PLAN, **plan}))
    return lead, path


def _members(*numbers: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"person_external_id": n, "arm": "pilot", **fields} for n in numbers]


async def _draw(client: httpx.AsyncClient, path: str, **fields: Any) -> dict[str, Any]:
    body = {**WEEK, "seed": SEED, **fields}
    return good(await client.post(f"{path}/time-prompts/draw", json=body), 201)


async def _listed(client: httpx.AsyncClient, path: str, **query: Any) -> list[dict[str, Any]]:
    query = {"limit": 200, **query}
    items: list[dict[str, Any]] = good(await client.get(f"{path}/time-prompts", params=query))[
        "items"
    ]
    return items


def _by_person_day(items: list[dict[str, Any]]) -> dict[tuple[str, date], list[datetime]]:
    found: dict[tuple[str, date], list[datetime]] = {}
    for item in items:
        moment = datetime.fromisoformat(item["prompt_at"]).astimezone(LONDON)
        found.setdefault((item["person_id"], moment.date()), []).append(moment)
    return found


async def test_every_expected_person_day_gets_its_prompts_once(council: Council) -> None:
    lead, path = await _drawing(council, *_members("E1", "E2"))
    first = await _draw(lead, path)
    assert (first["drawn"], first["person_days"], first["person_days_there"]) == (30, 10, 0)
    assert (first["seed"], first["short_person_days"]) == (SEED, 0)
    items = await _listed(lead, path)
    drawn = _by_person_day(items)
    assert len(drawn) == 10
    for (_, day), moments in drawn.items():
        assert day.weekday() < 5
        assert len(set(moments)) == 3
        assert all(time(9) <= m.time() < time(17) and m.second == 0 for m in moments)
    again = await _draw(lead, path, seed=SEED + 1)
    assert (again["drawn"], again["person_days"], again["person_days_there"]) == (0, 0, 10)
    assert await _listed(lead, path) == items
    # Somebody who comes later gets prompts, and nobody else more.
    await people(await council.admin(), "E3")
    body = {"items": _members("E3", joined_on="2024-03-07")}
    good(await lead.post(f"{path}/members/bulk", json=body))
    later = await _draw(lead, path)
    assert (later["drawn"], later["person_days"], later["person_days_there"]) == (6, 2, 10)


async def test_the_same_seed_draws_the_same_moments_whoever_else_is_there(council: Council) -> None:
    lead, alone = await _drawing(council, *_members("E1"))
    await _draw(lead, alone)
    await people(await council.admin(), "E0", "E2")
    second, together = await led_pilot(council, *_members("E0", "E1", "E2"), code="SECOND")
    good(await second.put(f"{together}/sampling-plan", json=PLAN))
    for day in ("2024-03-08", "2024-03-04", "2024-03-06"):  # and in whatever order
        after = f"{day[:-1]}{int(day[-1]) + 1}"
        await _draw(second, together, starts_on=day, ends_on=after)
    await _draw(second, together)
    expected = _by_person_day(await _listed(lead, alone))
    found = _by_person_day(await _listed(second, together))
    (person_id,) = {who for who, _ in expected}
    assert {key: sorted(moments) for key, moments in found.items() if key[0] == person_id} == {
        key: sorted(moments) for key, moments in expected.items()
    }


async def test_some_days_of_a_week_where_the_plan_asks_for_some(council: Council) -> None:
    lead, path = await _drawing(council, *_members("E1", "E2"), person_days_per_week=2)
    part = await _draw(lead, path, ends_on="2024-03-05")
    assert part["person_days"] == 2
    rest = await _draw(lead, path)
    assert (rest["person_days"], rest["person_days_there"]) == (2, 2)
    days = Counter(who for who, _ in _by_person_day(await _listed(lead, path)))
    assert set(days.values()) == {2}


async def test_nobody_is_asked_on_bank_holidays_while_away_or_outside_the_pilot(
    council: Council,
) -> None:
    lead, path = await _drawing(
        council,
        *_members("E1", "E2", left_on="2024-03-28"),
        {"person_external_id": "E3", "arm": "comparison"},
        arms="pilot",
    )
    away = {"person_external_id": "E2", "starts_on": "2024-03-26", "ends_on": "2024-03-27"}
    admin = await council.admin()
    good(await admin.post("/absences/bulk", json={"items": [away]}))
    # Easter: Good Friday is the 29th, Easter Monday the 1st of April.
    easter = {"starts_on": "2024-03-25", "ends_on": "2024-04-15"}
    assert (await _draw(lead, path, **easter))["person_days"] == 5
    good(await lead.put(f"{path}/sampling-plan", json=PLAN))
    done = await _draw(lead, path, **easter)
    assert (done["person_days"], done["person_days_there"]) == (8, 5)
    listed = _by_person_day(await _listed(lead, path))
    days = {day for _, day in listed}
    assert not days & {date(2024, 3, 29), date(2024, 4, 1)}
    assert max(days) == date(2024, 4, 5), "the pilot ends on the 8th"


async def test_moments_on_the_days_on_which_the_clocks_change(council: Council) -> None:
    """A night shift: an hour is skipped in spring, and there twice in autumn."""
    hours = {"from": "01:00", "until": "03:00", "prompts_per_day": 24, "days": ["sunday"]}
    lead, path = await _drawing(council, *_members("E1"), **hours)
    good(await lead.patch(path, json={"ends_on": "2024-11-04"}, headers={"If-Match": "*"}))
    spring = await _draw(lead, path, starts_on="2024-03-31", ends_on="2024-04-01")
    autumn = await _draw(lead, path, starts_on="2024-10-27", ends_on="2024-10-28")
    assert (spring["drawn"], autumn["drawn"]) == (24, 24)
    items = await _listed(lead, path)
    moments = [datetime.fromisoformat(item["prompt_at"]) for item in items]
    assert len(set(moments)) == 48
    local = [moment.astimezone(LONDON) for moment in moments]
    assert {m.hour for m in local if m.month == 3} == {2}
    folds = Counter((m.hour, m.fold) for m in local if m.month == 10)
    assert set(folds) == {(1, 0), (1, 1), (2, 0)}


async def test_where_the_clocks_leave_too_few_minutes_all_are_drawn_and_it_is_said(
    council: Council,
) -> None:
    hours = {"from": "01:50", "until": "02:02", "prompts_per_day": 10, "days": ["sunday"]}
    lead, path = await _drawing(council, *_members("E1"), **hours)
    done = await _draw(lead, path, starts_on="2024-03-25", ends_on="2024-04-01")
    assert (done["drawn"], done["person_days"], done["short_person_days"]) == (2, 1, 1)


async def test_a_seed_is_made_where_none_is_given_and_a_plan_must_ask_for_moments(
    council: Council,
) -> None:
    lead, path = await led_pilot(council)
    draw = f"{path}/time-prompts/draw"
    problem(await lead.post(draw, json=WEEK), 409, "no_sampling_plan")
    good(await lead.put(f"{path}/sampling-plan", json={"method": "diary"}))
    problem(await lead.post(draw, json=WEEK), 409, "not_random_moment")
    good(await lead.put(f"{path}/sampling-plan", json=PLAN))
    seeds = {good(await lead.post(draw, json=WEEK), 201)["seed"] for _ in range(3)}
    assert len(seeds) == 3
    long = {"starts_on": "2024-03-01", "ends_on": "2024-04-02"}
    answer = problem(await lead.post(draw, json=long), 422, "invalid_input")
    assert answer["errors"][0]["code"] == "window_too_long"


async def test_no_more_prompts_at_once_than_a_draw_may_hold(
    council: Council, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_PROMPTS", 29)
    lead, path = await _drawing(council, *_members("E1", "E2"))
    answer = await lead.post(f"{path}/time-prompts/draw", json=WEEK)
    problem(answer, 409, "too_many_prompts")
    assert await _listed(lead, path) == []


async def test_prompts_are_shown_to_the_lead_and_to_whoever_sends_them(
    council: Council, other_council: Council
) -> None:
    lead, path = await _drawing(council, *_members("E1", "E2"))
    await _draw(lead, path)
    integrator = await council.as_role(Role.INTEGRATOR)
    assert await _listed(integrator, path) == await _listed(lead, path)
    one = (await _listed(lead, path))[0]["person_id"]
    some = await _listed(
        integrator, path, starts_on="2024-03-05", ends_on="2024-03-07", person_id=one
    )
    assert {key[1].day for key in _by_person_day(some)} == {5, 6}
    assert {item["person_id"] for item in some} == {one}
    admin = await council.admin()
    problem(await admin.get(f"{path}/time-prompts"), 403, "pilot_lead_only")
    analyst = await council.as_role(Role.ANALYST)
    problem(await analyst.get(f"{path}/time-prompts"), 403, "scope_missing")
    problem(await integrator.post(f"{path}/time-prompts/draw", json=WEEK), 403, "scope_missing")
    for stranger in (await council.as_role(Role.PILOT_LEAD), await other_council.admin()):
        problem(await stranger.get(f"{path}/time-prompts"), 404, "not_found")
        problem(await stranger.post(f"{path}/time-prompts/draw", json=WEEK), 404, "not_found")
    events = good(await admin.get("/audit-events?action=time_prompts.read"))["items"]
    assert [event["details"]["rows"] for event in events] == [6, 30, 30, 30]


async def test_an_answer_counts_for_its_own_prompt_and_person(council: Council) -> None:
    lead, path = await _drawing(council, *_members("E1", "E2"))
    await _draw(lead, path)
    items = await _listed(lead, path)
    one = {item["person_id"] for item in items}.pop()
    numbers = {p["person_id"]: p["external_id"] for p in good(await lead.get("/people"))["items"]}
    mine = [item["prompt_id"] for item in items if item["person_id"] == one]
    answers = {"person_external_id": numbers[one], "method": "random_moment", "source": "prompt"}
    other = next(number for number in numbers.values() if number != numbers[one])
    rows = [
        sample(mine[0], **answers, minutes=None),
        sample(mine[1], **answers),
        sample(mine[1], **answers),
        sample(mine[2], **{**answers, "person_external_id": other}),
        sample(mine[3], **{**answers, "method": "diary"}),
        sample(mine[4], **answers, deleted=True),
        sample(mine[5], **{**answers, "source": "form"}),
        sample(str(UUID(int=0)), **answers),
        sample("nonsense", **answers),
    ]
    await record(lead, path, rows)
    (cell,) = [
        week
        for week in good(await lead.get(f"{path}/time-coverage"))["weekly"]
        if week["prompts_drawn"]
    ]
    assert (cell["starts_on"], cell["window"]) == ("2024-03-04", "pilot")
    assert (cell["prompts_drawn"], cell["prompts_answered"]) == (30, 2)


def test_every_minute_is_as_likely_as_any_other() -> None:
    """Chi-square over the 480 minutes of 8,000 person-days of three prompts each; the seed is fixed."""
    day = date(2024, 3, 4)
    minutes = minutes_between(day, time(9), time(17), LONDON)
    drawn = [moments_drawn(SEED, UUID(int=n), day, minutes, 3) for n in range(8_000)]
    assert all(len(set(moments)) == 3 for moments in drawn)
    counts = Counter(moment for moments in drawn for moment in moments)
    assert set(counts) == set(minutes)
    assert chisquare([counts[minute] for minute in minutes]).pvalue > 0.001
    # And the first of the three lies anywhere as well: 8 hours, in each as many of all prompts.
    hours = Counter(moment.hour for moments in drawn for moment in moments)
    assert chisquare(list(hours.values())).pvalue > 0.001


def test_every_pair_of_days_is_as_likely_as_any_other() -> None:
    monday = date(2024, 3, 4)
    days = [date(2024, 3, n) for n in range(4, 9)]
    pairs = Counter(tuple(days_drawn(SEED, UUID(int=n), monday, days, 2)) for n in range(5_000))
    assert len(pairs) == 10
    assert chisquare(list(pairs.values())).pvalue > 0.001


zones = st.sampled_from(
    ["Europe/London", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata"]
)
walls = st.times().map(lambda t: t.replace(second=0, microsecond=0))


@example("Europe/London", date(2024, 3, 31), time(0), time(23, 59))
@example("Europe/London", date(2024, 10, 27), time(0), time(23, 59))
@example("Australia/Lord_Howe", date(2024, 10, 6), time(1), time(23, 59))
@given(zones, st.dates(date(2020, 1, 1), date(2030, 1, 1)), walls, walls)
@settings(max_examples=60, deadline=None)
def test_the_minutes_of_a_day_are_those_whose_wall_time_is_within_the_hours(
    name: str, day: date, since: time, until: time
) -> None:
    zone = ZoneInfo(name)
    found = minutes_between(day, since, until, zone)
    wall = []
    for n in range(24 * 60):
        moment = time(n // 60, n % 60)
        if since <= moment < until:
            told = datetime.combine(day, moment, zone)
            instants = {told.replace(fold=fold).astimezone(UTC) for fold in (0, 1)}
            # A wall time that the clocks skip does not come back as itself.
            wall += [i for i in instants if i.astimezone(zone).time() == moment]
    assert found == sorted(wall)
    assert length(day, zone).total_seconds() / 3600 in (23, 23.5, 24, 24.5, 25)


def test_no_prompt_has_an_id_that_its_sample_could_not_carry() -> None:
    """One UUID in some hundreds looks like a national insurance or an NHS number by chance."""
    ids = [str(service.prompt_id()) for _ in range(5_000)]
    assert [one for one in ids if identifiers_in(one, tuple(Identifier))] == []
