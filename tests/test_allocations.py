"""Seats given one at a time: to whom, on which days, and when not."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from app.access.permissions import Scope
from tests.council import Council, good, people, problem
from tests.licences import (
    PRODUCT,
    TODAY,
    allocate,
    ledger,
    on,
    path_of,
    pool,
    seat,
    standing,
    waiting,
)


@pytest.fixture(autouse=True)
def in_june() -> Iterator[None]:
    with on(TODAY):
        yield


async def test_a_seat_is_given_and_found_again(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    path = await pool(client)
    answer = await allocate(client, path, "E1", reason="first wave")
    given = good(answer, 201)
    assert given.pop("deficit") == 0
    assert answer.headers["location"] == f"/api/v1{path_of(given)}"
    read = await client.get(path_of(given))
    assert good(read) == given
    assert read.headers["etag"] == answer.headers["etag"]
    assert (given["product"], given["allocated_on"], given["released_on"]) == (PRODUCT, TODAY, None)
    assert (given["reason"], given["source"], given["corrected_at"]) == ("first wave", "api", None)
    second = good(await client.get("/people?external_id=E2"))["items"][0]["person_id"]
    body = {"person_id": second, "allocated_on": "2024-06-01"}
    by_id = good(await client.post(f"{path}/allocations", json=body), 201)
    assert by_id["person_id"] == second
    assert await ledger(client, path) == [("E1", TODAY, None), ("E2", "2024-06-01", None)]
    (only,) = good(await client.get(f"{path}/allocations", params={"person_id": second}))["items"]
    assert only["allocation_id"] == by_id["allocation_id"]
    page = good(await client.get(f"{path}/allocations?limit=1"))
    assert page["items"] == [given]
    after = {"limit": "1", "cursor": page["next_cursor"]}
    assert good(await client.get(f"{path}/allocations", params=after))["items"] == [only]
    assert await standing(client, path) == (2, 2, 0, 0, 0)


async def test_no_more_seats_are_given_than_there_are(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    path = await pool(client, seats=1)
    await seat(client, path, "E1")
    problem(await allocate(client, path, "E2"), 409, "pool_exhausted")
    assert await ledger(client, path) == [("E1", TODAY, None)]
    assert await standing(client, path) == (1, 1, 0, 0, 0)
    other = await pool(client, name="Other", seats=0)
    problem(await allocate(client, other, "E2"), 409, "pool_exhausted")


async def test_a_person_has_one_seat_of_a_product_a_day(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1")
    path = await pool(client)
    second = await pool(client, name="Second")
    another = await pool(client, name="Another product", product="Other")
    await seat(client, path, "E1", allocated_on="2024-09-01", released_on="2024-10-01")
    for pool_ in (path, second):
        for first_day, end in (
            (TODAY, None),
            ("2024-06-10", "2024-09-02"),
            ("2024-09-01", "2024-10-01"),
            ("2024-09-30", "2024-10-05"),
        ):
            days = {"allocated_on": first_day, "released_on": end}
            problem(await allocate(client, pool_, "E1", **days), 409, "already_allocated")
    await seat(client, path, "E1", released_on="2024-09-01")
    await seat(client, second, "E1", allocated_on="2024-10-01")
    await seat(client, another, "E1")
    assert len(await ledger(client, path)) == 2
    assert await ledger(client, second) == [("E1", "2024-10-01", None)]


async def test_who_finds_no_seat_may_wait_for_one(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2", "E3")
    path = await pool(client, seats=1)
    good(await allocate(client, path, "E1", queue=True), 201)
    entry = good(await allocate(client, path, "E2", queue=True, priority=5), 202)
    assert (entry["status"], entry["place"], entry["priority"]) == ("waiting", 1, 5)
    assert (entry["requested_on"], entry["ended_on"]) == (TODAY, None)
    assert good(await allocate(client, path, "E3", queue=True), 202)["place"] == 2
    again = good(await allocate(client, path, "E2", queue=True, priority=900), 202)
    assert again == entry
    problem(await allocate(client, path, "E1", queue=True), 409, "already_allocated")
    problem(await allocate(client, path, "E2"), 409, "pool_exhausted")
    assert await waiting(client, path) == ["E2", "E3"]
    assert await standing(client, path) == (1, 1, 0, 0, 2)


async def test_a_seat_lies_within_the_term(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1")
    path = await pool(client)
    for days, code, pointer in (
        ({"allocated_on": "2024-03-31"}, "outside_term", "/allocated_on"),
        ({"allocated_on": "2025-04-01"}, "outside_term", "/allocated_on"),
        ({"released_on": "2025-04-02"}, "outside_term", "/released_on"),
        ({"released_on": TODAY}, "dates_out_of_order", "/released_on"),
        ({"released_on": "2024-06-02"}, "dates_out_of_order", "/released_on"),
    ):
        refused = problem(await allocate(client, path, "E1", **days), 422, code)
        assert refused["errors"][0]["pointer"] == pointer
    backwards = {"allocated_on": "2024-05-02", "released_on": "2024-05-02"}
    refused = problem(await allocate(client, path, "E1", **backwards), 422, "invalid_input")
    assert refused["errors"][0]["code"] == "dates_out_of_order"
    for today in ("2024-03-31", "2025-04-01"):
        with on(today):
            problem(await allocate(client, path, "E1"), 422, "outside_term")
    assert await ledger(client, path) == []
    await seat(client, path, "E1", allocated_on="2024-04-01", released_on="2025-04-01")


async def test_only_people_of_the_organisation_have_seats(
    council: Council, other_council: Council
) -> None:
    client, theirs = await council.admin(), await other_council.admin()
    await people(client, "E1", "E2")
    foreign = good(await theirs.post("/people", json={"external_id": "secret-quokka"}), 201)
    second = good(await client.get("/people?external_id=E2"))["items"][0]["person_id"]
    path = await pool(client)
    for body, pointer in (
        ({"person_external_id": "secret-quokka"}, "/person_external_id"),
        ({"person_id": foreign["person_id"]}, "/person_id"),
        ({"person_id": str(uuid4())}, "/person_id"),
        ({"person_external_id": "E1", "person_id": second}, "/person_external_id"),
    ):
        answer = await client.post(f"{path}/allocations", json=body)
        refused = problem(answer, 422, "unknown_person")
        assert refused["errors"][0]["pointer"] == pointer
        assert "quokka" not in answer.text
    nobody = problem(await client.post(f"{path}/allocations", json={}), 422, "invalid_input")
    assert nobody["errors"][0]["code"] == "person_missing"
    assert await ledger(client, path) == []


async def test_who_has_left_gets_no_seat_and_no_place_in_the_queue(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2", left_on=TODAY)
    path = await pool(client, seats=1)
    problem(await allocate(client, path, "E1"), 409, "person_has_left")
    problem(await allocate(client, path, "E1", allocated_on="2024-08-01"), 409, "person_has_left")
    await seat(client, path, "E2", allocated_on="2024-06-02", released_on=TODAY)
    await people(client, "E3")
    await seat(client, path, "E3")
    problem(await allocate(client, path, "E1", queue=True), 409, "person_has_left")
    assert await waiting(client, path) == []


async def test_a_seat_of_the_future_counts_on_its_day(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2", "E3")
    path = await pool(client, seats=1)
    await seat(client, path, "E1", allocated_on="2024-09-01")
    assert await standing(client, path) == (1, 0, 1, 0, 0)
    assert await standing(client, path, as_of="2024-08-31") == (1, 0, 1, 0, 0)
    assert await standing(client, path, as_of="2024-09-01") == (1, 1, 0, 0, 0)
    problem(await allocate(client, path, "E2"), 409, "pool_exhausted")
    problem(await allocate(client, path, "E2", released_on="2024-09-02"), 409, "pool_exhausted")
    await seat(client, path, "E2", released_on="2024-09-01")
    assert await ledger(client, path, as_of=TODAY) == [("E2", TODAY, "2024-09-01")]
    assert await ledger(client, path, as_of="2024-09-01") == [("E1", "2024-09-01", None)]


async def test_capacity_of_the_future_counts_on_its_day(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    path = await pool(client, seats=2)
    less = {"effective_on": "2024-09-01", "seats": 1}
    good(await client.post(f"{path}/capacity-changes", json=less), 201)
    await seat(client, path, "E1")
    problem(await allocate(client, path, "E2"), 409, "pool_exhausted")
    await seat(client, path, "E2", released_on="2024-09-01")


async def test_a_seat_of_the_past_needs_one_that_was_free_on_every_day(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2", "E3")
    path = await pool(client, seats=1)
    await seat(client, path, "E1", allocated_on="2024-04-15", released_on="2024-05-01")
    for days in (
        {"allocated_on": "2024-04-10"},
        {"allocated_on": "2024-04-30"},
        {"allocated_on": "2024-04-10", "released_on": "2024-04-16"},
        {"allocated_on": "2024-04-30", "released_on": "2024-05-02"},
    ):
        problem(await allocate(client, path, "E2", **days), 409, "pool_exhausted")
    await seat(client, path, "E2", allocated_on="2024-04-10", released_on="2024-04-15")
    await seat(client, path, "E3", allocated_on="2024-05-01")
    held = [(await standing(client, path, as_of=f"2024-04-{day}"))[1] for day in ("09", "10", "30")]
    assert held == [0, 1, 1]


async def test_the_ledger_is_read_by_who_may_read_licences_and_people(council: Council) -> None:
    admin = await council.admin()
    await people(admin, "E1")
    path = await pool(admin)
    given = await seat(admin, path, "E1")
    readers = {
        scope: council.client(await council.key(None, scopes=[scope]))
        for scope in (Scope.LICENCES_READ, Scope.PEOPLE_READ, Scope.LICENCES_WRITE)
    }
    both = council.client(await council.key(None, scopes=[Scope.LICENCES_READ, Scope.PEOPLE_READ]))
    single = path_of(given)
    for page in (f"{path}/allocations", single, f"{single}/events", f"{path}/waiting-list"):
        for reader in readers.values():
            problem(await reader.get(page), 403, "scope_missing")
        good(await both.get(page))
    for scope, missing in (
        (Scope.LICENCES_READ, Scope.PEOPLE_READ),
        (Scope.PEOPLE_READ, Scope.LICENCES_READ),
    ):
        refused = problem(await readers[scope].get(single), 403, "scope_missing")
        assert missing in refused["detail"]
    good(await readers[Scope.LICENCES_READ].get(path))
    problem(await both.post(f"{single}/release", json={}), 403, "scope_missing")
