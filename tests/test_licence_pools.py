"""Licence pools: set up, changed, grown and cut back, and how they stand on any day."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.council import Council, good, people, pilot, problem
from tests.licences import POOL, TODAY, allocate, on, pool, release, seat, standing

ANY = {"If-Match": "*"}


@pytest.fixture(autouse=True)
def in_june() -> Iterator[None]:
    with on(TODAY):
        yield


async def recorded(client: Any, path: str, **params: Any) -> list[tuple[str, int]]:
    """The changes of capacity as they are listed."""
    page = good(await client.get(f"{path}/capacity-changes", params=params))
    return [(change["effective_on"], change["seats"]) for change in page["items"]]


async def test_a_pool_is_set_up_with_its_seats_and_found_again(council: Council) -> None:
    client = await council.admin()
    created = await client.post("/licence-pools", json=POOL)
    body = good(created, 201)
    assert {name: body[name] for name in POOL if name != "seats"} == {
        name: value for name, value in POOL.items() if name != "seats"
    }
    assert (body["overallocation"], body["hands_on_released_seats"]) == ("block", True)
    assert (body["currency"], body["seat_price"], body["pilot_id"]) == ("GBP", None, None)
    assert (body["as_of"], body["known_at"]) == (TODAY, None)
    read = await client.get(created.headers["location"].removeprefix("/api/v1"))
    assert good(read) == body
    assert read.headers["etag"] == created.headers["etag"]
    assert good(await client.get("/licence-pools"))["items"] == [body]
    path = f"/licence-pools/{body['pool_id']}"
    assert await standing(client, path) == (2, 0, 2, 0, 0)
    assert await recorded(client, path) == [("2024-04-01", 2)]


async def test_a_pool_keeps_its_price_and_takes_the_currency_of_the_organisation(
    council: Council,
) -> None:
    client = await council.admin()
    good(await client.patch("/organisation", json={"currency": "EUR"}, headers=ANY))
    first = await pool(client, name="A", seat_price="74.70")
    second = await pool(client, name="B", seat_price="10000000.01", currency="USD")
    found = [good(await client.get(path)) for path in (first, second)]
    assert [(one["seat_price"], one["currency"]) for one in found] == [
        ("74.70", "EUR"),
        ("10000000.01", "USD"),
    ]


async def test_a_price_is_shown_alike_however_it_was_written(council: Council) -> None:
    client = await council.admin()
    for price, shown in (("74.7", "74.70"), ("0", "0.00"), ("007", "7.00")):
        body = {**POOL, "name": shown, "seat_price": price}
        made = good(await client.post("/licence-pools", json=body), 201)
        read = good(await client.get(f"/licence-pools/{made['pool_id']}"))
        assert (made["seat_price"], read["seat_price"]) == (shown, shown)


async def test_a_pool_that_cannot_be_is_refused_by_field(council: Council) -> None:
    client = await council.admin()
    for change, code, pointer in (
        ({"seat_price": "74.705"}, "amount", "/seat_price"),
        ({"seat_price": "-1"}, "amount", "/seat_price"),
        ({"seat_price": "1e2"}, "amount", "/seat_price"),
        ({"seat_price": 74.7}, "amount", "/seat_price"),
        ({"seat_price": "10000000000"}, "amount", "/seat_price"),
        ({"seats": -1}, "greater_than_equal", "/seats"),
        ({"seats": "2"}, "int_type", "/seats"),
        ({"seats": 1_000_001}, "less_than_equal", "/seats"),
        ({"term_ends_on": "2024-04-01"}, "dates_out_of_order", ""),
        ({"term_ends_on": "2024-03-01"}, "dates_out_of_order", ""),
        ({"term_ends_on": "2040-04-01"}, "dates_out_of_order", ""),
        ({"term_starts_on": "01/04/2024"}, "date_format", "/term_starts_on"),
        ({"currency": "pounds"}, "string_pattern_mismatch", "/currency"),
        ({"overallocation": "maybe"}, "enum", "/overallocation"),
        ({"product": "has blank "}, "string_pattern_mismatch", "/product"),
        ({"available": 2}, "unknown_field", "/available"),
    ):
        answer = await client.post("/licence-pools", json={**POOL, **change})
        (error,) = problem(answer, 422, "invalid_input")["errors"]
        assert (error["code"], error["pointer"]) == (code, pointer)
    assert good(await client.get("/licence-pools"))["items"] == []


async def test_a_pool_is_for_a_pilot_of_its_own_organisation(
    council: Council, other_council: Council
) -> None:
    client = await council.admin()
    theirs = await pilot(await other_council.admin())
    for unknown in (theirs, council.organisation.organisation_id):
        answer = await client.post("/licence-pools", json={**POOL, "pilot_id": str(unknown)})
        refused = problem(answer, 422, "unknown_pilot")
        assert refused["errors"][0]["pointer"] == "/pilot_id"
    assert good(await client.get("/licence-pools"))["items"] == []
    path = await pool(client, pilot_id=await pilot(client))
    refused = await client.patch(path, json={"pilot_id": theirs}, headers=ANY)
    problem(refused, 422, "unknown_pilot")
    assert good(await client.patch(path, json={"pilot_id": None}, headers=ANY))["pilot_id"] is None


async def test_a_name_is_taken_once_in_an_organisation(
    council: Council, other_council: Council
) -> None:
    client = await council.admin()
    await pool(client)
    second = await pool(client, name="Other")
    answers = [
        await client.post("/licence-pools", json={**POOL, "seats": 9}),
        await client.patch(second, json={"name": "Copilot"}, headers=ANY),
    ]
    for answer in answers:
        refused = problem(answer, 409, "pool_exists")
        assert refused["errors"][0]["pointer"] == "/name"
    names = [found["name"] for found in good(await client.get("/licence-pools"))["items"]]
    assert names == ["Copilot", "Other"]
    events = good(await client.get("/audit-events"))["items"]
    actions = [event["action"] for event in events if event["action"].startswith("licence_pool")]
    assert actions == ["licence_pool.created"] * 2
    await pool(await other_council.admin())


async def test_pools_are_listed_by_product_pilot_and_name(council: Council) -> None:
    client = await council.admin()
    pilot_id = await pilot(client)
    await pool(client, name="A", pilot_id=pilot_id)
    await pool(client, name="B", product="Other")

    async def names(**params: str) -> list[str]:
        items = good(await client.get("/licence-pools", params=params))["items"]
        return [item["name"] for item in items]

    assert await names() == ["A", "B"]
    assert await names(limit="1") == ["A"]
    assert await names(product="Other") == ["B"]
    assert await names(pilot_id=pilot_id) == ["A"]
    assert await names(name="B") == ["B"]
    assert await names(name="b") == []


async def test_a_pool_stands_differently_before_in_and_after_its_term(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1")
    path = await pool(client)
    await seat(client, path, "E1", allocated_on="2024-05-01")
    change = {"effective_on": "2024-07-01", "seats": 5, "reason": "more teams"}
    good(await client.post(f"{path}/capacity-changes", json=change), 201)
    stands = {
        "2024-03-31": (0, 0, 0, 0, 0),
        "2024-04-01": (2, 0, 2, 0, 0),
        "2024-05-01": (2, 1, 1, 0, 0),
        "2024-06-30": (2, 1, 1, 0, 0),
        "2024-07-01": (5, 1, 4, 0, 0),
        "2025-03-31": (5, 1, 4, 0, 0),
        "2025-04-01": (0, 0, 0, 0, 0),
    }
    for day, numbers in stands.items():
        assert await standing(client, path, as_of=day) == numbers, day
        (listed,) = good(await client.get("/licence-pools", params={"as_of": day}))["items"]
        assert listed == good(await client.get(path, params={"as_of": day}))
        assert listed["as_of"] == day
    assert await standing(client, path) == stands["2024-06-30"]
    with on("2024-07-01"):
        assert await standing(client, path) == stands["2024-07-01"]


async def test_of_two_changes_for_one_day_the_later_recorded_holds(council: Council) -> None:
    client = await council.admin()
    path = await pool(client)
    changes = [("2024-07-01", 9), ("2024-07-01", 5), ("2024-06-10", 3), ("2024-04-01", 1)]
    for day, seats in changes:
        change = {"effective_on": day, "seats": seats}
        made = good(await client.post(f"{path}/capacity-changes", json=change), 201)
        assert (made["effective_on"], made["seats"], made["deficit"]) == (day, seats, 0)
    days = ("2024-04-01", "2024-06-09", "2024-06-10", "2024-06-30", "2024-07-01", "2025-03-31")
    bought = [(await standing(client, path, as_of=day))[0] for day in days]
    assert bought == [1, 1, 3, 3, 5, 5]
    assert await recorded(client, path) == [("2024-04-01", 2), *changes]
    assert await recorded(client, path, limit=1) == [("2024-04-01", 2)]


async def test_a_change_of_capacity_that_cannot_be_is_refused_by_field(council: Council) -> None:
    client = await council.admin()
    path = await pool(client)
    for change, code, pointer in (
        ({"effective_on": "2024-03-31"}, "outside_term", "/effective_on"),
        ({"effective_on": "2025-04-01"}, "outside_term", "/effective_on"),
        ({"seats": -1}, "invalid_input", "/seats"),
        ({"seats": None}, "invalid_input", "/seats"),
    ):
        wanted = {"effective_on": "2024-07-01", "seats": 3, **change}
        refused = problem(await client.post(f"{path}/capacity-changes", json=wanted), 422, code)
        assert refused["errors"][0]["pointer"] == pointer
    assert await recorded(client, path) == [("2024-04-01", 2)]


async def test_a_change_of_a_pool_needs_the_version_that_was_seen(council: Council) -> None:
    client = await council.admin()
    path = await pool(client, seat_price="74.70")
    etag = (await client.get(path)).headers["etag"]
    problem(await client.patch(path, json={"name": "B"}), 428, "precondition_required")
    first = await client.patch(path, json={"name": "B"}, headers={"If-Match": etag})
    assert (good(first)["name"], good(first)["seat_price"]) == ("B", "74.70")
    assert (await client.get(path)).headers["etag"] == first.headers["etag"] != etag
    stale = await client.patch(path, json={"name": "C"}, headers={"If-Match": etag})
    problem(stale, 412, "precondition_failed")
    assert good(await client.get(path))["name"] == "B"
    current = {"If-Match": first.headers["etag"]}
    emptied = good(await client.patch(path, json={"seat_price": None}, headers=current))
    assert emptied["seat_price"] is None


async def test_what_a_pool_cannot_become_is_refused_by_field(council: Council) -> None:
    client = await council.admin()
    path = await pool(client)
    before = good(await client.get(path))
    for change, code, pointer in (
        ({"name": None}, "invalid_input", "/name"),
        ({"seat_price": "0.001"}, "invalid_input", "/seat_price"),
        ({"seats": 9}, "invalid_input", "/seats"),
        ({"product": "Other"}, "invalid_input", "/product"),
        ({"term_ends_on": "2024-04-01"}, "dates_out_of_order", "/term_ends_on"),
        ({"term_starts_on": "2025-04-02"}, "dates_out_of_order", "/term_ends_on"),
        ({"term_ends_on": "2040-04-01"}, "dates_out_of_order", "/term_ends_on"),
    ):
        refused = problem(await client.patch(path, json=change, headers=ANY), 422, code)
        assert refused["errors"][0]["pointer"] == pointer
    assert good(await client.get(path)) == before


async def test_a_term_holds_all_that_is_in_the_ledger(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    path = await pool(client)
    await seat(client, path, "E1", allocated_on="2024-05-01", released_on="2024-11-30")
    change = {"effective_on": "2024-12-01", "seats": 3}
    good(await client.post(f"{path}/capacity-changes", json=change), 201)

    async def refuses(**term: str) -> None:
        before = good(await client.get(path))
        problem(await client.patch(path, json=term, headers=ANY), 409, "ledger_outside_term")
        assert good(await client.get(path)) == before

    async def takes(**term: str) -> None:
        changed = good(await client.patch(path, json=term, headers=ANY))
        assert {name: changed[name] for name in term} == term

    await refuses(term_starts_on="2024-05-02")
    await takes(term_starts_on="2024-05-01")
    await refuses(term_ends_on="2024-12-01")
    await takes(term_ends_on="2024-12-02")
    await takes(term_ends_on="2025-04-01")
    await seat(client, path, "E2", allocated_on="2025-01-05", released_on="2025-01-08")
    await refuses(term_ends_on="2025-01-05")
    await refuses(term_ends_on="2025-01-07")
    await takes(term_ends_on="2025-01-08")


async def test_a_longer_term_gives_nobody_two_seats_of_a_product(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1")
    first = await pool(client, name="First", term_ends_on="2024-10-01")
    second = await pool(client, name="Second", term_starts_on="2024-10-01")
    await seat(client, first, "E1")
    await seat(client, second, "E1", allocated_on="2024-10-01")
    longer = await client.patch(first, json={"term_ends_on": "2024-10-02"}, headers=ANY)
    problem(longer, 409, "already_allocated")
    assert good(await client.get(first))["term_ends_on"] == "2024-10-01"


async def test_a_pool_that_blocks_is_not_cut_below_what_is_held(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    path = await pool(client)
    await seat(client, path, "E1")
    second = await seat(client, path, "E2")
    good(await release(client, second, released_on="2024-07-01"))
    for day, missing in (("2024-06-30", 1), ("2024-04-01", 1)):
        change = {"effective_on": day, "seats": 1}
        answer = await client.post(f"{path}/capacity-changes", json=change)
        refused = problem(answer, 409, "capacity_below_allocated")
        first_day = max(day, TODAY)
        assert (refused["deficit"], refused["deficit_from"]) == (missing, first_day)
    none = {"effective_on": "2024-06-01", "seats": 0}
    refused = problem(
        await client.post(f"{path}/capacity-changes", json=none), 409, "capacity_below_allocated"
    )
    assert (refused["deficit"], refused["deficit_from"]) == (2, TODAY)
    assert await recorded(client, path) == [("2024-04-01", 2)]
    fitting = {"effective_on": "2024-07-01", "seats": 1}
    made = good(await client.post(f"{path}/capacity-changes", json=fitting), 201)
    assert (made["deficit"], made["deficit_from"]) == (0, None)


async def test_a_pool_that_warns_shows_its_deficit_wherever_it_is_shown(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2", "E3", "E4")
    path = await pool(client, overallocation="warn")
    for number in ("E1", "E2"):
        assert (await seat(client, path, number))["deficit"] == 0
    less = {"effective_on": "2024-06-10", "seats": 1}
    made = good(await client.post(f"{path}/capacity-changes", json=less), 201)
    assert (made["deficit"], made["deficit_from"]) == (1, "2024-06-10")
    assert await standing(client, path) == (2, 2, 0, 0, 0)
    assert await standing(client, path, as_of="2024-06-10") == (1, 2, 0, 1, 0)
    assert (await seat(client, path, "E3"))["deficit"] == 2
    assert await standing(client, path) == (2, 3, 0, 1, 0)
    rows = {"items": [{"person_external_id": "E4"}]}
    bulk = good(await client.post(f"{path}/allocations/bulk", json=rows))
    assert (bulk["accepted"], bulk["deficit"]) == (1, 3)
    answer = await client.patch(path, json={"overallocation": "block"}, headers=ANY)
    refused = problem(answer, 409, "capacity_below_allocated")
    assert (refused["deficit"], refused["deficit_from"]) == (3, TODAY)
    assert good(await client.get(path))["overallocation"] == "warn"
    more = {"effective_on": TODAY, "seats": 4}
    still_short = good(await client.post(f"{path}/capacity-changes", json=more), 201)
    assert (still_short["deficit"], still_short["deficit_from"]) == (3, "2024-06-10")
    good(await client.post(f"{path}/capacity-changes", json={**less, "seats": 4}), 201)
    blocks = good(await client.patch(path, json={"overallocation": "block"}, headers=ANY))
    assert (blocks["overallocation"], blocks["deficit"]) == ("block", 0)
    await people(client, "E5")
    problem(await allocate(client, path, "E5"), 409, "pool_exhausted")
