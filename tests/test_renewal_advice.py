"""Renewal advice: how many seats, what that saves and from when, and what would have to be true."""

from typing import Any

import httpx

from app.access.permissions import Scope
from tests.adoption import days, record
from tests.council import Council, good, people, problem
from tests.licences import on, pool, seat, wait

TODAY = "2024-06-30"
TERM = {"term_starts_on": "2024-01-01", "term_ends_on": "2025-01-01"}
NAMES = ("E1", "E2", "E3", "E4")


async def advice(client: httpx.AsyncClient, path: str, **params: str) -> dict[str, Any]:
    return good(await client.get(f"{path}/renewal-advice", params=params))


async def in_use(client: httpx.AsyncClient, **fields: Any) -> str:
    """A pool of which three are used together from 20 to 31 March, and one at the end; one never."""
    await people(client, *NAMES, "WAITS")
    path = await pool(client, **TERM, overallocation="warn", **fields)
    for name in NAMES:
        await seat(client, path, name, allocated_on="2024-02-01")
    await wait(client, path, "WAITS", requested_on="2024-06-01")
    await record(
        client,
        *days("E1", "2024-03-04", "2024-06-29"),
        *days("E2", "2024-03-20"),
        *days("E3", "2024-03-11"),
    )
    return path


async def test_seats_that_nobody_needs_are_given_up_at_the_renewal(council: Council) -> None:
    client = await council.admin()
    with on(TODAY):
        path = await in_use(client, seats=20, seat_price="74.70")
        found = await advice(client, path)
        figures = good(await client.get(f"{path}/utilisation"))["figures"]
    recommended = found["recommended_seats"]
    # Three at once and one who waits make four, and a tenth of that, rounded up, one more.
    assert (recommended["value"], recommended["denominator"]) == (5, 20)
    assert recommended == figures["recommended_seats"]
    assert (found["seats_to_give_up"], found["seats_to_add"]) == (15, 0)
    assert (found["purchased"], found["peak_in_use"], found["waiting"]) == (20, 3, 1)
    assert found["peak_on"] == "2024-03-20"
    assert (found["as_of"], found["renewal_on"]) == (TODAY, "2025-01-01")
    assert found["saving"] == {"amount": "1120.50", "currency": "GBP"}
    assert found["pool_id"] == path.rpartition("/")[2]
    assert found["what_would_have_to_be_true"] == [
        "No more than 3 people use a seat within any 28 days, as at most on 20 March 2024; "
        "a tenth is added for those who do so later.",
        "Who waits on 30 June 2024 (1 person) still wants a seat, and uses it.",
        "15 seats are given up at the renewal on 1 January 2025: before that each is paid for, used or not, "
        "and nothing is saved.",
        "1 person has never used their seat, and would not have begun to.",
        "The next term costs what this one does: £74.70 a seat for 366 days.",
    ]


async def test_seats_that_are_missing_are_added_and_cost_more(council: Council) -> None:
    client = await council.admin()
    with on(TODAY):
        path = await in_use(client, seats=2, seat_price="100.00", currency="EUR")
        found = await advice(client, path)
    assert (found["seats_to_give_up"], found["seats_to_add"]) == (0, 3)
    assert found["saving"] == {"amount": "-300.00", "currency": "EUR"}
    assert not any("given up" in each for each in found["what_would_have_to_be_true"])


async def test_without_a_price_nothing_is_said_of_money(council: Council) -> None:
    client = await council.admin()
    with on(TODAY):
        path = await in_use(client, seats=5)
        found = await advice(client, path)
    assert (found["seats_to_give_up"], found["seats_to_add"], found["saving"]) == (0, 0, None)
    sentences = " ".join(found["what_would_have_to_be_true"])
    assert "given up" not in sentences
    assert "costs" not in sentences


async def test_the_advice_goes_by_the_window_that_is_asked_for(council: Council) -> None:
    client = await council.admin()
    with on(TODAY):
        path = await in_use(client, seats=20, seat_price="74.70")
        fewer = {"effective_on": "2024-05-01", "seats": 4}
        good(await client.post(f"{path}/capacity-changes", json=fewer), 201)
        window = {"starts_on": "2024-03-30", "ends_on": "2024-05-01"}
        before = await advice(client, path, **window)
        # 28 days after the last of three used theirs: one alone, and nobody was waiting yet.
        alone = await advice(client, path, starts_on="2024-04-08", ends_on="2024-04-17")
        later = await advice(client, path, starts_on="2024-05-01", ends_on="2024-06-02")
        problem(
            await client.get(f"{path}/renewal-advice?starts_on=2024-07-01"),
            409,
            "window_has_not_begun",
        )
    assert (before["as_of"], before["purchased"]) == ("2024-04-30", 20)
    assert (before["peak_in_use"], before["peak_on"], before["waiting"]) == (3, "2024-03-30", 0)
    assert (before["recommended_seats"]["value"], before["seats_to_give_up"]) == (4, 16)
    assert (alone["peak_in_use"], alone["recommended_seats"]["value"]) == (1, 2)
    assert (later["purchased"], later["peak_in_use"], later["waiting"]) == (4, 0, 1)
    assert (later["recommended_seats"]["value"], later["seats_to_give_up"]) == (2, 2)


async def test_advice_needs_to_see_people_and_licences(council: Council) -> None:
    client = await council.admin()
    path = await pool(client, **TERM)
    for scope in (Scope.LICENCES_READ, Scope.PEOPLE_READ):
        reader = council.client(await council.key(None, scopes=[scope]))
        problem(await reader.get(f"{path}/renewal-advice"), 403, "scope_missing")
    both = council.client(await council.key(None, scopes=[Scope.LICENCES_READ, Scope.PEOPLE_READ]))
    assert (await both.get(f"{path}/renewal-advice")).status_code == 200
