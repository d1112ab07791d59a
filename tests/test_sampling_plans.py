"""Sampling plans: set, changed, and by whom."""

from typing import Any

import pytest

from app.access.permissions import Role
from tests.council import Council, good, pilot, problem
from tests.time_use import SOCIAL

WEEK = ["monday", "tuesday", "wednesday", "thursday", "friday"]
PROMPTS = {"method": "random_moment", "prompts_per_day": 2, "from": "08:30", "until": "17:00"}


async def _path(council: Council) -> str:
    return f"/pilots/{await pilot(await council.admin(), **SOCIAL)}/sampling-plan"


async def test_a_plan_is_set_with_its_defaults_and_changed(council: Council) -> None:
    client = await council.admin()
    path = await _path(council)
    problem(await client.get(path), 404, "not_found")
    answer = await client.put(path, json={"method": "diary"})
    assert good(answer) == {
        "method": "diary",
        "arms": "both",
        "days": WEEK,
        "person_days_per_week": 5,
        "prompts_per_day": None,
        "from": None,
        "until": None,
    }
    first = answer.headers["etag"]
    assert good(await client.get(path)) == answer.json()
    assert (await client.get(path)).headers["etag"] == first
    again = await client.put(path, json={"method": "diary"}, headers={"If-Match": first})
    assert again.headers["etag"] == first
    wanted = {**PROMPTS, "days": ["sunday", "friday"], "person_days_per_week": 1, "arms": "pilot"}
    changed = good(await client.put(path, json=wanted, headers={"If-Match": first}))
    assert changed == {**wanted, "days": ["friday", "sunday"]}
    assert good(await client.get(path)) == changed
    stale = await client.put(path, json=wanted, headers={"If-Match": first})
    problem(stale, 412, "precondition_failed")
    events = good(await client.get("/audit-events?action=pilot.sampling_plan_set"))["items"]
    every = ["method", "arms", "days", "person_days_per_week"]
    prompts = ["prompts_per_day", "from_time", "until_time"]
    assert [event["details"]["fields"] for event in events] == [
        [*every, *prompts],
        [],
        [*every, *prompts],
    ]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"days": []}, "too_short"),
    ({"days": ["monday", "monday"]}, "day_repeated"),
    ({"days": ["Monday"]}, "enum"),
    ({"person_days_per_week": 6}, "too_few_days"),
    ({"person_days_per_week": 0}, "greater_than_equal"),
    ({"person_days_per_week": True}, "int_type"),
    ({"prompts_per_day": 2}, "not_random_moment"),
    ({**PROMPTS, "until": None}, "prompts_missing"),
    ({**PROMPTS, "until": "08:30"}, "too_few_minutes"),
    ({**PROMPTS, "until": "08:31"}, "too_few_minutes"),
    ({**PROMPTS, "until": "24:00"}, "string_pattern_mismatch"),
    ({**PROMPTS, "prompts_per_day": 25}, "less_than_equal"),
]


@pytest.mark.parametrize(("wrong", "code"), WRONG)
async def test_a_plan_that_does_not_fit_together_is_refused(
    council: Council, wrong: dict[str, Any], code: str
) -> None:
    client = await council.admin()
    path = await _path(council)
    answer = await client.put(path, json={"method": "diary", **wrong})
    errors = problem(answer, 422, "invalid_input")["errors"]
    assert code in [error["code"] for error in errors], errors
    problem(await client.get(path), 404, "not_found")


async def test_who_may_set_a_plan_and_who_may_see_it(
    council: Council, other_council: Council
) -> None:
    path = await _path(council)
    good(await (await council.admin()).put(path, json=PROMPTS))
    for role in (Role.ANALYST, Role.INTEGRATOR):
        client = await council.as_role(role)
        assert good(await client.get(path))["prompts_per_day"] == 2
        problem(await client.put(path, json=PROMPTS), 403, "scope_missing")
    lead_of_another = await council.as_role(Role.PILOT_LEAD)
    for client in (lead_of_another, await other_council.admin()):
        problem(await client.get(path), 404, "not_found")
        problem(await client.put(path, json=PROMPTS), 404, "not_found")
