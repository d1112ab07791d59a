"""Seats as they are shown to readers who may not see who holds them: over one window, by the calendar."""

from typing import Any

import pytest

from app.access.permissions import Role, Scope
from tests.council import Council, activity, good, people, pilot, problem
from tests.licences import PRODUCT, on, pool, seat

BOUGHT = {"purchased_seat_days", "committed_cost"}
# What grows day by day: two days of it would tell the one between them.
ADDED_UP = {
    *("allocated_seat_days", "active_user_days", "allocation_rate", "licence_utilisation"),
    *("effective_utilisation", "idle_cost", "cost_per_active_user", "cost_per_active_day"),
}
STAFF = [f"E{n}" for n in range(1, 15)]
Page = dict[str, Any]


async def _seats(council: Council) -> tuple[str, str]:
    """A pilot in April 2024 and its pool: fourteen hold a seat, seven use it; the pages of both."""
    admin = await council.admin()
    await people(admin, *STAFF, team="A")
    dates = {"starts_on": "2024-04-01", "ends_on": "2024-04-29"}
    pilot_id = await pilot(
        admin, *[{"person_external_id": n, "arm": "pilot"} for n in STAFF], **dates
    )
    path = await pool(admin, pilot_id=pilot_id, seats=20, seat_price="365.00")
    for number in STAFF:
        await seat(admin, path, number, allocated_on="2024-04-01")
    rows = [activity(n, "2024-04-10", product=PRODUCT) for n in STAFF[:7]]
    good(await admin.post("/licence-activity/bulk", json={"items": rows}))
    return f"/pilots/{pilot_id}/metrics/licence-utilisation", f"{path}/utilisation"


def shown(figures: Page) -> set[str]:
    return {slug for slug, f in figures.items() if slug != "starts_on" and not f["suppressed"]}


async def test_only_the_calendar_is_offered(council: Council) -> None:
    of_pilot, _ = await _seats(council)
    analyst, admin = await council.as_role(Role.ANALYST), await council.admin()
    asked = {"basis": "working_days"}
    refused = problem(await analyst.get(of_pilot, params=asked), 422, "fixed_window")
    assert refused["errors"][0]["pointer"] == "/basis"
    assert "Leave basis out" in refused["detail"]
    calendar = good(await analyst.get(of_pilot, params={"basis": "calendar_days"}))
    assert calendar["figures"]["allocated_seat_days"]["value"] == 14 * 28
    assert good(await admin.get(of_pilot, params=asked))["basis"] == "working_days"


async def test_of_the_days_only_what_was_bought_is_shown(council: Council) -> None:
    of_pilot, _ = await _seats(council)
    everything = {"allocated_seat_days", "active_user_days", "seats_active_28d", *BOUGHT}
    for client, slugs in (
        (await council.as_role(Role.ANALYST), BOUGHT),
        (await council.as_role(Role.ICT_MANAGER), everything),
    ):
        days = good(await client.get(of_pilot))["daily"]
        assert len(days) == 28
        assert all(shown(day) == slugs & day.keys() for day in days)


async def test_what_adds_up_waits_for_the_end_and_so_do_groups(council: Council) -> None:
    of_pilot, _ = await _seats(council)
    analyst = await council.as_role(Role.ANALYST)
    begun = good(await analyst.get(of_pilot, params={"as_of": "2024-04-16"}))
    assert begun["as_of"] == "2024-04-14"
    assert not shown(begun["figures"]) & ADDED_UP
    assert begun["figures"]["seats_active_28d"]["value"] == 7
    over = good(await analyst.get(of_pilot, params={"as_of": "2024-04-28"}))
    assert shown(over["figures"]) >= ADDED_UP
    assert over["figures"]["active_user_days"]["value"] == 7
    asked = {"as_of": "2024-04-14", "group_by": "team"}
    refused = problem(await analyst.get(of_pilot, params=asked), 422, "window_open")
    assert refused["errors"][0]["pointer"] == "/group_by"
    groups = good(await analyst.get(of_pilot, params={"group_by": "team"}))["groups"]
    assert [group["group"] for group in groups] == ["A"]
    assert groups[0]["figures"]["active_user_days"]["value"] == 7


@pytest.mark.parametrize("page", ["feedback", "adoption"])
async def test_groups_of_an_open_window_are_refused(council: Council, page: str) -> None:
    of_pilot, _ = await _seats(council)
    analyst, path = (
        await council.as_role(Role.ANALYST),
        of_pilot.replace("licence-utilisation", page),
    )
    asked = {"as_of": "2024-04-14", "group_by": "team"}
    problem(await analyst.get(path, params=asked), 422, "window_open")
    asked["as_of"] = "2024-04-28"
    assert good(await analyst.get(path, params=asked))["groups"]


async def test_a_pool_of_a_pilot_by_itself_tells_what_was_bought(council: Council) -> None:
    """Its term is another window than the pilot's; a pool without a pilot is shown over its own."""
    _, path = await _seats(council)
    admin = await council.admin()
    other = await pool(admin, name="Other", product="Other", seats=20, term_ends_on="2024-05-01")
    for number in STAFF:
        await seat(admin, other, number, allocated_on="2024-04-01")
    reader = council.client(await council.key(None, scopes=[Scope.LICENCES_READ]))
    with on("2024-05-06"):
        of_one = good(await reader.get(path))
        assert shown(of_one["figures"]) == BOUGHT
        assert all(shown(day) == BOUGHT & day.keys() for day in of_one["daily"])
        assert of_one["quality"] == {"activity_rows_without_seat": None, "latest_activity_on": None}
        listed = good(await reader.get("/licence-utilisation"))["items"]
        of_all = {page["name"]: shown(page["figures"]) for page in listed}
        assert of_all["Copilot"] == BOUGHT
        assert of_all["Other"] > BOUGHT | {"allocated_seat_days"}
        manager = council.client(
            await council.key(None, scopes=[Scope.LICENCES_READ, Scope.PEOPLE_READ])
        )
        assert "seats_active_28d" in shown(good(await manager.get(path))["figures"])


async def test_how_many_hold_a_seat_or_wait_is_for_those_who_may_see_them(
    council: Council,
) -> None:
    """Asked for one day after the other, a pool would tell of each seat that was given."""
    _, path = await _seats(council)
    own = path.removesuffix("/utilisation")
    numbers = ("purchased", "allocated", "available", "deficit", "waiting")
    reader = council.client(await council.key(None, scopes=[Scope.LICENCES_READ]))
    manager = await council.as_role(Role.ICT_MANAGER)
    for client, told in ((reader, (20, *[None] * 4)), (manager, (20, 14, 6, 0, 0))):
        listed = good(await client.get("/licence-pools?as_of=2024-04-02"))["items"]
        one = good(await client.get(f"{own}?as_of=2024-04-02"))
        for found in (*listed, one):
            assert tuple(found[name] for name in numbers) == told


async def test_a_peak_of_few_does_not_follow_from_the_seats_recommended(council: Council) -> None:
    """Three used theirs at the start, nobody since: none is in use, and four would be recommended."""
    admin = await council.admin()
    await people(admin, *STAFF)
    dates = {"starts_on": "2024-04-01", "ends_on": "2024-06-24"}
    members = [{"person_external_id": n, "arm": "pilot"} for n in STAFF]
    pilot_id = await pilot(admin, *members, **dates)
    path = await pool(admin, pilot_id=pilot_id, seats=14)
    for number in STAFF:
        await seat(admin, path, number, allocated_on="2024-04-01")
    rows = [activity(n, "2024-04-10", product=PRODUCT) for n in STAFF[:3]]
    good(await admin.post("/licence-activity/bulk", json={"items": rows}))
    page = f"/pilots/{pilot_id}/metrics/licence-utilisation"
    exact = good(await admin.get(page))["figures"]
    assert (exact["seats_active_28d"]["value"], exact["recommended_seats"]["value"]) == (0, 4)
    assert exact["days_until_all_taken"]["value"] == 0
    seen = good(await (await council.as_role(Role.ANALYST)).get(page))["figures"]
    assert seen["recommended_seats"]["suppressed"]
    assert not seen["days_until_all_taken"]["suppressed"]


async def test_that_few_seats_are_all_taken_tells_how_many_hold_one(council: Council) -> None:
    admin = await council.admin()
    await people(admin, *STAFF[:3])
    pilot_id = await pilot(admin, starts_on="2024-04-01", ends_on="2024-04-29")
    path = await pool(admin, pilot_id=pilot_id, seats=3)
    for number in STAFF[:3]:
        await seat(admin, path, number, allocated_on="2024-04-01")
    page = f"/pilots/{pilot_id}/metrics/licence-utilisation"
    seen = good(await (await council.as_role(Role.ANALYST)).get(page))["figures"]
    assert seen["days_until_all_taken"]["suppressed"]


async def test_days_of_use_that_adoption_withholds_do_not_follow_from_seats(
    council: Council,
) -> None:
    """Seven used theirs in the first week, and two of them in the last alone: less that week, the total is theirs."""
    of_pilot, _ = await _seats(council)
    admin, analyst = await council.admin(), await council.as_role(Role.ANALYST)
    rows = [activity(n, "2024-04-23", product=PRODUCT) for n in STAFF[:2]]
    good(await admin.post("/licence-activity/bulk", json={"items": rows}))
    of_adoption = of_pilot.replace("licence-utilisation", "adoption")
    used = good(await analyst.get(of_adoption))
    assert used["figures"]["active_days_per_active_user_week"]["suppressed"]
    seen = shown(good(await analyst.get(of_pilot))["figures"])
    assert not seen & {"active_user_days", "licence_utilisation", "effective_utilisation"}
    assert "allocated_seat_days" in seen
