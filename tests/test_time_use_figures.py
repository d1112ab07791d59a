"""The ratio of admin to direct work: the worked example, and what a reader must be told beside it."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from app.access.permissions import Role
from app.scheduler import tick
from tests.council import Council, good, people, pilot
from tests.feedback import lead_of
from tests.forms import Rows, as_json
from tests.time_use import (
    SOCIAL,
    example,
    member_of,
    needs_the_file,
    pilot_of,
    read,
    record,
    recorded,
)

Figure = dict[str, Any]


async def _example(council: Council) -> tuple[httpx.AsyncClient, str, dict[str, Any]]:
    """The worked example as its lead sees it."""
    admin = await council.admin()
    worked = example()
    members: Rows = worked["members"]
    await people(admin, *(member["person_external_id"] for member in members))
    path = f"/pilots/{await pilot(admin, *members, **worked['pilot'])}"
    taken = good(await admin.post(f"{path}/time-samples/bulk", **as_json(worked["samples"])))
    assert taken["rejected"] == 0
    return await lead_of(council, path, "SW01"), path, worked["expected"]


def _six(figure: Figure) -> dict[str, float]:
    """Value and interval to six decimals."""
    ends = figure["interval"]
    return {
        "value": round(figure["value"], 6),
        "low": round(ends["low"], 6),
        "high": round(ends["high"], 6),
    }


def _ends(expected: Figure) -> dict[str, float]:
    return {name: expected[name] for name in ("value", "low", "high")}


@needs_the_file
@pytest.mark.parametrize("has_facts", [False, True], ids=["from-samples", "from-facts"])
async def test_the_worked_example_to_six_decimals(council: Council, has_facts: bool) -> None:
    lead, path, expected = await _example(council)
    if has_facts:
        await tick(council.database)
    found = good(await lead.get(f"{path}/metrics/time-use"))
    for phase in ("baseline", "pilot"):
        share = found[phase]["admin_share"]
        assert _six(share) == _ends(expected[phase])
        assert (share["numerator"], share["denominator"], share["people"]) == (
            *(expected[phase]["numerator"], expected[phase]["denominator"]),
            expected[phase]["people"],
        )
        assert share["interval"]["method"] == "jackknife_logit"
    assert _six(found["change"]) == _ends(expected["change"])
    assert (found["change"]["people"], found["change"]["evidence_tier"]) == (6, 3)
    assert _six(found["comparison"]["change"]) == _ends(expected["comparison_change"])
    assert _six(found["effect"]) == _ends(expected["effect"])
    assert found["effect"]["evidence_tier"] == 4
    excluded = found["pilot"]["excluded_share"]["value"]
    assert round(excluded, 6) == pytest.approx(expected["pilot_excluded_share"], abs=5e-6)
    assert found["ratio"] == {"baseline": "67:33", "pilot": "25:75"}
    assert found["ratio_interval"]["pilot"] == ["23:77", "26:74"]
    assert found["verdict"] == "fell"
    assert found["quality"]["pilot"]["people_sampled"] == 6
    assert found["quality"]["pilot"]["measurement"] == "self_report"
    assert len(found["weekly"]) == 8


async def test_nothing_recorded_is_no_share_and_says_why(council: Council) -> None:
    _, path = await pilot_of(council, [member_of(1)])
    lead = await lead_of(council, path)
    found = await read(lead, path)
    share = found["pilot"]["admin_share"]
    assert (share["value"], share["reason"], share["interval"]) == (None, "no_time_recorded", None)
    assert found["change"]["reason"] == "nobody_with_time_in_both_windows"
    assert (found["comparison"], found["effect"]) == (None, None)
    assert found["ratio"] == {"baseline": None, "pilot": None}
    assert found["verdict"] == "not_enough_data"


async def test_no_baseline_one_person_and_a_share_of_one(council: Council) -> None:
    window = {"baseline_starts_on": None, "baseline_ends_on": None}
    admin, path = await pilot_of(council, [member_of(1), member_of(2)], **window)
    await record(admin, path, [recorded(1, "2024-03-01", "case_notes", 60)])
    lead = await lead_of(council, path)
    found = await read(lead, path)
    assert found["baseline"]["admin_share"]["reason"] == "no_baseline"
    assert found["change"]["reason"] == "no_baseline"
    assert "no_baseline" in [flag["code"] for flag in found["change"]["flags"]]
    assert found["quality"]["baseline"] is None
    one = found["pilot"]["admin_share"]
    assert (one["value"], one["interval"]) == (1.0, None)
    assert {"small_sample", "not_estimable"} <= {flag["code"] for flag in one["flags"]}
    assert found["ratio"]["pilot"] == "100:0"
    await record(admin, path, [recorded(2, "2024-03-01", "forms", 30)])
    two = (await read(lead, path))["pilot"]["admin_share"]
    assert (two["value"], two["interval"]) == (1.0, None)
    assert "degenerate" in [flag["code"] for flag in two["flags"]]


async def test_a_baseline_of_other_people_is_no_change(council: Council) -> None:
    admin, path = await pilot_of(council, [member_of(n) for n in range(1, 5)])
    before = [recorded(n, "2024-02-06", "case_notes", 60) for n in (1, 2)]
    after = [recorded(n, "2024-03-05", "visit", 60) for n in (3, 4)]
    await record(admin, path, before + after)
    found = await read(await lead_of(council, path), path)
    assert found["baseline"]["admin_share"]["value"] == 1
    assert found["pilot"]["admin_share"]["value"] == 0
    assert found["change"]["value"] is None
    assert found["change"]["reason"] == "nobody_with_time_in_both_windows"


async def test_what_counts_is_time_of_members_within_the_windows(council: Council) -> None:
    leaver = member_of(2, left_on="2024-03-05")
    admin, path = await pilot_of(council, [member_of(1), leaver])
    await people(admin, "E3")
    rows = [
        recorded(1, "2024-03-04", "case_notes", 30),
        recorded(1, "2024-03-04", "visit", 30),
        recorded(2, "2024-03-04", "visit", 60),
        recorded(2, "2024-03-05", "case_notes", 600),
        recorded(3, "2024-03-04", "case_notes", 600),
        recorded(1, "2024-02-20", "case_notes", 600),
        recorded(1, "2024-03-06", "break", 45),
        recorded(1, "2024-03-06", "X-99", 30),
        recorded(1, "2024-03-07", "travel", 30),
    ]
    await record(admin, path, rows)
    lead = await lead_of(council, path)
    for _ in range(2):
        found = await read(lead, path)
        share = found["pilot"]["admin_share"]
        assert (share["numerator"], share["denominator"]) == (30, 120)
        outside = found["pilot"]["excluded_share"]
        assert (outside["numerator"], outside["denominator"]) == (60, 180)
        assert "unmapped_time" in [flag["code"] for flag in share["flags"]]
        assert found["quality"]["pilot"]["unmapped_share"] == pytest.approx(30 / 225)
        hours = found["pilot"]["admin_hours_per_worker_week"]
        assert (hours["numerator"], hours["denominator"]) == (0.5, 2)
        # And the same from the daily facts.
        await tick(council.database)


async def test_random_moments_count_as_prompts_and_hold_no_hours(council: Council) -> None:
    admin, path = await pilot_of(council, [member_of(n) for n in (1, 2, 3)])
    rows = []
    for n, category in ((1, "visit"), (1, "case_notes"), (2, "visit"), (2, "visit"), (3, "forms")):
        row = recorded(n, "2024-03-05", category, len(rows) + 1, method="random_moment")
        rows.append({**row, "minutes": None})
    await record(admin, path, rows)
    lead = await lead_of(council, path)
    found = await read(lead, path)
    share = found["pilot"]["admin_share"]
    assert (share["numerator"], share["denominator"]) == (2, 5)
    hours = found["pilot"]["admin_hours_per_worker_week"]
    assert (hours["value"], hours["reason"]) == (None, "random_moments_hold_no_hours")
    await record(admin, path, [recorded(1, "2024-03-06", "visit", 60)])
    found = await read(lead, path)
    assert found["pilot"]["admin_share"]["denominator"] == 60
    assert "mixed_methods" in [flag["code"] for flag in found["pilot"]["admin_share"]["flags"]]


async def test_a_change_is_flagged_where_definitions_disagree_or_nobody_can_believe_it(
    council: Council,
) -> None:
    admin, path = await pilot_of(council, [member_of(n) for n in (1, 2)])
    rows = []
    for n in (1, 2):
        rows += [
            recorded(n, "2024-02-06", "email_scheduling", 1200),
            recorded(n, "2024-02-06", "visit", 300 + n),
            recorded(n, "2024-03-05", "email_scheduling", 60),
            recorded(n, "2024-03-05", "visit", 300 - n),
        ]
    await record(admin, path, rows)
    found = await read(await lead_of(council, path), path)
    codes = {flag["code"] for flag in found["change"]["flags"]}
    # Admin prevailed before as the standard has it; as recording alone it never did.
    assert {"definition_sensitive", "implausible_change"} <= codes
    assert found["variants"]["strict"]["baseline"]["value"] == 0
    assert found["verdict"] == "not_enough_data"


async def test_few_people_are_withheld_from_all_but_the_lead(council: Council) -> None:
    admin, path = await pilot_of(council, [member_of(n) for n in range(1, 5)])
    rows = [
        recorded(n, day, category, 30 + n)
        for n in range(1, 5)
        for day in ("2024-02-06", "2024-03-05")
        for category in ("visit", "forms")
    ]
    await record(admin, path, rows)
    analyst = await council.as_role(Role.ANALYST)
    for reader in (admin, analyst):
        found = await read(reader, path, "?group_by=team")
        assert found["pilot"]["admin_share"]["suppressed"]
        assert found["change"]["value"] is None
        assert found["variants"]["broad"]["pilot"]["value"] is None
        assert found["ratio"] == {"baseline": None, "pilot": None}
        assert found["verdict"] == "not_enough_data"
        assert all(week["admin_share"]["people"] in (None, 0) for week in found["weekly"])
        assert sum(week["admin_share"]["suppressed"] for week in found["weekly"]) == 2
        assert all(group["pilot"]["admin_share"]["suppressed"] for group in found["groups"])
        assert found["quality"]["pilot"]["people_sampled"] is None
    lead = await lead_of(council, path)
    exact = await read(lead, path, "?group_by=team")
    assert exact["pilot"]["admin_share"]["people"] == 4
    assert [group["group"] for group in exact["groups"]] == ["(not recorded)"]


async def test_facts_follow_corrections_deletions_and_undo(council: Council) -> None:
    admin, path = await pilot_of(council, [member_of(n) for n in (1, 2)])
    lead = await lead_of(council, path)

    async def shares() -> tuple[float, float]:
        found = (await read(lead, path))["pilot"]["admin_share"]
        return found["numerator"], found["denominator"]

    async def both(expected: tuple[float, float]) -> None:
        """The same from the samples and, a tick later, from the facts."""
        assert await shares() == expected
        await tick(council.database)
        assert await shares() == expected

    visit = {**recorded(1, "2024-03-05", "visit", 60), "source_ref": "v"}
    await record(admin, path, [visit, recorded(1, "2024-03-05", "forms", 30)])
    await both((30, 90))
    moved = {**visit, "started_at": "2024-03-30T23:30:00+00:00", "minutes": 90}
    batch = (await record(admin, path, [moved]))["batch_id"]
    await both((30, 120))
    await record(admin, path, [{**recorded(1, "2024-03-05", "forms", 30), "deleted": True}])
    await both((0, 90))
    good(await admin.post(f"/import-batches/{batch}/undo"))
    await both((0, 60))
    # The night of 31 March has 23 hours: half past eleven at night in UTC is of the day after.
    await record(
        admin, path, [{**moved, "source_ref": "late", "started_at": "2024-03-31T23:30:00Z"}]
    )
    day = (await read(lead, path, "?starts_on=2024-04-01&ends_on=2024-04-02"))["pilot"]
    assert day["admin_share"]["denominator"] == 90


async def test_pilots_that_are_added_up_together_keep_their_own(council: Council) -> None:
    """People and codes of several pilots, newcomers in some: each has its own numbers for them."""
    everybody = [member_of(n) for n in (1, 2, 3)]
    admin, first = await pilot_of(council, everybody)
    others = [await pilot(admin, *everybody, **SOCIAL, code=f"S{n}") for n in (2, 3)]
    paths = [first, *(f"/pilots/{pilot_id}" for pilot_id in others)]
    leads = [await lead_of(council, path) for path in paths]
    recorded_by_then = [
        (
            [(0, 1, "forms", 10), (0, 2, "visit", 20), (1, 2, "visit", 40)],
            [(10, 30), (0, 40), (0, 0)],
        ),
        (
            [(2, 3, "forms", 70), (1, 3, "forms", 5), (1, 1, "visit", 1)],
            [(10, 30), (5, 46), (70, 70)],
        ),
    ]
    for rows, expected in recorded_by_then:
        for place, n, category, minutes in rows:
            await record(admin, paths[place], [recorded(n, "2024-03-05", category, minutes)])
        for _ in range(2):
            # From the samples, and a tick later from the facts.
            shares = [
                (await read(lead, path))["pilot"]["admin_share"]
                for lead, path in zip(leads, paths, strict=True)
            ]
            assert [(each["numerator"], each["denominator"]) for each in shares] == expected
            await tick(council.database)
    assert [each["people"] for each in shares] == [2, 3, 1]


async def test_a_council_that_moves_zone_moves_its_days(council: Council) -> None:
    admin, path = await pilot_of(council, [member_of(1)])
    lead = await lead_of(council, path)
    late = {**recorded(1, "2024-03-05", "visit", 60), "started_at": "2024-03-05T22:30:00Z"}
    await record(admin, path, [late])
    await tick(council.database)
    query = "?starts_on=2024-03-06&ends_on=2024-03-07"
    assert (await read(lead, path, query))["pilot"]["admin_share"]["denominator"] == 0
    was = await admin.get("/organisation")
    change = {"zone": "Europe/Helsinki"}
    headers = {"If-Match": was.headers["etag"]} if "etag" in was.headers else {}
    good(await admin.patch("/organisation", json=change, headers=headers))
    for _ in range(2):
        assert (await read(lead, path, query))["pilot"]["admin_share"]["denominator"] == 60
        await tick(council.database)


async def test_a_pilot_out_of_reach_is_not_there(council: Council) -> None:
    await pilot_of(council, [member_of(1)])
    analyst = await council.as_role(Role.ANALYST)
    answer = await analyst.get(f"/pilots/{UUID(int=1)}/metrics/time-use")
    assert answer.status_code == 404
