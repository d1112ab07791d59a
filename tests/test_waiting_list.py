"""The waiting list: who is on it, in which order it is served, and by what."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.council import Council, good, people, problem
from tests.licences import (
    TODAY,
    allocate,
    ledger,
    on,
    path_of,
    pool,
    release,
    seat,
    standing,
    wait,
    waiting,
)

ANY = {"If-Match": "*"}


@pytest.fixture(autouse=True)
def in_june() -> Iterator[None]:
    with on(TODAY):
        yield


async def handed_on(client: httpx.AsyncClient, answer: httpx.Response) -> list[tuple[str, str]]:
    """(HR number, first day) of each seat that went to somebody who waited."""
    seats = good(answer)["handed_on"]
    found = []
    for given in seats:
        assert (given["source"], given["released_on"]) == ("waiting_list", None)
        person = good(await client.get(f"/people/{given['person_id']}"))
        found.append((person["external_id"], given["allocated_on"]))
    return found


async def full_pool(client: httpx.AsyncClient, **fields: Any) -> tuple[str, dict[str, Any]]:
    """A pool of one seat, and who holds it (E0)."""
    await people(client, *(f"E{n}" for n in range(6)))
    path = await pool(client, **{"seats": 1, **fields})
    return path, await seat(client, path, "E0", allocated_on="2024-05-01")


async def test_the_list_is_served_by_priority_then_day_then_recording(council: Council) -> None:
    client = await council.admin()
    path, held = await full_pool(client)
    await wait(client, path, "E1", requested_on="2024-06-02")
    await wait(client, path, "E2", priority=5)
    await wait(client, path, "E3", requested_on="2024-06-01")
    await wait(client, path, "E4", requested_on="2024-06-02")
    assert await waiting(client, path) == ["E2", "E3", "E1", "E4"]
    entries = good(await client.get(f"{path}/waiting-list"))["items"]
    assert [entry["place"] for entry in entries] == [1, 2, 3, 4]
    page = good(await client.get(f"{path}/waiting-list?limit=3"))
    after = {"cursor": page["next_cursor"]}
    rest = good(await client.get(f"{path}/waiting-list", params=after))
    assert (page["items"] + rest["items"], rest["next_cursor"]) == (entries, None)
    for number in ("E2", "E3", "E1", "E4"):
        answer = await release(client, held)
        assert await handed_on(client, answer) == [(number, TODAY)]
        held = good(answer)["handed_on"][0]
    assert await waiting(client, path) == []
    assert await handed_on(client, await release(client, held)) == []
    assert await standing(client, path) == (1, 0, 1, 0, 0)


async def test_who_is_served_waits_no_longer_and_their_entry_names_the_seat(
    council: Council,
) -> None:
    client = await council.admin()
    path, held = await full_pool(client)
    second = await pool(client, name="Second", seats=0)
    for place in (path, second):
        await wait(client, place, "E1")
    other = await pool(client, name="Another product", product="Other", seats=0)
    await wait(client, other, "E1")
    with on("2024-06-10"):
        (given,) = good(await release(client, held))["handed_on"]
        for place in (path, second):
            assert await waiting(client, place) == []
            assert (await standing(client, place))[4] == 0
            assert (await standing(client, place, as_of="2024-06-09"))[4] == 1
            (entry,) = good(await client.get(f"{place}/waiting-list?as_of=2024-06-09"))["items"]
            assert (entry["status"], entry["ended_on"]) == ("served", "2024-06-10")
            assert (entry["allocation_id"], entry["place"]) == (given["allocation_id"], None)
        assert await waiting(client, other) == ["E1"]
        before = {"as_of": "2024-06-10", "known_at": "2024-06-09T00:00:00Z"}
        assert (await standing(client, path, **before))[4] == 1
    events = good(await client.get("/audit-events?action=seat.released"))["items"]
    assert [event["details"] for event in events] == [{"handed_on": 1}]


async def test_who_may_not_wait(council: Council, other_council: Council) -> None:
    client = await council.admin()
    path, _ = await full_pool(client)
    await people(client, "LEFT", left_on=TODAY)
    await people(await other_council.admin(), "FOREIGN")
    await wait(client, path, "E1")
    for number, fields, status, code in (
        ("E1", {}, 409, "already_waiting"),
        ("E0", {}, 409, "already_allocated"),
        ("LEFT", {}, 409, "person_has_left"),
        ("FOREIGN", {}, 422, "unknown_person"),
        ("E2", {"requested_on": "2025-04-01"}, 422, "outside_term"),
        ("E2", {"priority": 1001}, 422, "invalid_input"),
        ("E2", {"priority": "1"}, 422, "invalid_input"),
    ):
        body = {"person_external_id": number, **fields}
        problem(await client.post(f"{path}/waiting-list", json=body), status, code)
    assert await waiting(client, path) == ["E1"]
    await wait(client, path, "E2", requested_on="2024-03-01")
    assert await waiting(client, path) == ["E2", "E1"]


async def test_who_withdraws_is_served_no_more_and_may_ask_anew(council: Council) -> None:
    client = await council.admin()
    path, held = await full_pool(client)
    entry = f"{path}/waiting-list/{await wait(client, path, 'E1')}/withdraw"
    elsewhere = entry.replace(path, await pool(client, name="Other"))
    problem(await client.post(elsewhere), 404, "not_found")
    with on("2024-06-10"):
        left = good(await client.post(entry))
        assert (left["status"], left["ended_on"]) == ("withdrawn", "2024-06-10")
        assert (left["place"], left["allocation_id"]) == (None, None)
        problem(await client.post(entry), 409, "not_waiting")
        assert await waiting(client, path) == []
        assert await waiting(client, path, as_of="2024-06-09") == ["E1"]
        assert await waiting(client, path, as_of="2024-06-02") == []
        assert await handed_on(client, await release(client, held)) == []
    await wait(client, path, "E1")
    assert await waiting(client, path) == ["E1"]


async def test_who_left_or_has_a_seat_by_then_is_passed_over(council: Council) -> None:
    client = await council.admin()
    path, held = await full_pool(client)
    second = await pool(client, name="Second")
    await seat(client, second, "E2", allocated_on="2024-09-01")
    for number in ("E1", "E2", "E3", "E4"):
        await wait(client, path, number)
    await people(client, "E1", left_on=TODAY)
    await people(client, "E3", left_on="2024-06-04")
    answer = await release(client, held)
    assert await handed_on(client, answer) == [("E3", TODAY)]
    third = good(answer)["handed_on"][0]
    assert await handed_on(client, await release(client, third, released_on="2024-06-04")) == [
        ("E4", "2024-06-04")
    ]
    assert await waiting(client, path) == ["E1", "E2"]


async def test_a_seat_is_left_free_where_the_pool_says_so(council: Council) -> None:
    client = await council.admin()
    path, held = await full_pool(client, hands_on_released_seats=False)
    await wait(client, path, "E1")
    await wait(client, path, "E2")
    assert await handed_on(client, await release(client, held)) == []
    assert await standing(client, path) == (1, 0, 1, 0, 2)
    more = {"effective_on": TODAY, "seats": 2}
    assert good(await client.post(f"{path}/capacity-changes", json=more), 201)["handed_on"] == 0
    good(await client.patch(path, json={"name": "Same"}, headers=ANY))
    assert await standing(client, path) == (2, 0, 2, 0, 2)
    hands_on = {"hands_on_released_seats": True}
    assert good(await client.patch(path, json=hands_on, headers=ANY))["allocated"] == 2
    assert await waiting(client, path) == []


async def test_a_seat_is_handed_on_for_no_day_gone_by_while_the_term_runs(
    council: Council,
) -> None:
    client = await council.admin()
    path, held = await full_pool(client)
    for number in ("E1", "E2"):
        await wait(client, path, number, requested_on="2024-05-01")
    answer = await release(client, held, released_on="2024-05-10")
    assert await handed_on(client, answer) == [("E1", TODAY)]
    assert (await standing(client, path, as_of="2024-05-10"))[1] == 0
    to_come = await release(client, good(answer)["handed_on"][0], released_on="2024-09-01")
    assert await handed_on(client, to_come) == [("E2", "2024-09-01")]
    assert await ledger(client, path, as_of="2024-08-31") == [("E1", TODAY, "2024-09-01")]


async def test_a_pool_whose_term_is_over_takes_the_days_as_told(council: Council) -> None:
    client = await council.admin()
    path, held = await full_pool(client)
    await wait(client, path, "E1", requested_on="2024-09-02")
    await wait(client, path, "E2", requested_on="2024-09-01")
    with on("2025-06-01"):
        answer = await release(client, held, released_on="2024-09-01")
        assert await handed_on(client, answer) == [("E2", "2024-09-01")]
        at_the_end = good(answer)["handed_on"][0]
        assert await handed_on(client, await release(client, at_the_end)) == []
    assert await waiting(client, path) == ["E1"]


async def test_nobody_is_served_before_the_day_from_which_they_ask(council: Council) -> None:
    client = await council.admin()
    path, held = await full_pool(client)
    await wait(client, path, "E1", requested_on="2024-07-01", priority=1)
    await wait(client, path, "E2")
    assert await handed_on(client, await release(client, held)) == [("E2", TODAY)]
    assert await waiting(client, path) == ["E1"]
    assert await waiting(client, path, as_of=TODAY) == []
    assert (await standing(client, path))[4] == 0
    assert (await standing(client, path, as_of="2024-07-01"))[4] == 1


async def test_seats_that_are_bought_go_to_those_who_wait(council: Council) -> None:
    client = await council.admin()
    path, _ = await full_pool(client)
    for number in ("E1", "E2", "E3", "E4"):
        await wait(client, path, number)
    change = f"{path}/capacity-changes"
    more = {"effective_on": "2024-05-01", "seats": 3}
    assert good(await client.post(change, json=more), 201)["handed_on"] == 2
    later = {"effective_on": "2024-08-01", "seats": 4}
    assert good(await client.post(change, json=later), 201)["handed_on"] == 1
    assert await ledger(client, path) == [
        ("E0", "2024-05-01", None),
        ("E1", TODAY, None),
        ("E2", TODAY, None),
        ("E3", "2024-08-01", None),
    ]
    passing = {"effective_on": "2024-06-10", "seats": 5}
    assert good(await client.post(change, json=passing), 201)["handed_on"] == 0
    assert await waiting(client, path) == ["E4"]


async def test_a_longer_term_serves_those_who_wait(council: Council) -> None:
    client = await council.admin()
    path, held = await full_pool(client, term_ends_on="2024-06-01")
    good(await release(client, held))
    await wait(client, path, "E1", requested_on="2024-05-31")
    assert await standing(client, path) == (0, 0, 0, 0, 1)
    good(await client.patch(path, json={"term_ends_on": "2024-07-01"}, headers=ANY))
    assert await ledger(client, path) == [("E0", "2024-05-01", "2024-06-01"), ("E1", TODAY, None)]


async def test_a_pool_to_come_serves_from_its_first_day(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1")
    path = await pool(client, term_starts_on="2024-09-01", hands_on_released_seats=False)
    await wait(client, path, "E1")
    good(await client.patch(path, json={"hands_on_released_seats": True}, headers=ANY))
    assert await ledger(client, path) == [("E1", "2024-09-01", None)]


async def test_a_correction_that_frees_a_seat_hands_it_on(council: Council) -> None:
    client = await council.admin()
    path, held = await full_pool(client)
    await wait(client, path, "E1")
    change = {"released_on": "2024-05-10", "reason": "gave it back in May"}
    answer = await client.patch(path_of(held), json=change)
    assert await handed_on(client, answer) == [("E1", TODAY)]
    assert await ledger(client, path) == [("E0", "2024-05-01", "2024-05-10"), ("E1", TODAY, None)]


async def test_a_correction_that_frees_a_seat_later_hands_it_on_from_that_day(
    council: Council,
) -> None:
    client = await council.admin()
    path, held = await full_pool(client)
    await wait(client, path, "E1")
    change = {"released_on": "2024-09-01", "reason": "leaves the project in September"}
    answer = await client.patch(path_of(held), json=change)
    assert await handed_on(client, answer) == [("E1", "2024-09-01")]


async def test_a_seat_of_days_gone_by_ends_no_wait(council: Council) -> None:
    """Who had a seat in April and has none today still waits for one."""
    client = await council.admin()
    path, held = await full_pool(client)
    await wait(client, path, "E1")
    await wait(client, path, "E2")
    days = {"allocated_on": "2024-04-01", "released_on": "2024-04-10"}
    await seat(client, path, "E1", **days)
    days = {"allocated_on": "2024-04-10", "released_on": "2024-04-20"}
    rows = {"items": [{"person_external_id": "E2", **days}]}
    assert good(await client.post(f"{path}/allocations/bulk", json=rows))["accepted"] == 1
    assert await waiting(client, path) == ["E1", "E2"]
    assert await handed_on(client, await release(client, held)) == [("E1", TODAY)]


async def test_a_seat_of_their_own_ends_the_wait(council: Council) -> None:
    client = await council.admin()
    path, held = await full_pool(client, hands_on_released_seats=False)
    await wait(client, path, "E1")
    await wait(client, path, "E2")
    good(await release(client, held))
    good(await allocate(client, path, "E2", queue=True), 201)
    assert await waiting(client, path) == ["E1"]
    assert await waiting(client, path, as_of=TODAY) == ["E1"]
