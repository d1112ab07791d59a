"""What a pilot as planned could show: the formula, what is taken from the pilot, and what is said of it."""

from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.access.permissions import Role
from app.metrics.plan_check.calculation import Plan, check
from app.metrics.statistics.planning import Design, minimum_detectable_change
from tests.council import Council, good, people, pilot, problem

# 20 samples in each of two windows of 10 weeks.
PLAN: dict[str, Any] = {
    "people_pilot": 20,
    "people_comparison": 20,
    "samples_per_week": 2,
    "baseline_weeks": 10,
    "pilot_weeks": 10,
}


async def asked(client: httpx.AsyncClient, pilot_id: str, **wanted: Any) -> dict[str, Any]:
    return good(await client.post(f"/pilots/{pilot_id}/plan-check", json=wanted))


def codes(answer: dict[str, Any]) -> list[str]:
    return [warning["code"] for warning in answer["warnings"]]


async def test_a_plan_that_is_stated_is_answered_by_the_formula(council: Council) -> None:
    client = await council.admin()
    pilot_id = await pilot(client)
    answer = await asked(client, pilot_id, **PLAN)
    assert answer["assumptions"] == {
        **PLAN,
        "expected_share": 0.7,
        "correlation": 0.1,
        "level": 0.95,
        "power": 0.8,
    }
    assert answer["taken_from_pilot"] == []
    assert answer["design_effect"] == pytest.approx({"baseline": 2.9, "pilot": 2.9})
    assert answer["minimum_detectable_change"] == pytest.approx(0.161938, abs=1e-6)
    # Twice the variance, 38 degrees of freedom: (2.024394 + 0.841621) * sqrt(4 * 0.7 * 0.3 * 2.9 / 400).
    assert answer["minimum_detectable_effect"] == pytest.approx(0.223659, abs=1e-6)
    assert answer["missing_for_change"] is answer["missing_for_effect"] is None
    assert codes(answer) == ["volunteers_only"]
    assert all(warning["sentence"] for warning in answer["warnings"])


async def test_what_is_missing_for_a_wanted_change_is_enough_and_no_more(council: Council) -> None:
    client = await council.admin()
    pilot_id = await pilot(client)
    answer = await asked(client, pilot_id, **PLAN, wanted_change=0.15)
    more = answer["missing_for_change"]
    assert codes(answer) == ["volunteers_only", "not_detectable"]
    for name, number in (
        ("people_pilot", more["more_people_per_arm"]),
        ("samples_per_week", more["more_samples_per_week"]),
    ):
        enough, short = [
            await asked(client, pilot_id, **{**PLAN, name: PLAN[name] + number - less})
            for less in (0, 1)
        ]
        assert enough["minimum_detectable_change"] <= 0.15 < short["minimum_detectable_change"]
    # People differ too much for any number of their samples to show 8 points.
    hopeless = (await asked(client, pilot_id, **PLAN, wanted_change=0.08))["missing_for_change"]
    assert hopeless["more_samples_per_week"] is None
    assert hopeless["more_people_per_arm"] > 20
    enough = await asked(client, pilot_id, **PLAN, wanted_change=0.3)
    assert enough["missing_for_effect"] == {"more_people_per_arm": 0, "more_samples_per_week": 0}
    assert "not_detectable" not in codes(enough)


async def test_what_is_left_out_is_taken_from_the_pilot(council: Council) -> None:
    client = await council.admin()
    arms = {"pilot": range(6), "comparison": range(6, 11)}
    names = [f"E{n}" for n in range(12)]
    await people(client, *names)
    members = [
        {"person_external_id": f"E{n}", "arm": arm} for arm, who in arms.items() for n in who
    ]
    # Joins after the baseline, and so is in no change on the same people.
    members.append({"person_external_id": "E11", "joined_on": "2024-04-01"})
    pilot_id = await pilot(
        client, *members, baseline_starts_on="2024-03-04", baseline_ends_on="2024-04-01"
    )
    path = f"/pilots/{pilot_id}/plan-check"
    problem(await client.post(path, json={}), 409, "no_sampling_plan")
    answer = await asked(client, pilot_id, samples_per_week=5)
    assert answer["assumptions"]["people_pilot"] == 6
    plan = {"method": "random_moment", "prompts_per_day": 4, "from": "09:00", "until": "17:00"}
    body = {**plan, "person_days_per_week": 2, "arms": "pilot"}
    good(await client.put(f"/pilots/{pilot_id}/sampling-plan", json=body))
    answer = await asked(client, pilot_id, correlation=0.2, expected_share=0.5)
    assert answer["assumptions"] == {
        "people_pilot": 6,
        "people_comparison": 0,
        "samples_per_week": 8,
        "baseline_weeks": 4,
        "pilot_weeks": 20,
        "expected_share": 0.5,
        "correlation": 0.2,
        "level": 0.95,
        "power": 0.8,
    }
    assert answer["taken_from_pilot"] == [*PLAN]
    design = Design(6, 32, 160, 0.5, 0.2)
    assert answer["minimum_detectable_change"] == pytest.approx(minimum_detectable_change(design))
    assert answer["minimum_detectable_effect"] is None
    assert codes(answer) == ["no_comparison", "volunteers_only"]
    good(await client.put(f"/pilots/{pilot_id}/sampling-plan", json={**body, "arms": "both"}))
    answer = await asked(client, pilot_id)
    assert answer["assumptions"]["people_comparison"] == 5
    assert answer["minimum_detectable_effect"] > answer["minimum_detectable_change"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"baseline_weeks": 0}, "no_baseline"),
        ({"baseline_weeks": 3.9}, "short_baseline"),
        ({"pilot_weeks": 7.9}, "short_pilot"),
        ({"people_pilot": 4}, "too_few_people"),
        ({"people_comparison": 4}, "too_few_people"),
        ({"people_comparison": 0}, "no_comparison"),
        ({"wanted_change": 0.2}, "not_detectable"),
    ],
)
async def test_what_stands_in_the_way_is_said(
    council: Council, change: dict[str, Any], expected: str
) -> None:
    client = await council.admin()
    pilot_id = await pilot(client)
    answer = await asked(client, pilot_id, **{**PLAN, **change})
    assert set(codes(answer)) == {expected, "volunteers_only"}
    if expected == "no_baseline":
        assert answer["minimum_detectable_change"] is answer["minimum_detectable_effect"] is None
        assert answer["design_effect"]["baseline"] is None


async def test_a_small_number_of_members_is_told_to_those_who_may_list_them(
    council: Council,
) -> None:
    admin, analyst = await council.admin(), await council.as_role(Role.ANALYST)
    await people(admin, "E1", "E2", "E3", "E4")
    members = [{"person_external_id": f"E{n}"} for n in (1, 2, 3, 4)]
    pilot_id = await pilot(admin, *members)
    body = {"samples_per_week": 2, "baseline_weeks": 10, "wanted_change": 0.3}
    shown, withheld = [await asked(client, pilot_id, **body) for client in (admin, analyst)]
    assert shown["assumptions"]["people_pilot"] == 4
    assert shown["minimum_detectable_change"] > 0
    assert withheld["assumptions"]["people_pilot"] is None
    for name in ("minimum_detectable_change", "missing_for_change", "missing_for_effect"):
        assert withheld[name] is None
    assert codes(withheld) == ["too_few_people", "no_comparison", "volunteers_only"]
    stated = await asked(analyst, pilot_id, **body, people_pilot=4)
    assert stated["minimum_detectable_change"] == shown["minimum_detectable_change"]


async def test_asking_changes_nothing_and_is_recorded(council: Council) -> None:
    client = await council.admin()
    pilot_id = await pilot(client)
    before = good(await client.get(f"/pilots/{pilot_id}"))
    first = await asked(client, pilot_id, **PLAN)
    assert await asked(client, pilot_id, **PLAN) == first
    assert good(await client.get(f"/pilots/{pilot_id}")) == before
    about = good(await client.get("/audit-events", params={"resource_id": pilot_id}))["items"]
    assert [event["action"] for event in about][:2] == ["pilot.plan_checked"] * 2
    assert not about[0]["details"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"people_pilot": -1},
        {"people_pilot": 100_001},
        {"expected_share": 0},
        {"expected_share": 1},
        {"correlation": 1.1},
        {"samples_per_week": 0},
        {"pilot_weeks": 0},
        {"wanted_change": 0},
        {"people": 3},
    ],
)
async def test_a_plan_that_cannot_be_is_refused(council: Council, wrong: dict[str, Any]) -> None:
    client = await council.admin()
    pilot_id = await pilot(client)
    answer = await client.post(f"/pilots/{pilot_id}/plan-check", json={**PLAN, **wrong})
    assert problem(answer, 422, "invalid_input")["errors"][0]["pointer"] == f"/{next(iter(wrong))}"


async def test_a_plan_of_another_s_pilot_is_out_of_reach(council: Council) -> None:
    admin, lead = await council.admin(), await council.as_role(Role.PILOT_LEAD)
    pilot_id = await pilot(admin)
    problem(await lead.post(f"/pilots/{pilot_id}/plan-check", json=PLAN), 404, "not_found")


_PLANS = st.builds(
    Plan,
    people_pilot=st.integers(0, 80),
    people_comparison=st.integers(0, 80),
    samples_per_week=st.floats(0.1, 60),
    baseline_weeks=st.floats(0.5, 60),
    pilot_weeks=st.floats(0.5, 60),
    expected_share=st.floats(0.05, 0.95),
    correlation=st.floats(0, 0.9),
)


@given(_PLANS, st.floats(0.02, 0.6))
@settings(max_examples=60, deadline=None)
def test_whatever_is_planned_what_is_missing_would_be_enough(plan: Plan, wanted: float) -> None:
    found = check(plan, wanted)
    for missing, name in (
        (found.missing_for_change, "change"),
        (found.missing_for_effect, "effect"),
    ):
        assert missing is not None
        stated = {
            field: getattr(plan, field)
            for field in ("baseline_weeks", "pilot_weeks", "expected_share", "correlation")
        }
        for more, samples in ((missing.people_per_arm, 0), (0, missing.samples_per_week)):
            if more is None or samples is None:
                continue
            shown = []
            for less in (0, 1):
                of_people, of_samples = (
                    number - less if number else 0 for number in (more, samples)
                )
                better = Plan(
                    people_pilot=(plan.people_pilot or 0) + of_people,
                    people_comparison=(plan.people_comparison or 0) + of_people,
                    samples_per_week=plan.samples_per_week + of_samples,
                    **stated,
                )
                shown.append(getattr(better, name)())
            assert shown[0] is not None
            assert shown[0] <= wanted
            if more or samples:
                assert shown[1] is None or shown[1] > wanted
