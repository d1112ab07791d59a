"""A comparison group drawn by chance: of whom, repeatably, before the pilot starts."""

from collections import Counter
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.access.permissions import Role
from app.licences.comparison_draws.service import drawn_of
from tests.council import Council, good, people, pilot, problem
from tests.licences import pool, seat, wait

NAMES = [f"E{n}" for n in range(12)]


async def drawn(client: httpx.AsyncClient, pilot_id: str, **wanted: Any) -> dict[str, Any]:
    return good(await client.post(f"/pilots/{pilot_id}/comparison-draws", json=wanted), 201)


async def compared(client: httpx.AsyncClient, pilot_id: str) -> set[str]:
    """HR numbers of the members of arm `comparison`."""
    listed = good(await client.get(f"/pilots/{pilot_id}/members?arm=comparison&limit=200"))["items"]
    number_of = {
        person["person_id"]: person["external_id"]
        for person in good(await client.get("/people?limit=200"))["items"]
    }
    return {number_of[member["person_id"]] for member in listed}


async def test_those_who_wait_for_a_seat_of_the_pilot_are_drawn(council: Council) -> None:
    client = await council.admin()
    await people(client, "SEATED", "ELSEWHERE", *NAMES)
    pilot_id = await pilot(client, {"person_external_id": "E0"})
    path = await pool(client, seats=1, pilot_id=pilot_id)
    other = await pool(client, seats=1, name="Other", product="Other")
    await seat(client, path, "SEATED", allocated_on="2024-05-01")
    for name in NAMES[:6]:
        await wait(client, path, name, requested_on="2024-05-01")
    await wait(client, other, "ELSEWHERE", requested_on="2024-05-01")
    answer = await drawn(client, pilot_id, people=3)
    # E0 is in the pilot already.
    assert (answer["candidates"], answer["drawn"]) == (5, 3)
    found = await compared(client, pilot_id)
    assert len(found) == 3
    assert found < set(NAMES[1:6])
    assert good(await client.get(f"/pilots/{pilot_id}/comparison-draws"))["items"] == [answer]
    # The rest can be drawn later, and then there is nobody left.
    assert (await drawn(client, pilot_id, people=2))["candidates"] == 2
    assert await compared(client, pilot_id) == set(NAMES[1:6])
    refused = await client.post(f"/pilots/{pilot_id}/comparison-draws", json={"people": 1})
    problem(refused, 409, "too_few_candidates")
    checked = await client.post(f"/pilots/{pilot_id}/plan-check", json={"samples_per_week": 2})
    assert "volunteers_only" not in [each["code"] for each in good(checked)["warnings"]]


async def test_a_seed_repeats_a_draw_and_another_draws_others(council: Council) -> None:
    client = await council.admin()
    await people(client, *NAMES)
    groups = []
    for n, seed in enumerate((7, 7, 8)):
        pilot_id = await pilot(client, code=f"P-{n}")
        wanted = {"people": 5, "person_external_ids": NAMES, "seed": seed}
        assert (await drawn(client, pilot_id, **wanted))["seed"] == seed
        groups.append(await compared(client, pilot_id))
    assert groups[0] == groups[1] != groups[2]


def test_everybody_is_as_likely_and_nobody_s_chance_depends_on_the_order() -> None:
    everybody = [UUID(int=n) for n in range(10)]
    times: Counter[UUID] = Counter()
    for seed in range(4000):
        times.update(drawn_of(seed, everybody, 3))
    # 1,200 times each, with a standard deviation of 29.
    assert set(times) == set(everybody)
    assert all(abs(count - 1200) < 130 for count in times.values())
    assert drawn_of(1, everybody, 3) == drawn_of(1, everybody[::-1], 3)
    # Somebody who is not drawn changes nothing for the others by not being there.
    left_out = drawn_of(1, everybody, 10)[-1]
    fewer = [person for person in everybody if person != left_out]
    assert drawn_of(1, fewer, 3) == drawn_of(1, everybody, 3)


@pytest.mark.parametrize("step", ["running", "cancelled"])
async def test_once_a_pilot_has_started_nobody_is_drawn(council: Council, step: str) -> None:
    client = await council.admin()
    await people(client, *NAMES)
    pilot_id = await pilot(client)
    good(await client.post(f"/pilots/{pilot_id}/transitions", json={"to": step}), 201)
    body = {"people": 2, "person_external_ids": NAMES}
    refused = await client.post(f"/pilots/{pilot_id}/comparison-draws", json=body)
    problem(refused, 409, "pilot_has_started")
    assert await compared(client, pilot_id) == set()


async def test_a_draw_is_one_event_with_its_batch(council: Council) -> None:
    client = await council.admin()
    await people(client, *NAMES)
    pilot_id = await pilot(client)
    answer = await drawn(client, pilot_id, people=4, person_external_ids=NAMES)
    about = good(await client.get("/audit-events", params={"resource_id": pilot_id}))["items"]
    assert [event["action"] for event in about] == ["pilot_members.imported", "pilot.created"]
    assert about[0]["details"]["batch_id"] == answer["batch_id"]
    assert about[0]["details"]["accepted"] == 4


async def test_what_cannot_be_drawn_is_refused(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    pilot_id = await pilot(client)
    path = f"/pilots/{pilot_id}/comparison-draws"
    problem(await client.post(path, json={"people": 1}), 409, "no_waiting_list")
    named = {"people": 1, "person_external_ids": ["E1", "NOBODY"]}
    answer = await client.post(path, json=named)
    refused = problem(answer, 422, "unknown_person")
    assert refused["errors"][0]["pointer"] == "/person_external_ids/1"
    assert "NOBODY" not in answer.text
    twice = {"people": 2, "person_external_ids": ["E1", "E1"]}
    problem(await client.post(path, json=twice), 409, "too_few_candidates")
    for wrong in (
        {"people": 0},
        {"people": 1, "person_external_ids": []},
        {"people": 1, "seed": -1},
    ):
        problem(await client.post(path, json=wrong), 422, "invalid_input")
    assert good(await client.get(path))["items"] == []


async def test_a_lead_draws_from_a_list_and_from_no_waiting_list(council: Council) -> None:
    admin, lead = await council.admin(), await council.as_role(Role.PILOT_LEAD)
    await people(admin, *NAMES)
    path = f"/pilots/{await pilot(lead)}/comparison-draws"
    problem(await lead.post(path, json={"people": 1}), 403, "scope_missing")
    good(await lead.post(path, json={"people": 1, "person_external_ids": NAMES}), 201)
    others = f"/pilots/{await pilot(admin, code='P-2')}/comparison-draws"
    problem(
        await lead.post(others, json={"people": 1, "person_external_ids": NAMES}), 404, "not_found"
    )
    problem(await lead.get(others), 404, "not_found")
