"""Seats ended and corrected: what the ledger says on each day, and what it said before."""

from collections.abc import Iterator
from typing import Any

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
)


@pytest.fixture(autouse=True)
def in_june() -> Iterator[None]:
    with on(TODAY):
        yield


async def correct(client: Any, given: dict[str, Any], **change: Any) -> Any:
    """Correct a seat."""
    return await client.patch(path_of(given), json=change)


async def events(client: Any, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    """(kind, first day, end, reason) of all that happened to a seat."""
    items = good(await client.get(f"{path_of(given)}/events"))["items"]
    assert [one["allocation_id"] for one in items] == [given["allocation_id"]] * len(items)
    return [(e["kind"], e["allocated_on"], e["released_on"], e["reason"]) for e in items]


async def test_a_seat_is_released_today_by_default_and_is_free_again(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    path = await pool(client, seats=1)
    given = await seat(client, path, "E1", allocated_on="2024-05-01")
    answer = await release(client, given, reason="no longer needed")
    ended = good(answer)
    assert (ended["released_on"], ended["release_reason"]) == (TODAY, "no longer needed")
    assert ended["handed_on"] == []
    read = await client.get(path_of(given))
    assert good(read) == {name: value for name, value in ended.items() if name != "handed_on"}
    assert read.headers["etag"] == answer.headers["etag"]
    assert await standing(client, path, as_of="2024-06-02") == (1, 1, 0, 0, 0)
    assert await standing(client, path) == (1, 0, 1, 0, 0)
    await seat(client, path, "E2")


@pytest.mark.parametrize("end", ["2024-05-10", "2024-09-01"])
async def test_a_seat_is_released_on_a_day_gone_by_or_to_come(council: Council, end: str) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    path = await pool(client, seats=1)
    given = await seat(client, path, "E1", allocated_on="2024-05-01")
    assert good(await release(client, given, released_on=end))["released_on"] == end
    problem(await release(client, given), 409, "already_released")
    before = end[:-2] + f"{int(end[-2:]) - 1:02}" if end != "2024-09-01" else "2024-08-31"
    assert (await standing(client, path, as_of=before))[1] == 1
    assert (await standing(client, path, as_of=end))[1] == 0
    problem(await allocate(client, path, "E2", allocated_on=before), 409, "pool_exhausted")
    await seat(client, path, "E2", allocated_on=end)


async def test_a_seat_is_not_released_before_it_began_nor_after_the_term(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    path = await pool(client)
    given = await seat(client, path, "E1", allocated_on="2024-05-01")
    early = problem(
        await release(client, given, released_on="2024-04-30"), 422, "dates_out_of_order"
    )
    late = problem(await release(client, given, released_on="2025-04-02"), 422, "outside_term")
    assert [p["errors"][0]["pointer"] for p in (early, late)] == ["/released_on"] * 2
    assert await ledger(client, path) == [("E1", "2024-05-01", None)]
    bounded = await seat(client, path, "E2", released_on="2024-09-01")
    problem(await release(client, bounded), 409, "already_released")
    assert good(await release(client, given, released_on="2025-04-01"))["released_on"] == (
        "2025-04-01"
    )


async def test_the_day_of_a_release_that_names_none_lies_within_seat_and_term(
    council: Council,
) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    path = await pool(client)
    to_come = await seat(client, path, "E1", allocated_on="2024-09-01")
    open_ended = await seat(client, path, "E2")
    assert good(await release(client, to_come))["released_on"] == "2024-09-01"
    with on("2025-06-01"):
        assert good(await release(client, open_ended))["released_on"] == "2025-04-01"


async def test_a_seat_released_on_its_own_day_is_taken_back_altogether(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    path = await pool(client, seats=1)
    given = await seat(client, path, "E1", allocated_on="2024-05-01")
    good(await release(client, given, released_on="2024-05-01"))
    for day in ("2024-05-01", "2024-05-02", TODAY):
        assert await standing(client, path, as_of=day) == (1, 0, 1, 0, 0)
        assert await ledger(client, path, as_of=day) == []
    assert await ledger(client, path) == [("E1", "2024-05-01", "2024-05-01")]
    again = await seat(client, path, "E1", allocated_on="2024-05-01")
    assert again["allocation_id"] != given["allocation_id"]
    good(await release(client, again, released_on="2024-05-01"))
    await seat(client, path, "E2", allocated_on="2024-05-01")


async def test_who_gave_a_seat_back_may_have_one_again(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1")
    path = await pool(client, seats=1)
    second = await pool(client, name="Second")
    given = await seat(client, path, "E1", allocated_on="2024-05-01")
    good(await release(client, given, released_on="2024-05-20"))
    problem(await allocate(client, path, "E1", allocated_on="2024-05-19"), 409, "already_allocated")
    back = await seat(client, path, "E1", allocated_on="2024-05-20")
    good(await release(client, back))
    await seat(client, second, "E1")
    assert await ledger(client, path) == [
        ("E1", "2024-05-01", "2024-05-20"),
        ("E1", "2024-05-20", TODAY),
    ]


async def test_a_seat_is_found_in_its_own_pool_alone(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1")
    given = await seat(client, await pool(client), "E1")
    other = await pool(client, name="Other")
    elsewhere = f"{other}/allocations/{given['allocation_id']}"
    problem(await client.get(elsewhere), 404, "not_found")
    problem(await client.get(f"{elsewhere}/events"), 404, "not_found")
    problem(await client.post(f"{elsewhere}/release", json={}), 404, "not_found")
    change = {"released_on": None, "reason": "x"}
    problem(await client.patch(elsewhere, json=change), 404, "not_found")


async def test_a_correction_needs_a_reason_and_the_version_that_was_seen(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1")
    given = await seat(client, await pool(client), "E1")
    seen = {"If-Match": (await client.get(path_of(given))).headers["etag"]}
    refused = problem(await correct(client, given, allocated_on="2024-06-01"), 422, "invalid_input")
    assert refused["errors"][0]["pointer"] == "/reason"
    change = {"allocated_on": "2024-06-01", "reason": "typed wrongly"}
    done = await client.patch(path_of(given), json=change, headers=seen)
    assert good(done)["allocated_on"] == "2024-06-01"
    assert good(done)["corrected_at"] is not None
    assert (good(done)["released_on"], good(done)["handed_on"]) == (None, [])
    again = await client.patch(path_of(given), json=change, headers=seen)
    problem(again, 412, "precondition_failed")
    current = {"If-Match": done.headers["etag"]}
    change["allocated_on"] = "2024-06-02"
    assert good(await client.patch(path_of(given), json=change, headers=current))


async def test_a_correction_that_cannot_be_is_refused(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    path = await pool(client, seats=1)
    given = await seat(client, path, "E1", allocated_on="2024-05-01", released_on="2024-05-20")
    await seat(client, path, "E2", allocated_on="2024-05-20", released_on="2024-06-01")
    await seat(client, path, "E1", allocated_on="2024-06-01", released_on="2024-07-01")
    for change, status, code in (
        ({"released_on": "2024-04-30"}, 422, "dates_out_of_order"),
        ({"allocated_on": "2024-05-21"}, 422, "dates_out_of_order"),
        ({"allocated_on": "2024-03-31"}, 422, "outside_term"),
        ({"released_on": "2025-04-02"}, 422, "outside_term"),
        ({"allocated_on": None}, 422, "invalid_input"),
        ({"person_id": given["person_id"]}, 422, "invalid_input"),
        ({"released_on": "2024-05-21"}, 409, "pool_exhausted"),
        ({"released_on": "2024-06-02"}, 409, "already_allocated"),
        ({"released_on": None}, 409, "already_allocated"),
    ):
        problem(await correct(client, given, **change, reason="x"), status, code)
    read = good(await client.get(path_of(given)))
    assert (read["allocated_on"], read["released_on"]) == ("2024-05-01", "2024-05-20")
    assert [event[0] for event in await events(client, given)] == ["allocated"]


async def test_a_correction_frees_and_takes_days_for_others(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    path = await pool(client, seats=1)
    given = await seat(client, path, "E1", allocated_on="2024-05-01")
    early = {"allocated_on": "2024-05-01", "released_on": "2024-05-10"}
    problem(await allocate(client, path, "E2", **early), 409, "pool_exhausted")
    good(await correct(client, given, allocated_on="2024-05-10", reason="came later"))
    await seat(client, path, "E2", **early)
    refused = await correct(client, given, allocated_on="2024-05-09", reason="a day earlier")
    problem(refused, 409, "pool_exhausted")
    good(await correct(client, given, released_on="2024-05-10", reason="never had it"))
    assert await standing(client, path, as_of="2024-05-10") == (1, 0, 1, 0, 0)


async def test_every_change_of_a_seat_is_an_event_with_the_state_after_it(
    council: Council,
) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    path = await pool(client)
    given = await seat(client, path, "E1", allocated_on="2024-05-01", reason="first wave")
    other = await seat(client, path, "E2")
    good(await release(client, given, released_on="2024-06-01", reason="moved"))
    good(await correct(client, given, released_on=None, reason="did not move"))
    good(await correct(client, given, allocated_on="2024-05-05", reason="typed wrongly"))
    ended = good(await release(client, given))
    assert ended["release_reason"] is None
    assert await events(client, given) == [
        ("allocated", "2024-05-01", None, "first wave"),
        ("released", "2024-05-01", "2024-06-01", "moved"),
        ("corrected", "2024-05-01", None, "did not move"),
        ("corrected", "2024-05-05", None, "typed wrongly"),
        ("released", "2024-05-05", TODAY, None),
    ]
    assert await events(client, other) == [("allocated", TODAY, None, None)]
    items = good(await client.get(f"{path_of(given)}/events"))["items"]
    numbers = [one["sequence"] for one in items]
    assert numbers == sorted(set(numbers))
    assert len({one["principal_id"] for one in items}) == 1
    page = good(await client.get(f"{path_of(given)}/events?limit=2"))
    after = {"limit": "200", "cursor": page["next_cursor"]}
    rest = good(await client.get(f"{path_of(given)}/events", params=after))
    assert page["items"] + rest["items"] == items


async def test_the_ledger_answers_for_any_day(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    path = await pool(client)
    first = await seat(client, path, "E1", allocated_on="2024-04-10")
    await seat(client, path, "E2", allocated_on="2024-05-01", released_on="2024-07-01")
    with on("2024-07-10"):
        good(await release(client, first))
        days = {
            "2024-03-31": [],
            "2024-04-09": [],
            "2024-04-10": ["E1"],
            "2024-05-01": ["E1", "E2"],
            "2024-06-30": ["E1", "E2"],
            "2024-07-01": ["E1"],
            "2024-07-09": ["E1"],
            "2024-07-10": [],
            "2025-04-01": [],
        }
        for day, holders in days.items():
            assert [row[0] for row in await ledger(client, path, as_of=day)] == holders, day
            assert (await standing(client, path, as_of=day))[1] == len(holders), day


async def test_what_was_known_before_a_correction_is_answered_as_it_was(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    path = await pool(client)
    first = await seat(client, path, "E1", allocated_on="2024-05-01")
    with on("2024-06-10"):
        await seat(client, path, "E2", allocated_on="2024-05-01")
        more = {"effective_on": "2024-05-01", "seats": 7}
        good(await client.post(f"{path}/capacity-changes", json=more), 201)
    with on("2024-06-20"):
        good(await correct(client, first, allocated_on="2024-06-01", reason="came later"))
        good(await release(client, first, released_on="2024-06-15", reason="moved"))
    with on("2024-07-01"):
        may = {"as_of": "2024-05-31"}
        for known_at, holders, numbers in (
            ("2024-06-03T08:00:00Z", [], (0, 0, 0, 0, 0)),
            ("2024-06-04T00:00:00+01:00", ["E1"], (2, 1, 1, 0, 0)),
            ("2024-06-11T00:00:00Z", ["E1", "E2"], (7, 2, 5, 0, 0)),
            ("2024-06-21T00:00:00Z", ["E2"], (7, 1, 6, 0, 0)),
        ):
            then = {**may, "known_at": known_at}
            assert [row[0] for row in await ledger(client, path, **then)] == holders, known_at
            assert await standing(client, path, **then) == numbers, known_at
            listed = good(await client.get("/licence-pools", params=then))["items"][0]
            assert (listed["purchased"], listed["allocated"]) == numbers[:2]


async def test_what_was_known_is_asked_for_by_an_instant_with_its_offset(council: Council) -> None:
    client = await council.admin()
    path = await pool(client)
    for wrong in ("2024-06-21T00:00:00", "2024-06-21", "1717405200", "0.5"):
        for page in (path, f"{path}/allocations", "/licence-pools"):
            answer = await client.get(page, params={"known_at": wrong})
            assert answer.status_code == 422, f"{page}: {wrong}"


async def test_what_is_known_is_answered_to_the_letter_as_it_was_then(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1")
    path = await pool(client)
    listed = f"{path}/allocations"
    given = await seat(client, path, "E1", allocated_on="2024-05-01")
    answers = [good(await client.get(listed))]
    with on("2024-06-10"):
        good(await release(client, given, reason="moved"))
        answers.append(good(await client.get(listed)))
    with on("2024-06-20"):
        good(await correct(client, given, released_on="2024-06-05", reason="typed wrongly"))
        answers.append(good(await client.get(listed)))
    with on("2024-07-01"):
        for day, answer in zip(("09", "19", "29"), answers, strict=True):
            known_at = f"2024-06-{day}T00:00:00Z"
            assert good(await client.get(listed, params={"known_at": known_at})) == answer


async def test_a_release_that_was_corrected_away_leaves_no_reason(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1")
    path = await pool(client)
    given = await seat(client, path, "E1", allocated_on="2024-05-01")
    good(await release(client, given, reason="moved"))
    for end, reason in ((None, "stays"), ("2024-06-02", "left after all")):
        good(await correct(client, given, released_on=end, reason=reason))
    for params in ({}, {"known_at": "2024-06-09T00:00:00Z"}):
        (found,) = good(await client.get(f"{path}/allocations", params=params))["items"]
        assert (found["released_on"], found["release_reason"]) == ("2024-06-02", None), params
