"""Many seats at once: three formats, a result for each row, never a seat too many."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.council import Council, good, people, problem
from tests.forms import Rows, as_csv, as_json, as_ndjson
from tests.licences import (
    TODAY,
    allocate,
    ledger,
    on,
    pool,
    seat,
    standing,
    wait,
    waiting,
)

SEATS, NAMES = 300, 320


@pytest.fixture(autouse=True)
def in_june() -> Iterator[None]:
    with on(TODAY):
        yield


def named(*numbers: str, **fields: Any) -> Rows:
    """A row for each of these people."""
    return [{"person_external_id": number, **fields} for number in numbers]


EVERYBODY = named(*(f"E{n:03}" for n in range(NAMES)))


async def staffed(council: Council) -> httpx.AsyncClient:
    """A client of a council with more people than seats."""
    client = await council.admin()
    await people(client, *(row["person_external_id"] for row in EVERYBODY))
    return client


async def bulk(
    client: httpx.AsyncClient, path: str, rows: Rows, form: Any = as_json, /, **params: str
) -> dict[str, Any]:
    """Ask for seats in bulk."""
    answer = await client.post(f"{path}/allocations/bulk", params=params, **form(rows))
    return good(answer)


def results(answer: dict[str, Any], *names: str) -> list[Any]:
    """What became of each row; or only these members of it."""
    rows = answer["results"]
    assert [row["index"] for row in rows] == list(range(len(rows)))
    if len(names) <= 1:
        return [row[names[0] if names else "result"] for row in rows]
    return [tuple(row[name] for name in names) for row in rows]


async def state(client: httpx.AsyncClient, path: str) -> tuple[Any, ...]:
    """All that a bulk request may write."""
    pages = [f"{path}/allocations?limit=200", f"{path}/waiting-list", "/import-batches"]
    pages += ["/audit-events?limit=200"]
    return (await standing(client, path), *[good(await client.get(page)) for page in pages])


@pytest.mark.parametrize("form", [as_json, as_ndjson, as_csv])
async def test_more_names_than_seats_fill_the_pool_and_the_queue_and_a_second_run_nothing(
    council: Council, form: Any
) -> None:
    client = await staffed(council)
    path = await pool(client, seats=SEATS)
    first = await bulk(client, path, EVERYBODY, form, queue="true")
    counts = ("accepted", "waiting", "duplicates", "rejected", "deficit")
    assert [first[name] for name in counts] == [SEATS, NAMES - SEATS, 0, 0, 0]
    assert results(first) == ["allocated"] * SEATS + ["waiting"] * (NAMES - SEATS)
    seats = good(await client.get(f"{path}/allocations?limit=200"))["items"]
    assert [(s["person_id"], s["allocation_id"], None) for s in seats] == (
        results(first, "person_id", "allocation_id", "code")[:200]
    )
    assert {s["source"] for s in seats} == {"bulk"}
    assert results(first, "allocation_id", "code")[SEATS:] == [(None, None)] * (NAMES - SEATS)
    assert await waiting(client, path) == [row["person_external_id"] for row in EVERYBODY[SEATS:]]
    before = await state(client, path)
    assert before[0] == (SEATS, SEATS, 0, 0, NAMES - SEATS)
    second = await bulk(client, path, EVERYBODY, form, queue="true")
    assert [second[name] for name in counts] == [0, 0, NAMES, 0, 0]
    assert results(second, "result", "person_id") == [
        ("duplicate", person_id) for person_id in results(first, "person_id")
    ]
    assert (await state(client, path))[:3] == before[:3]


async def test_without_a_queue_what_finds_no_seat_is_rejected(council: Council) -> None:
    client = await staffed(council)
    path = await pool(client, seats=SEATS)
    first = await bulk(client, path, EVERYBODY)
    assert (first["accepted"], first["rejected"], first["waiting"]) == (SEATS, NAMES - SEATS, 0)
    assert results(first, "result", "code")[SEATS - 1 :] == [
        ("allocated", None),
        *[("rejected", "pool_exhausted")] * (NAMES - SEATS),
    ]
    assert all(results(first, "person_id"))
    assert [(e["index"], e["code"]) for e in first["errors"]] == [
        (index, "pool_exhausted") for index in range(SEATS, NAMES)
    ]
    second = await bulk(client, path, EVERYBODY)
    assert (second["accepted"], second["duplicates"], second["rejected"]) == (0, SEATS, 20)
    assert await standing(client, path) == (SEATS, SEATS, 0, 0, 0)


async def test_a_pool_that_warns_gives_all_and_says_what_is_missing(council: Council) -> None:
    client = await staffed(council)
    path = await pool(client, seats=SEATS, overallocation="warn")
    answer = await bulk(client, path, EVERYBODY, queue="true")
    assert (answer["accepted"], answer["deficit"], answer["waiting"]) == (NAMES, 20, 0)
    assert await standing(client, path) == (SEATS, NAMES, 0, 20, 0)


async def test_all_or_nothing_says_of_each_row_what_it_would_have_been(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2", "E3")
    path = await pool(client, seats=2)
    before = await state(client, path)
    rows = as_json(named("E1", "E2", "E3", "NOBODY"))
    answer = await client.post(f"{path}/allocations/bulk?mode=atomic&queue=true", **rows)
    refused = problem(answer, 422, "rows_rejected")
    assert results(refused) == ["allocated", "allocated", "waiting", "rejected"]
    counts = [refused[name] for name in ("accepted", "waiting", "duplicates", "rejected")]
    assert counts == [2, 1, 0, 1]
    (error,) = refused["errors"]
    assert (error["index"], error["code"]) == (3, "unknown_person")
    assert error["pointer"] == "/person_external_id"
    assert (refused["batch_id"], refused["deficit"]) == (None, 0)
    assert "NOBODY" not in answer.text
    assert await state(client, path) == before
    fits = as_json(named("E1", "E2"))
    assert good(await client.post(f"{path}/allocations/bulk?mode=atomic", **fits))["accepted"] == 2


async def test_a_dry_run_says_what_would_happen_and_writes_nothing(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    path = await pool(client, seats=1)
    await wait(client, path, "E1")
    before = await state(client, path)
    rows = named("E1", "E2", "NOBODY")
    dry = await bulk(client, path, rows, queue="true", dry_run="true")
    assert results(dry) == ["allocated", "waiting", "rejected"]
    assert (dry["batch_id"], dry["dry_run"]) == (None, True)
    assert await state(client, path) == before
    real = await bulk(client, path, rows, queue="true")
    assert results(real, "result", "person_id") == results(dry, "result", "person_id")
    events = good(await client.get(f"/audit-events?resource_id={path.rpartition('/')[2]}"))
    assert [event["action"] for event in events["items"]] == [
        "seat_allocations.imported",
        "licence_pool.created",
    ]


async def test_a_batch_is_listed_with_its_counts(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    path = await pool(client, seats=1)
    answer = await bulk(client, path, named("E1", "E1", "E2"), rows="true")
    assert answer["rows"] == ["accepted", "duplicate", "rejected"]
    (batch,) = good(await client.get("/import-batches?kind=seat_allocations"))["items"]
    assert batch["batch_id"] == answer["batch_id"]
    assert (batch["accepted"], batch["duplicates"], batch["rejected"]) == (1, 1, 1)
    assert results(await bulk(client, path, [])) == []


async def test_a_person_may_come_more_than_once_in_a_file(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2", "E3")
    path = await pool(client, seats=1)
    await seat(client, await pool(client, name="Second"), "E2", released_on="2024-07-01")
    rows = [
        *named("E1", allocated_on="2024-05-01", released_on="2024-05-10"),
        *named("E1", allocated_on="2024-05-01", released_on="2024-05-10"),
        *named("E1", allocated_on="2024-05-09"),
        *named("E1", allocated_on="2024-05-01", released_on="2024-05-11"),
        *named("E1", allocated_on="2024-05-10"),
        *named("E1", allocated_on="2024-06-01"),
        *named("E2"),
        *named("E3", "E3"),
    ]
    answer = await bulk(client, path, rows, queue="true")
    assert results(answer, "result", "code") == [
        ("allocated", None),
        ("duplicate", None),
        ("duplicate", None),
        ("rejected", "already_allocated"),
        ("allocated", None),
        ("duplicate", None),
        ("rejected", "already_allocated"),
        ("waiting", None),
        ("duplicate", None),
    ]
    assert await ledger(client, path) == [
        ("E1", "2024-05-01", "2024-05-10"),
        ("E1", "2024-05-10", None),
    ]
    assert await waiting(client, path) == ["E3"]


async def test_a_ledger_of_the_past_is_taken_in_with_its_ends(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2", "E3")
    path = await pool(client, seats=1)
    rows = [
        *named("E1", allocated_on="2024-04-01", released_on="2024-04-20", reason="first wave"),
        *named("E2", allocated_on="2024-04-20", released_on="2024-05-20"),
        *named("E3", allocated_on="2024-05-19", released_on="2024-06-01"),
        *named("E3", allocated_on="2024-05-20", released_on="2024-06-01"),
        *named("E1", allocated_on="2024-06-01"),
    ]
    for form in (as_csv, as_ndjson):
        dry = await bulk(client, path, rows, form, dry_run="true")
        assert results(dry, "result", "code")[2] == ("rejected", "pool_exhausted")
    answer = await bulk(client, path, rows, as_csv)
    assert results(answer).count("allocated") == 4
    assert await ledger(client, path) == [
        ("E1", "2024-04-01", "2024-04-20"),
        ("E2", "2024-04-20", "2024-05-20"),
        ("E3", "2024-05-20", "2024-06-01"),
        ("E1", "2024-06-01", None),
    ]
    for day, holder in (("04-19", "E1"), ("04-20", "E2"), ("05-31", "E3"), ("06-01", "E1")):
        held = await ledger(client, path, as_of=f"2024-{day}")
        assert [row[0] for row in held] == [holder], day
    first = good(await client.get(f"{path}/allocations?limit=1"))["items"][0]
    assert (first["reason"], first["release_reason"]) == ("first wave", None)
    again = await bulk(client, path, rows, as_json)
    assert (again["accepted"], again["duplicates"], again["rejected"]) == (0, 4, 1)


async def test_a_wrong_row_is_named_and_the_good_ones_are_written(
    council: Council, other_council: Council
) -> None:
    client = await council.admin()
    await people(client, "E1", "E2", "E3")
    await people(client, "LEFT", left_on=TODAY)
    await people(await other_council.admin(), "FOREIGN")
    path = await pool(client, seats=9)
    number = "/person_external_id"
    wrong: list[tuple[dict[str, Any], str, str]] = [
        ({"person_external_id": "FOREIGN"}, "unknown_person", number),
        ({}, "unknown_person", number),
        ({"person_external_id": "E1", "colour": "red"}, "unknown_field", "/colour"),
        ({"person_external_id": 7}, "wrong_type", number),
        ({"person_external_id": "E1", "priority": 1001}, "out_of_range", "/priority"),
        ({"person_external_id": "E1", "allocated_on": "1.6.2024"}, "wrong_format", "/allocated_on"),
        (
            {"person_external_id": "E1", "allocated_on": "1024-06-01"},
            "date_out_of_range",
            "/allocated_on",
        ),
        (
            {"person_external_id": "E1", "allocated_on": "2024-03-31"},
            "outside_term",
            "/allocated_on",
        ),
        ({"person_external_id": "E1", "released_on": "2025-04-02"}, "outside_term", "/released_on"),
        ({"person_external_id": "E1", "released_on": TODAY}, "dates_out_of_order", "/released_on"),
        ({"person_external_id": "LEFT"}, "person_has_left", "/allocated_on"),
    ]
    rows = [*named("E2"), *[row for row, _, _ in wrong], *named("E3")]
    answer = await client.post(f"{path}/allocations/bulk", **as_json(rows))
    body = good(answer)
    assert [(e["index"], e["code"], e["pointer"]) for e in body["errors"]] == [
        (index, code, pointer) for index, (_, code, pointer) in enumerate(wrong, start=1)
    ]
    assert results(body, "result", "code") == [
        ("allocated", None),
        *[("rejected", code) for _, code, _ in wrong],
        ("allocated", None),
    ]
    known = [bool(person_id) for person_id in results(body, "person_id")]
    assert known == [True, *[False] * 6, *[True] * 6]
    assert "FOREIGN" not in answer.text
    assert [row[0] for row in await ledger(client, path)] == ["E2", "E3"]


async def test_the_queue_that_a_file_makes_is_served_in_its_order(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2", "E3", "E4")
    path = await pool(client, seats=0)
    await wait(client, path, "E4", priority=50)
    rows = named("E1", "E2") + named("E3", priority=5)
    answer = await bulk(client, path, rows, queue="true")
    assert answer["waiting"] == 3
    assert await waiting(client, path) == ["E3", "E4", "E1", "E2"]
    problem(await allocate(client, path, "E1"), 409, "pool_exhausted")
    more = {"effective_on": TODAY, "seats": 3}
    assert good(await client.post(f"{path}/capacity-changes", json=more), 201)["handed_on"] == 3
    assert [row[0] for row in await ledger(client, path)] == ["E3", "E4", "E1"]


async def test_whoever_gets_a_seat_in_bulk_waits_no_longer(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    path = await pool(client, seats=1, hands_on_released_seats=False)
    for number in ("E1", "E2"):
        await wait(client, path, number)
    answer = await bulk(client, path, named("E2", "E1"))
    assert results(answer) == ["allocated", "duplicate"]
    assert await waiting(client, path) == ["E1"]
