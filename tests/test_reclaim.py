"""Whose seat might go to somebody else: who is asked, who never is, and what a decision does."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.access.permissions import Role, Scope
from app.core.sentences import day
from tests.adoption import days, record, week
from tests.council import Council, good, people, problem
from tests.licences import ledger, numbers_of, on, pool, standing, wait, waiting
from tests.reclaim import TERM, TODAY, back, prepare

NOBODY = {"on_leave": 0, "new_starter": 0, "kept": 0}


@pytest.fixture(autouse=True)
def today() -> Iterator[None]:
    with on(str(TODAY)):
        yield


async def read(client: httpx.AsyncClient, path: str, **params: str) -> dict[str, Any]:
    return good(await client.get(f"{path}/reclaim-candidates", params=params))


async def asked(client: httpx.AsyncClient, path: str, **params: str) -> dict[str, tuple[str, int]]:
    """HR number of each candidate, with the tier and the idle days."""
    found = (await read(client, path, **params))["items"]
    numbers = await numbers_of(client)
    return {numbers[each["person_id"]]: (each["tier"], each["days_idle"]) for each in found}


async def away(client: httpx.AsyncClient, *absences: tuple[str, int, int | None]) -> None:
    """Record absences: of whom, from how many days ago, back how many days ago."""
    items = [
        {
            "person_external_id": name,
            "starts_on": back(starts),
            "ends_on": None if ends is None else back(ends),
        }
        for name, starts, ends in absences
    ]
    assert good(await client.post("/absences/bulk", json={"items": items}))["rejected"] == 0


async def decide(
    client: httpx.AsyncClient, path: str, *items: Mapping[str, Any], **fields: Any
) -> httpx.Response:
    dry_run = {"dry_run": "true"} if fields.pop("dry_run", False) else {}
    body = {"items": list(items), **fields}
    return await client.post(f"{path}/reclaim-decisions", json=body, params=dry_run)


async def seats_of(client: httpx.AsyncClient, path: str) -> dict[str, str]:
    """The seat that each HR number holds."""
    items = good(await client.get(f"{path}/allocations", params={"limit": "200"}))["items"]
    numbers = await numbers_of(client)
    return {numbers[each["person_id"]]: each["allocation_id"] for each in items}


async def events(client: httpx.AsyncClient, action: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = good(
        await client.get("/audit-events", params={"action": action, "limit": "200"})
    )["items"]
    return found


# --- who is asked --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A seat given and last used so many days ago, and what guards it; None: nobody asks for it."""

    given: int
    used: int | None
    expected: tuple[str, int] | None
    started: int | None = None
    away: tuple[tuple[int, int | None], ...] = ()


CASES = {
    # The tiers, on either side of each.
    "USED_TODAY": Case(180, 0, None),
    "29_DAYS": Case(180, 29, None),
    "30_DAYS": Case(180, 30, ("warn", 30)),
    "59_DAYS": Case(180, 59, ("warn", 59)),
    "60_DAYS": Case(180, 60, ("propose", 60)),
    "89_DAYS": Case(180, 89, ("propose", 89)),
    "90_DAYS": Case(180, 90, ("certain", 90)),
    "170_DAYS": Case(180, 170, ("certain", 170)),
    # Nobody is asked in the first 30 days of a seat, and what was before them does not count.
    "NEVER_NEW": Case(29, None, None),
    "NEVER_OLD": Case(30, None, ("warn", 30)),
    "USED_BEFORE_NEW": Case(29, 100, None),
    "USED_BEFORE_OLD": Case(35, 100, ("warn", 35)),
    # Nor in the first 30 days of somebody's work.
    "STARTER": Case(100, None, None, started=29),
    "STARTED": Case(100, None, ("warn", 30), started=30),
    "STARTED_BEFORE": Case(100, None, ("certain", 100), started=101),
    # Nor while they are away.
    "AWAY": Case(150, 100, None, away=((1, -1),)),
    "AWAY_OPEN": Case(150, 100, None, away=((1, None),)),
    "AWAY_FROM_TODAY": Case(150, 100, None, away=((0, -7),)),
    "BACK_TODAY": Case(150, 100, ("certain", 99), away=((1, 0),)),
    "AWAY_TO_COME": Case(150, 100, ("certain", 100), away=((-1, None),)),
    # Days away are no idle days: those since the last use, each of them once.
    "20_AWAY": Case(150, 95, ("propose", 75), away=((50, 30),)),
    "9_AWAY_IN_TWO": Case(150, 70, ("propose", 61), away=((40, 35), (37, 31))),
    "15_AWAY": Case(150, 40, None, away=((25, 10),)),
    "AWAY_BEFORE": Case(150, 60, ("propose", 60), away=((80, 59),)),
    "AWAY_AT_FIRST": Case(100, None, ("propose", 61), away=((110, 60),)),
}


async def test_who_is_asked(council: Council) -> None:
    client = await council.admin()
    path = await prepare(client, {name: (case.given, case.used) for name, case in CASES.items()})
    for name, case in CASES.items():
        if case.started is not None:
            await people(client, name, started_on=back(case.started))
    await away(client, *((name, *days) for name, case in CASES.items() for days in case.away))
    expected = {name: case.expected for name, case in CASES.items() if case.expected}
    assert await asked(client, path) == expected
    # Of whom are away, one has not been idle for 30 days because of it.
    guarded = {"on_leave": 4, "new_starter": 1, "kept": 0}
    assert (await read(client, path))["guarded"] == guarded
    figures = good(await client.get(f"{path}/utilisation"))["figures"]
    assert figures["reclaim_candidates"]["value"] == len(expected)


async def test_the_past_is_asked_about_as_it_was_known_then(council: Council) -> None:
    client = await council.admin()
    path = await prepare(client, {"TODAY": (180, 0), "30": (180, 30), "90": (180, 90)}, newest=1)
    assert await asked(client, path) == {"30": ("warn", 30), "90": ("certain", 90)}
    yesterday = await asked(client, path, as_of=back(1))
    assert yesterday == {"TODAY": ("certain", 179), "90": ("propose", 89)}
    # There is no knowing today who is to be asked tomorrow.
    assert await asked(client, path, as_of=back(-1)) == await asked(client, path)


async def test_a_candidate_comes_with_the_reason(council: Council) -> None:
    client = await council.admin()
    path = await prepare(client, {"USED": (180, 61), "NEVER": (45, None)})
    answer = await read(client, path)
    seats, numbers = await seats_of(client, path), await numbers_of(client)
    used, never = answer["items"]
    assert used == {
        "allocation_id": seats["USED"],
        "person_id": used["person_id"],
        "tier": "propose",
        "reason": f"Last used on {day(date.fromisoformat(back(61)))}.",
        "days_idle": 61,
        "last_active_on": back(61),
        "allocated_on": back(180),
    }
    assert [numbers[each["person_id"]] for each in answer["items"]] == ["USED", "NEVER"]
    assert (
        never["reason"] == f"Never used since it was given on {day(date.fromisoformat(back(45)))}."
    )
    assert (never["last_active_on"], never["days_idle"]) == (None, 45)
    assert answer["guarded"] == NOBODY
    assert (answer["as_of"], answer["data_through"]) == (back(0), back(0))
    assert (answer["withheld_because"], answer["next_cursor"]) == (None, None)
    # Each read leaves one event that names nobody.
    for number in (2, 3):
        await read(client, path)
        found = await events(client, "reclaim_candidates.read")
        assert len(found) == number
    assert {(e["resource_id"], e["principal_kind"]) for e in found} == {
        (path.rpartition("/")[2], "api_key")
    }
    assert found[0]["details"] == {"as_of": back(0), "candidates": 2}


async def test_old_data_ask_nobody(council: Council) -> None:
    client = await council.admin()
    path = await prepare(client, {"IDLE": (150, 100)}, newest=4)
    assert await asked(client, path) == {"IDLE": ("certain", 100)}
    fresh = await read(client, path)
    assert (fresh["data_through"], fresh["withheld_because"]) == (back(4), None)
    with on(back(-1)):
        stale = await read(client, path)
    assert (stale["items"], stale["withheld_because"]) == ([], "stale_data")
    assert (stale["as_of"], stale["guarded"]) == (back(-1), NOBODY)
    figures = good(await client.get(f"{path}/utilisation"))["figures"]
    assert figures["reclaim_candidates"]["value"] == 1
    with on(back(-1)):
        figures = good(await client.get(f"{path}/utilisation"))["figures"]
        refused = good(await decide(client, path, await of(client, path, "IDLE", "warn")), 201)
    figure = figures["reclaim_candidates"]
    assert (figure["value"], figure["reason"]) == (None, "stale_data")
    assert (len(refused["refused"]), refused["decided"]) == (1, [])


async def test_data_by_the_week_are_as_new_as_the_week_s_last_day(council: Council) -> None:
    client = await council.admin()
    path = await prepare(client, {"IDLE": (150, 100)}, newest=None)
    await record(client, week("BUSY", back(16), active_days=3))
    for age in range(7):
        as_of = {"as_of": back(10 - age)}
        answer = await read(client, path, **as_of)
        quality = good(await client.get(f"{path}/utilisation", params=as_of))["quality"]
        assert quality["latest_activity_on"] == back(10)
        if age > 4:
            assert (answer["items"], answer["withheld_because"]) == ([], "stale_data"), age
        else:
            assert (len(answer["items"]), answer["withheld_because"]) == (1, None), age
            assert answer["data_through"] == back(10)


async def test_candidates_are_listed_in_the_order_of_their_seats(council: Council) -> None:
    client = await council.admin()
    idle = {"A": 40, "B": 95, "C": 31, "D": 120, "E": 70}
    path = await prepare(client, {name: (150, last) for name, last in idle.items()})
    assert list(await asked(client, path)) == ["A", "B", "C", "D", "E"]
    numbers = await numbers_of(client)
    listed: list[str] = []
    params = {"limit": "2"}
    while True:
        page = await read(client, path, **params)
        listed += [numbers[each["person_id"]] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        assert len(page["items"]) == 2
        params["cursor"] = page["next_cursor"]
    assert listed == ["A", "B", "C", "D", "E"]


async def test_only_the_seats_of_the_pool_on_the_day_are_looked_at(council: Council) -> None:
    client = await council.admin()
    path = await prepare(client, {"IDLE": (150, 100), "GONE": (150, 100)})
    other = await pool(client, **TERM, name="Other")
    await people(client, "ELSEWHERE")
    body = {"person_external_id": "ELSEWHERE", "allocated_on": back(150)}
    good(await client.post(f"{other}/allocations", json=body), 201)
    seats = await seats_of(client, path)
    gone = f"{path}/allocations/{seats['GONE']}/release"
    good(await client.post(gone, json={"released_on": back(0)}))
    assert set(await asked(client, path)) == {"IDLE"}
    assert set(await asked(client, other)) == {"ELSEWHERE"}
    await record(client, *days("BUSY", back(1)))
    assert set(await asked(client, path, as_of=back(1))) == {"IDLE", "GONE"}


async def test_reading_needs_to_see_people_and_licences(council: Council) -> None:
    client = await council.admin()
    path = await prepare(client, {"IDLE": (150, 100)})
    pages = [f"{path}/reclaim-candidates", f"{path}/reclaim-decisions"]
    for scope in (Scope.LICENCES_READ, Scope.PEOPLE_READ):
        reader = council.client(await council.key(None, scopes=[scope]))
        for page in pages:
            problem(await reader.get(page), 403, "scope_missing")
    assert await events(client, "reclaim_candidates.read") == []
    both = council.client(await council.key(None, scopes=[Scope.LICENCES_READ, Scope.PEOPLE_READ]))
    assert [(await both.get(page)).status_code for page in pages] == [200, 200]
    seat = await of(client, path, "IDLE", "reclaim")
    problem(await decide(both, path, seat), 403, "scope_missing")
    writer = council.client(await council.key(None, scopes=[Scope.LICENCES_WRITE]))
    problem(await decide(writer, path, seat), 403, "scope_missing")
    assert set(await asked(client, path)) == {"IDLE"}
    manager = await council.as_role(Role.ICT_MANAGER)
    assert good(await decide(manager, path, seat), 201)["reclaimed"] == 1


# --- decisions -----------------------------------------------------------------------------------


async def of(
    client: httpx.AsyncClient, path: str, name: str, decision: str, **fields: Any
) -> dict[str, Any]:
    """A decision about somebody's seat."""
    seats = await seats_of(client, path)
    return {"allocation_id": seats[name], "decision": decision, "reason": "as agreed", **fields}


async def somebody_waits(client: httpx.AsyncClient, path: str) -> None:
    """From today on there are two seats, both of them held."""
    body = {"effective_on": back(0), "seats": 2}
    good(await client.post(f"{path}/capacity-changes", json=body), 201)
    await people(client, "WAITS")
    await wait(client, path, "WAITS")


async def test_a_reclaimed_seat_goes_to_who_waits(council: Council) -> None:
    client = await council.admin()
    path = await prepare(client, {"IDLE": (150, 100), "ACTIVE": (150, 1)})
    await somebody_waits(client, path)
    wanted = await of(client, path, "IDLE", "reclaim")
    done = good(await decide(client, path, wanted), 201)
    assert (done["dry_run"], done["as_of"], done["reclaimed"]) == (False, back(0), 1)
    assert done["refused"] == []
    assert await ledger(client, path) == [
        ("IDLE", back(150), back(0)),
        ("ACTIVE", back(150), None),
        ("WAITS", back(0), None),
    ]
    assert done["handed_on"] == [(await seats_of(client, path))["WAITS"]]
    assert await waiting(client, path) == []
    seat = f"{path}/allocations/{wanted['allocation_id']}"
    released = good(await client.get(f"{seat}/events"))["items"][-1]
    assert (released["kind"], released["source"]) == ("released", "reclaim")
    assert released["reason"] == "reclaimed: as agreed"
    assert await asked(client, path) == {}
    (event,) = await events(client, "seats.decided_on")
    assert event["details"] == {"keep": 0, "warn": 0, "reclaim": 1, "handed_on": 1}
    assert event["resource_id"] == path.rpartition("/")[2]


async def test_a_dry_run_shows_the_same_and_writes_nothing(council: Council) -> None:
    client = await council.admin()
    path = await prepare(client, {"IDLE": (150, 100), "IDLE_TOO": (150, 40)})
    await somebody_waits(client, path)
    items = [
        await of(client, path, "IDLE", "reclaim"),
        await of(client, path, "IDLE_TOO", "keep", keep_until=back(-30)),
    ]
    before = await ledger(client, path), await standing(client, path), await asked(client, path)
    shown = good(await decide(client, path, *items, dry_run=True), 201)
    assert (shown["dry_run"], shown["reclaimed"], len(shown["handed_on"])) == (True, 1, 1)
    after = await ledger(client, path), await standing(client, path), await asked(client, path)
    assert after == before
    assert await waiting(client, path) == ["WAITS"]
    assert good(await client.get(f"{path}/reclaim-decisions"))["items"] == []
    assert await events(client, "seats.decided_on") == []
    done = good(await decide(client, path, *items), 201)
    for each in (*shown["decided"], *done["decided"]):
        del each["decision_id"], each["decided_at"]
    assert (done["decided"], done["reclaimed"]) == (shown["decided"], 1)


async def test_what_is_no_candidate_is_refused_and_the_rest_is_done(council: Council) -> None:
    client = await council.admin()
    path = await prepare(client, {"IDLE": (150, 100), "ACTIVE": (150, 29), "AWAY": (150, 100)})
    await away(client, ("AWAY", 3, None))
    items = [await of(client, path, name, "reclaim") for name in ("ACTIVE", "IDLE", "AWAY")]
    unknown = {**items[0], "allocation_id": str(uuid4())}
    done = good(await decide(client, path, *items, unknown), 201)
    refused = [items[0], items[2], unknown]
    assert [(r["allocation_id"], r["code"]) for r in done["refused"]] == [
        (item["allocation_id"], "not_a_candidate") for item in refused
    ]
    assert [d["allocation_id"] for d in done["decided"]] == [items[1]["allocation_id"]]
    held = [row for row in await ledger(client, path) if row[2] is None]
    assert [name for name, _, _ in held] == ["ACTIVE", "AWAY"]
    # Once more: it is held by nobody now.
    again = good(await decide(client, path, items[1]), 201)
    assert (len(again["refused"]), again["reclaimed"]) == (1, 0)


async def test_a_seat_that_is_kept_is_not_asked_for_until_then(council: Council) -> None:
    client = await council.admin()
    path = await prepare(client, {"UNTIL": (150, 100), "ALWAYS": (150, 100), "WARNED": (150, 100)})
    items = [
        await of(client, path, "UNTIL", "keep", keep_until=back(-3)),
        await of(client, path, "ALWAYS", "keep"),
        await of(client, path, "WARNED", "warn"),
    ]
    good(await decide(client, path, *items), 201)
    assert await asked(client, path) == {"WARNED": ("certain", 100)}
    assert (await read(client, path))["guarded"] == {**NOBODY, "kept": 2}
    refused = good(await decide(client, path, await of(client, path, "ALWAYS", "warn")), 201)
    assert len(refused["refused"]) == 1
    # On the day before nobody had decided anything yet.
    await record(client, *days("BUSY", back(1)))
    assert set(await asked(client, path, as_of=back(1))) == {"UNTIL", "ALWAYS", "WARNED"}
    figures = good(await client.get(f"{path}/utilisation"))["figures"]
    assert figures["reclaim_candidates"]["value"] == 1
    with on(back(-2)):
        assert await asked(client, path) == {"WARNED": ("certain", 102)}
    with on(back(-3)):
        assert set(await asked(client, path)) == {"UNTIL", "WARNED"}
        # The last decision about a seat holds.
        good(await decide(client, path, await of(client, path, "UNTIL", "keep")), 201)
        good(await decide(client, path, await of(client, path, "WARNED", "keep")), 201)
        assert await asked(client, path) == {}
        assert (await read(client, path))["guarded"] == {**NOBODY, "kept": 3}


async def test_decisions_are_recorded_and_listed_newest_first(council: Council) -> None:
    client = await council.admin()
    path = await prepare(client, {"A": (150, 100), "B": (150, 31), "C": (150, 65)})
    first = await of(client, path, "A", "keep", keep_until=back(-30), reason="maternity cover")
    second = [await of(client, path, "B", "warn"), await of(client, path, "C", "reclaim")]
    made = good(await decide(client, path, first), 201)["decided"]
    made += good(await decide(client, path, *second, as_of=back(0)), 201)["decided"]
    listed = good(await client.get(f"{path}/reclaim-decisions"))["items"]
    assert listed == made[::-1]
    columns = ("allocation_id", "decision", "reason", "tier", "days_idle", "as_of", "keep_until")
    assert [tuple(each[name] for name in columns) for each in made] == [
        (first["allocation_id"], "keep", "maternity cover", "certain", 100, back(0), back(-30)),
        (second[0]["allocation_id"], "warn", "as agreed", "warn", 31, back(0), None),
        (second[1]["allocation_id"], "reclaim", "as agreed", "propose", 65, back(0), None),
    ]
    assert {each["pool_id"] for each in made} == {path.rpartition("/")[2]}
    other = await pool(client, **TERM, name="Other")
    assert good(await client.get(f"{other}/reclaim-decisions"))["items"] == []
    elsewhere = good(await decide(client, other, first), 201)
    assert (len(elsewhere["refused"]), elsewhere["decided"]) == (1, [])


async def test_a_request_that_contradicts_itself_is_refused_whole(council: Council) -> None:
    client = await council.admin()
    path = await prepare(client, {"A": (150, 100), "B": (150, 100)})
    one, other = [await of(client, path, name, "reclaim") for name in ("A", "B")]
    for items, code in (
        ([one, other, {**one, "decision": "keep"}], "decided_twice"),
        ([other, {**one, "keep_until": back(-1)}], "keep_until"),
        ([{**one, "reason": " "}], "string_too_short"),
        ([], "too_short"),
    ):
        refused = problem(await decide(client, path, *items), 422, "invalid_input")
        assert refused["errors"][0]["code"] == code
    assert set(await asked(client, path)) == {"A", "B"}
    nowhere = f"/licence-pools/{uuid4()}"
    problem(await decide(client, nowhere, one), 404, "not_found")
    problem(await client.get(f"{nowhere}/reclaim-candidates"), 404, "not_found")
