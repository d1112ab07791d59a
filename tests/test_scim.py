"""SCIM: who is who, who leaves and comes back, and what groups are taken for."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
import time_machine

from app.integrations.scim import storage
from tests.council import Council, good, people, pilot, problem
from tests.licences import ledger, pool, seat
from tests.scim import (
    ENTERPRISE,
    create_group,
    create_user,
    directory,
    operations,
    refused,
    replace_in,
    said,
    user,
)
from tests.test_leavers import run_job

TODAY = "2024-06-03"


async def _person(council: Council, identity: str) -> dict[str, Any]:
    return good(await (await council.admin()).get(f"/people/{identity}"))


# --- who is who -------------------------------------------------------------------------------


async def test_somebody_whom_hr_has_recorded_is_that_person(council: Council) -> None:
    """By the number, or by the sign-in name where the directory knows no number."""
    admin, client = await council.admin(), await directory(council)
    await people(admin, "E-4711", team="North", fte=0.8, started_on="2020-01-01")
    await people(admin, "E-4712", user_name="Known@example.org", display_name="Known", team="South")
    listed = good(await admin.get("/people"))["items"]
    ids = {p["external_id"]: p["person_id"] for p in listed}
    by_number = await create_user(
        client, "margaret@example.org", enterprise={"employeeNumber": "E-4711"}, displayName="M"
    )
    by_name = await create_user(client, "known@EXAMPLE.org", externalId="entra-2")
    assert (by_number, by_name) == (ids["E-4711"], ids["E-4712"])
    first, second = await _person(council, by_number), await _person(council, by_name)
    assert (first["team"], first["fte"], first["display_name"]) == ("North", 0.8, "M")
    kept = ("external_id", "display_name", "team", "user_name")
    assert [second[name] for name in kept] == ["E-4712", "Known", "South", "known@EXAMPLE.org"]
    assert len(good(await admin.get("/people"))["items"]) == 2


async def test_whoever_comes_back_is_the_same_person_with_their_history(council: Council) -> None:
    admin, client = await council.admin(), await directory(council)
    identity = await create_user(client, "margaret@example.org", externalId="entra-1")
    pilot_id = await pilot(admin, {"person_id": identity, "joined_on": "2024-04-02"})
    with time_machine.travel(f"{TODAY}T09:00:00+01:00", tick=False):
        assert (await client.delete(f"Users/{identity}")).status_code == 204
    assert (await _person(council, identity))["left_on"] == TODAY
    members = good(await admin.get(f"/pilots/{pilot_id}/members"))["items"]
    assert [(m["person_id"], m["joined_on"]) for m in members] == [(identity, "2024-04-02")]
    assert said(await client.get("Users"))["totalResults"] == 0
    by_id = await create_user(client, "margaret.new@example.org", externalId="entra-1")
    assert by_id == identity
    assert (await _person(council, identity))["left_on"] is None
    assert (await client.delete(f"Users/{identity}")).status_code == 204
    assert await create_user(client, "Margaret.New@example.org") == identity
    assert len(good(await admin.get("/people"))["items"]) == 1


async def test_a_name_given_to_somebody_else_is_somebody_else(council: Council) -> None:
    """The same userName with another id of the directory, or another number, is another person."""
    client = await directory(council)
    first = await create_user(client, "m@example.org", externalId="entra-1")
    await client.delete(f"Users/{first}")
    second = await create_user(client, "m@example.org", externalId="entra-2")
    await client.delete(f"Users/{second}")
    numbered = await create_user(client, "n@example.org", enterprise={"employeeNumber": "1"})
    await client.delete(f"Users/{numbered}")
    other = await create_user(client, "n@example.org", enterprise={"employeeNumber": "2"})
    assert len({first, second, numbered, other}) == 4
    assert await create_user(client, "x@example.org", externalId="entra-2") == second


async def test_a_number_that_comes_later_replaces_the_directory_s_id_and_no_hr_number(
    council: Council,
) -> None:
    admin, client = await council.admin(), await directory(council)
    first = await create_user(client, "m@example.org", externalId="entra-1")
    assert (await _person(council, first))["external_id"] == "entra-1"
    await replace_in(client, first, **{f"{ENTERPRISE}:employeeNumber": "E-1"})
    assert (await _person(council, first))["external_id"] == "E-1"
    await people(admin, "E-2", user_name="n@example.org")
    second = await create_user(client, "n@example.org", externalId="entra-2")
    await replace_in(client, second, externalId="entra-3")
    assert (await _person(council, second))["external_id"] == "E-2"
    body = operations({"op": "add", "path": f"{ENTERPRISE}:employeeNumber", "value": "E-1"})
    refused(await client.patch(f"Users/{second}", json=body), 409, "uniqueness")


async def test_what_is_taken_is_409_and_writes_nothing(council: Council) -> None:
    client = await directory(council)
    identity = await create_user(client, "m@example.org", enterprise={"employeeNumber": "E-4711"})
    other = await create_user(client, "o@example.org")
    taken = [user("M@EXAMPLE.ORG"), user("x@example.org", enterprise={"employeeNumber": "E-4711"})]
    for body in taken:
        detail = refused(await client.post("Users", json=body), 409, "uniqueness")
        assert "4711" not in detail
        assert "EXAMPLE" not in detail
    refused(await client.put(f"Users/{other}", json=user("m@example.org")), 409, "uniqueness")
    assert said(await client.get("Users"))["totalResults"] == 2
    assert said(await client.get(f"Users/{identity}"))["userName"] == "m@example.org"


async def test_what_hr_writes_stays_until_the_directory_changes_it(council: Council) -> None:
    admin, client = await council.admin(), await directory(council)
    said_first = {"employeeNumber": "E-1", "department": "Housing"}
    identity = await create_user(client, "m@example.org", displayName="M", enterprise=said_first)
    await people(admin, "E-1", department="Homes", left_on="2024-01-01")
    told = await replace_in(client, identity, displayName="Margaret")
    person = await _person(council, identity)
    kept = ("department", "display_name", "left_on")
    assert [person[name] for name in kept] == ["Homes", "Margaret", "2024-01-01"]
    assert "active" not in told
    await replace_in(client, identity, active=True)
    assert (await _person(council, identity))["left_on"] is None
    await people(admin, "E-1", left_on="2024-01-01")
    assert said(await client.get(f"Users/{identity}"))["active"] is False
    no_longer = [{"op": "remove", "path": f"{ENTERPRISE}:department"}]
    said(await client.patch(f"Users/{identity}", json=operations(*no_longer)))
    assert (await _person(council, identity))["department"] is None


async def test_a_leave_is_of_the_council_s_day_and_never_before_the_start(council: Council) -> None:
    admin, client = await council.admin(), await directory(council)
    # Half past midnight in London is the day before in UTC.
    with time_machine.travel("2024-06-02T23:30:00Z", tick=False):
        await people(admin, "E-1", started_on="2024-09-01")
        await people(admin, "E-2", left_on="2024-12-31")
        ids = [
            await create_user(
                client, f"{n}@example.org", active=True, enterprise={"employeeNumber": n}
            )
            for n in ("E-0", "E-1", "E-2")
        ]
        told = [await replace_in(client, identity, active=False) for identity in ids]
        days = [(await _person(council, identity))["left_on"] for identity in ids]
    assert days == [TODAY, "2024-09-01", TODAY]
    assert [one["active"] for one in told] == [False, False, False]


async def test_a_password_is_never_kept_and_a_deleted_user_is_emptied(council: Council) -> None:
    client = await directory(council)
    emails = [{"type": "work", "value": "kept@example.org"}]
    identity = await create_user(client, "m@example.org", password="hunter2-secret", emails=emails)

    async def stored() -> str:
        async with council.database.engine.connect() as connection:
            statement = "SELECT * FROM directory_user WHERE organisation_id IS NOT NULL"
            return str((await connection.exec_driver_sql(statement)).all())

    assert "kept@example.org" in await stored()
    assert "hunter2-secret" not in await stored()
    await client.delete(f"Users/{identity}")
    assert "kept@example.org" not in await stored()


async def test_the_seat_of_whoever_is_switched_off_goes_back_by_the_job(council: Council) -> None:
    admin, client = await council.admin(), await directory(council)
    identity = await create_user(client, "m@example.org", active=True)
    path = await pool(admin, seats=1)
    with time_machine.travel(f"{TODAY}T09:00:00Z", tick=False):
        await seat(admin, path, "m@example.org", allocated_on="2024-05-01")
        await replace_in(client, identity, active=False)
        assert await ledger(admin, path) == [("m@example.org", "2024-05-01", None)]
        assert (await run_job(council))["released"] == 1
    assert await ledger(admin, path) == [("m@example.org", "2024-05-01", TODAY)]


# --- lists, versions --------------------------------------------------------------------------


async def test_lists_are_paged_in_a_stable_order_and_capped(council: Council) -> None:
    client = await directory(council)
    ids = [await create_user(client, f"{n}@example.org") for n in (3, 1, 2)]

    async def page(**wanted: Any) -> tuple[int, list[str]]:
        found = said(await client.get("Users", params=wanted))
        assert found["itemsPerPage"] == len(found["Resources"])
        return found["totalResults"], [item["id"] for item in found["Resources"]]

    assert await page() == (3, ids)
    assert await page(startIndex=2, count=1) == (3, ids[1:2])
    assert await page(startIndex=0, count=-1) == (3, [])
    assert await page(startIndex=4) == await page(startIndex=10**30) == (3, [])
    assert await page(count=10**9) == (3, ids)
    assert await page(sortBy="userName", count=2) == (3, [ids[1], ids[2]])
    wanted = {"filter": 'userName co "EXAMPLE" and not (userName sw "1")'}
    assert await page(**wanted) == (2, [ids[0], ids[2]])
    assert await page(filter='userName eq "1@example.org" or externalId eq "x"') == (1, [ids[1]])
    assert await page(filter=f'id eq "{ids[2]}"') == (1, [ids[2]])
    assert await page(filter='id eq "nobody"') == (0, [])
    assert await page(filter='userName eq "\\u0000"') == (0, [])
    config = said(await client.get("ServiceProviderConfig"))
    assert config["filter"] == {"supported": True, "maxResults": 200}
    body = {"filter": 'userName sw "2"', "count": 5}
    assert said(await client.post("Users/.search", json=body))["totalResults"] == 1
    assert said(await client.get("", params={"filter": "userName pr"}))["totalResults"] == 3


async def test_a_search_that_no_index_answers_is_bounded(
    council: Council, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await directory(council)
    for n in range(3):
        await create_user(client, f"{n}@example.org")
    monkeypatch.setattr(storage, "MOST_EXAMINED", 2)
    wanted = {"filter": 'userName co "@"'}
    refused(await client.get("Users", params=wanted), 400, "tooMany")
    named = {"filter": 'userName eq "1@example.org" and active eq true'}
    assert said(await client.get("Users", params=named))["totalResults"] == 0


async def test_versions_keep_two_writers_apart(council: Council) -> None:
    client = await directory(council)
    made = await client.post("Users", json=user())
    identity, version = said(made, 201)["id"], made.headers["etag"]
    assert said(made, 201)["meta"]["version"] == version
    assert made.headers["location"] == f"http://pilotlight.test/scim/v2/Users/{identity}"
    same = await client.get(f"Users/{identity}", headers={"If-None-Match": version})
    assert (same.status_code, same.content) == (304, b"")
    change = operations({"op": "replace", "path": "displayName", "value": "M"})
    stale = {"If-Match": version}
    first = await client.patch(f"Users/{identity}", json=change, headers=stale)
    assert first.headers["etag"] != version
    for method, body in (("PATCH", change), ("PUT", user()), ("DELETE", None)):
        answer = await client.request(method, f"Users/{identity}", json=body, headers=stale)
        refused(answer, 412)
    # A change by the API is one as well, and what changes nothing is none.
    admin = await council.admin()
    good(await admin.patch(f"/people/{identity}", json={"team": "North"}))
    current = (await client.get(f"Users/{identity}")).headers["etag"]
    assert current != first.headers["etag"]
    again = await client.patch(f"Users/{identity}", json=change, headers={"If-Match": current})
    assert again.headers["etag"] == current


async def test_members_added_at_the_same_time_are_all_in(council: Council) -> None:
    client = await directory(council)
    ids = [await create_user(client, f"{n}@example.org") for n in range(6)]
    group = await create_group(client, "North")

    async def add(identity: str) -> int:
        body = operations({"op": "add", "path": "members", "value": [{"value": identity}]})
        return (await client.patch(f"Groups/{group}", json=body)).status_code

    assert await asyncio.gather(*map(add, ids)) == [204] * 6
    found = said(await client.get(f"Groups/{group}"))
    assert {member["value"] for member in found["members"]} == set(ids)
    # Each of them made a version of its own.
    assert found["meta"]["version"].endswith('-7"')


async def test_one_user_created_twice_at_once_is_one(council: Council) -> None:
    client = await directory(council)
    answers = await asyncio.gather(*(client.post("Users", json=user()) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    for answer in answers:
        if answer.status_code == 409:
            refused(answer, 409, "uniqueness")
    assert len(good(await (await council.admin()).get("/people"))["items"]) == 1


# --- what groups are taken for ----------------------------------------------------------------


async def _take(admin: httpx.AsyncClient, group: str, **wanted: Any) -> dict[str, Any]:
    return good(await admin.patch(f"/directory-groups/{group}", json=wanted))


async def test_a_team_follows_its_group(council: Council) -> None:
    admin, client = await council.admin(), await directory(council)
    ids = [await create_user(client, f"{n}@example.org") for n in range(3)]
    await people(admin, "2@example.org", team="By hand")
    north = await create_group(client, "SG-North", *ids[:2])
    south = await create_group(client, "South")

    async def teams() -> list[str | None]:
        return [(await _person(council, identity))["team"] for identity in ids]

    async def patch(group: str, *parts: dict[str, Any]) -> None:
        assert (await client.patch(f"Groups/{group}", json=operations(*parts))).is_success

    assert await teams() == [None, None, "By hand"]
    mapped = await _take(admin, north, use="team", team="North")
    assert (mapped["members"], mapped["display_name"]) == (2, "SG-North")
    assert await teams() == ["North", "North", "By hand"]
    await _take(admin, south, use="team")
    await patch(south, {"op": "add", "path": "members", "value": [{"value": ids[0]}]})
    assert await teams() == ["South", "North", "By hand"]
    await patch(south, {"op": "replace", "path": "displayName", "value": "Far South"})
    assert await teams() == ["Far South", "North", "By hand"]
    await patch(south, {"op": "remove", "path": f'members[value eq "{ids[0]}"]'})
    assert await teams() == ["North", "North", "By hand"]
    # Figures of the past are grouped by the team: whoever has left keeps it.
    await replace_in(client, ids[1], active=False)
    await patch(north, {"op": "remove", "path": f'members[value eq "{ids[1]}"]'})
    assert (await client.delete(f"Groups/{north}")).status_code == 204
    assert await teams() == [None, "North", "By hand"]
    again = await create_group(client, "SG-North", ids[0])
    assert again == north
    assert await teams() == ["North", "North", "By hand"]
    await _take(admin, north, use="none")
    assert (await teams())[0] is None


async def test_membership_of_a_licence_group_is_evidence_and_gives_no_seat(
    council: Council,
) -> None:
    admin, client = await council.admin(), await directory(council)
    with time_machine.travel("2024-05-01T09:00:00Z", tick=False):
        ids = [await create_user(client, f"{n}@example.org") for n in range(3)]
        path = await pool(admin, seats=5)
        for n in (0, 1):
            await seat(admin, path, f"{n}@example.org", allocated_on="2024-05-01")
        group = await create_group(client, "LIC-Copilot", ids[1], ids[2])
        pool_id = good(await admin.get(path))["pool_id"]
        await _take(admin, group, use="licences", pool_id=pool_id)
    before = await ledger(admin, path)
    with time_machine.travel("2024-05-10T09:00:00Z", tick=False):
        found = good(await admin.get(f"{path}/assignment-evidence"))
        away = operations({"op": "remove", "path": f'members[value eq "{ids[2]}"]'})
        assert (await client.patch(f"Groups/{group}", json=away)).status_code == 204
        later = good(await admin.get(f"{path}/assignment-evidence"))
        then = good(await admin.get(f"{path}/assignment-evidence?as_of=2024-05-09"))
        none = good(await admin.get(f"{path}/assignment-evidence?as_of=2024-04-30"))
    told = [(item["person_id"], item["difference"], item["since"]) for item in found["items"]]
    assert told == [
        (ids[2], "member_without_seat", "2024-05-01"),
        (ids[0], "seat_without_membership", "2024-05-01"),
    ]
    counts = [[page[n] for n in ("members", "seats", "agreeing")] for page in (found, later, none)]
    assert counts == [[2, 2, 1], [1, 2, 1], [0, 0, 0]]
    assert then["items"] == found["items"]
    assert await ledger(admin, path) == before
    refusal = await admin.patch(f"/directory-groups/{group}", json={"use": "team"})
    problem(refusal, 422, "pool_of_licences")
    nowhere = await admin.patch(f"/directory-groups/{group}", json={"pool_id": str(uuid4())})
    problem(nowhere, 422, "unknown_pool")


async def test_a_member_who_is_nobody_here_is_not_taken_and_is_counted(
    council: Council, other_council: Council
) -> None:
    client, theirs = await directory(council), await directory(other_council)
    foreign = await create_user(theirs, "their@example.org")
    ours = await create_user(client, "our@example.org")
    gone = await create_user(client, "gone@example.org")
    await client.delete(f"Users/{gone}")
    group = await create_group(client, "North", ours, gone, foreign, str(uuid4()), "fake-member")
    members = said(await client.get(f"Groups/{group}"))["members"]
    assert [member["value"] for member in members] == [ours]
    assert members[0]["$ref"] == f"http://pilotlight.test/scim/v2/Users/{ours}"
    admin = await council.admin()
    (event,) = good(await admin.get("/audit-events?action=directory_group.created"))["items"]
    assert event["details"] == {"fields": [], "added": 1, "not_known": 4}
    listed = good(await admin.get("/directory-groups?use=none"))["items"]
    assert [(item["group_id"], item["members"]) for item in listed] == [(group, 1)]
    assert good(await admin.get("/directory-groups?use=team"))["items"] == []
