"""Pilots: set up, changed, moved through their life, and who takes part."""

import asyncio
from typing import Any

import pytest

from tests.council import PILOT, Council, good, people, pilot, problem


async def test_a_pilot_is_set_up_as_a_draft_and_found_again(council: Council) -> None:
    client = await council.admin()
    await people(client, "LEAD")
    wanted = {
        **PILOT,
        "tool": "Microsoft 365 Copilot",
        "purpose": "See who uses it.",
        "baseline_starts_on": "2024-02-01",
        "baseline_ends_on": "2024-04-01",
        "lead_external_id": "LEAD",
        "success_criteria": [{"metric": "adoption_rate", "comparator": "at_least", "target": 0.6}],
    }
    created = await client.post("/pilots", json=wanted)
    body = good(created, 201)
    assert body["status"] == "draft"
    assert body["lead_person_id"] == good(await client.get("/people"))["items"][0]["person_id"]
    assert body["success_criteria"] == [
        {"metric": "adoption_rate", "comparator": ">=", "target": 0.6}
    ]
    read = await client.get(created.headers["location"].removeprefix("/api/v1"))
    assert good(read) == body
    assert good(await client.get("/pilots?code=P-1"))["items"] == [body]
    assert good(await client.get("/pilots?status=running"))["items"] == []
    problem(await client.post("/pilots", json=wanted), 409, "pilot_exists")


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"ends_on": "2024-04-01"}, "dates_out_of_order", ""),
        ({"ends_on": "2024-03-01"}, "dates_out_of_order", ""),
        ({"baseline_starts_on": "2024-01-01"}, "dates_out_of_order", ""),
        (
            {"baseline_starts_on": "2024-01-01", "baseline_ends_on": "2024-04-02"},
            "dates_out_of_order",
            "",
        ),
        ({"starts_on": "01/04/2024"}, "date_format", "/starts_on"),
        ({"starts_on": 1711929600}, "date_type", "/starts_on"),
        ({"starts_on": "2024-04-01T00:00:00"}, "date_format", "/starts_on"),
        ({"kind": "Copilot"}, "enum", "/kind"),
        ({"code": "has blank"}, "string_pattern_mismatch", "/code"),
        ({"owner": "me"}, "unknown_field", "/owner"),
        ({"name": 7}, "string_type", "/name"),
        ({"name": "a\u0000b"}, "control_characters", "/name"),
        (
            {"success_criteria": [{"metric": "adoption_rate", "comparator": "~", "target": 1}]},
            "enum",
            "/success_criteria/0/comparator",
        ),
        (
            {"success_criteria": [{"metric": "adoption_rate", "comparator": ">", "target": "1"}]},
            "number_type",
            "/success_criteria/0/target",
        ),
    ],
)
async def test_a_pilot_that_cannot_be_is_refused_by_field(
    council: Council, change: dict[str, Any], code: str, pointer: str
) -> None:
    client = await council.admin()
    refused = problem(await client.post("/pilots", json={**PILOT, **change}), 422, "invalid_input")
    assert (refused["errors"][0]["code"], refused["errors"][0]["pointer"]) == (code, pointer)
    assert good(await client.get("/pilots"))["items"] == []


async def test_an_unknown_lead_is_refused_without_being_repeated(council: Council) -> None:
    client = await council.admin()
    answer = await client.post("/pilots", json={**PILOT, "lead_external_id": "secret-4711"})
    refused = problem(answer, 422, "unknown_person")
    assert refused["errors"][0]["pointer"] == "/lead_external_id"
    assert "secret-4711" not in answer.text


async def test_a_change_needs_the_version_that_was_seen(council: Council) -> None:
    client = await council.admin()
    pilot_id = await pilot(client)
    path = f"/pilots/{pilot_id}"
    etag = (await client.get(path)).headers["etag"]
    problem(await client.patch(path, json={"name": "B"}), 428, "precondition_required")
    first = await client.patch(path, json={"name": "B"}, headers={"If-Match": etag})
    assert good(first)["name"] == "B"
    second = await client.patch(path, json={"name": "C"}, headers={"If-Match": etag})
    problem(second, 412, "precondition_failed")
    assert good(await client.get(path))["name"] == "B"
    backwards = await client.patch(
        path, json={"ends_on": "2024-01-01"}, headers={"If-Match": first.headers["etag"]}
    )
    problem(backwards, 422, "dates_out_of_order")
    null = await client.patch(
        path, json={"name": None}, headers={"If-Match": first.headers["etag"]}
    )
    problem(null, 422, "invalid_input")


_LEGAL = {
    "draft": {"planned", "running", "cancelled"},
    "planned": {"running", "cancelled"},
    "running": {"completed", "cancelled"},
    "completed": {"decided"},
    "decided": set(),
    "cancelled": set(),
}
_WAY = {
    "draft": [],
    "planned": ["planned"],
    "running": ["planned", "running"],
    "completed": ["running", "completed"],
    "decided": ["running", "completed", "decided"],
    "cancelled": ["cancelled"],
}


@pytest.mark.parametrize("start", _WAY)
async def test_every_step_that_follows_is_taken_and_no_other(council: Council, start: str) -> None:
    client = await council.admin()
    for number, to in enumerate(_LEGAL):
        pilot_id = await pilot(client, code=f"P-{number}")
        for step in _WAY[start]:
            good(await client.post(f"/pilots/{pilot_id}/transitions", json={"to": step}), 201)
        answer = await client.post(
            f"/pilots/{pilot_id}/transitions", json={"to": to, "reason": "so decided"}
        )
        if to in _LEGAL[start]:
            assert good(answer, 201)["from_status"] == start
            assert good(await client.get(f"/pilots/{pilot_id}"))["status"] == to
        else:
            problem(answer, 409, "illegal_transition")
            assert good(await client.get(f"/pilots/{pilot_id}"))["status"] == start
    steps = good(await client.get(f"/pilots/{pilot_id}/transitions"))["items"]
    assert [step["to_status"] for step in steps] == _WAY[start] + (
        [to] if to in _LEGAL[start] else []
    )


async def test_the_yardstick_stays_as_it_was_once_the_pilot_runs(council: Council) -> None:
    client = await council.admin()
    pilot_id = await pilot(client)
    good(await client.post(f"/pilots/{pilot_id}/transitions", json={"to": "running"}), 201)
    criteria = [{"metric": "adoption_rate", "comparator": ">=", "target": 0.1}]
    for change in ({"success_criteria": criteria}, {"starts_on": "2024-04-08"}):
        answer = await client.patch(f"/pilots/{pilot_id}", json=change, headers={"If-Match": "*"})
        problem(answer, 409, "pilot_has_started")
    unchanged = {"name": "New name", "starts_on": "2024-04-01", "ends_on": "2024-09-02"}
    good(await client.patch(f"/pilots/{pilot_id}", json=unchanged, headers={"If-Match": "*"}))


async def test_members_are_enrolled_changed_and_listed_by_arm(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2", "E3")
    third = good(await client.get("/people?external_id=E3"))["items"][0]["person_id"]
    pilot_id = await pilot(
        client,
        {"person_external_id": "E1"},
        {"person_external_id": "E2", "arm": "comparison", "joined_on": "2024-04-08"},
        {"person_id": third, "left_on": "2024-05-01"},
    )
    path = f"/pilots/{pilot_id}/members"
    listed = good(await client.get(path))["items"]
    assert [(m["arm"], m["joined_on"], m["left_on"]) for m in listed] == [
        ("pilot", None, None),
        ("comparison", "2024-04-08", None),
        ("pilot", None, "2024-05-01"),
    ]
    again = good(
        await client.post(
            f"{path}/bulk?rows=true",
            json={
                "items": [
                    {"person_external_id": "E1"},
                    {"person_external_id": "E2", "left_on": "2024-06-01"},
                    {"person_id": third, "left_on": None},
                ]
            },
        )
    )
    assert again["rows"] == ["duplicate", "updated", "updated"]
    comparison = good(await client.get(path, params={"arm": "comparison"}))["items"]
    assert [(m["joined_on"], m["left_on"]) for m in comparison] == [("2024-04-08", "2024-06-01")]


@pytest.mark.parametrize(
    ("row", "code", "pointer"),
    [
        ({"person_external_id": "NOBODY"}, "unknown_person", "/person_external_id"),
        ({}, "unknown_person", "/person_external_id"),
        ({"person_external_id": "E1", "arm": "third"}, "unknown_value", "/arm"),
        (
            {"person_external_id": "E1", "joined_on": "2024-05-01", "left_on": "2024-05-01"},
            "dates_out_of_order",
            "/left_on",
        ),
    ],
)
async def test_a_member_that_cannot_be_is_named(
    council: Council, row: dict[str, Any], code: str, pointer: str
) -> None:
    client = await council.admin()
    await people(client, "E1")
    pilot_id = await pilot(client)
    answer = await client.post(f"/pilots/{pilot_id}/members/bulk", json={"items": [row]})
    error = good(answer)["errors"][0]
    assert (error["code"], error["pointer"]) == (code, pointer)
    assert "NOBODY" not in answer.text


async def test_changes_of_one_membership_at_once_are_all_kept(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1")
    pilot_id = await pilot(client, {"person_external_id": "E1"})
    changes = ({"arm": "comparison"}, {"joined_on": "2024-04-08"}, {"left_on": "2024-06-01"})
    await asyncio.gather(
        *(
            client.post(
                f"/pilots/{pilot_id}/members/bulk",
                json={"items": [{"person_external_id": "E1", **change}]},
            )
            for change in changes
        )
    )
    member = good(await client.get(f"/pilots/{pilot_id}/members"))["items"][0]
    assert (member["arm"], member["joined_on"], member["left_on"]) == (
        "comparison",
        "2024-04-08",
        "2024-06-01",
    )


async def test_a_person_named_twice_must_be_the_same_person(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    second = good(await client.get("/people?external_id=E2"))["items"][0]["person_id"]
    pilot_id = await pilot(client)
    row = {"person_external_id": "E1", "person_id": second}
    result = good(await client.post(f"/pilots/{pilot_id}/members/bulk", json={"items": [row]}))
    assert result["errors"][0]["code"] == "unknown_person"


async def test_the_organisation_is_read_and_changed(council: Council) -> None:
    client = await council.admin()
    read = await client.get("/organisation")
    assert good(read)["zone"] == "Europe/London"
    changed = await client.patch(
        "/organisation",
        json={"minimum_group_size": 10, "zone": "Europe/Paris"},
        headers={"If-Match": read.headers["etag"]},
    )
    assert good(changed)["minimum_group_size"] == 10
    stale = {"If-Match": read.headers["etag"]}
    problem(
        await client.patch("/organisation", json={"name": "x"}, headers=stale),
        412,
        "precondition_failed",
    )
    for wrong in ({"minimum_group_size": 4}, {"zone": "Mars/Olympus"}, {"currency": "pounds"}):
        problem(await client.patch("/organisation", json=wrong), 422, "invalid_input")
