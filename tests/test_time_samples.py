"""Time samples: taken as they come, replaced, taken back, and what of them will not count."""

import asyncio
import random
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest
import time_machine
from sqlalchemy import text

from app.access.permissions import Role
from tests.council import Council, good, people, pilot, problem
from tests.forms import FORMATS, Rows, as_csv, as_json, as_ndjson
from tests.time_use import SOCIAL, example, needs_the_file, sample, social_pilot, take


async def stored(council: Council, table: str = "time_sample") -> list[tuple[Any, ...]]:
    """Everything recorded but when, by which batch, and under which id."""
    async with council.database.engine.connect() as connection:
        result = await connection.execute(
            text(
                "SELECT source_ref, external_id, category, CAST(started_at AS VARCHAR), minutes,"  # noqa: S608 - one of two names
                f" method, is_deleted FROM {table} s JOIN person p"
                " ON p.organisation_id = s.organisation_id AND p.id = s.person_id"
                " ORDER BY 1, s.revision"
            )
        )
        return [(*row[:-1], bool(row[-1])) for row in result]


async def _pilot_of(client: httpx.AsyncClient, worked: dict[str, Any]) -> str:
    members: Rows = worked["members"]
    await people(client, *(member["person_external_id"] for member in members))
    return f"/pilots/{await pilot(client, *members, **worked['pilot'])}/time-samples"


@needs_the_file
async def test_the_example_thrice_in_other_sizes_orders_and_formats_is_the_same_state(
    council: Council,
) -> None:
    client = await council.admin()
    worked = example()
    path = await _pilot_of(client, worked)
    rows: Rows = worked["samples"]
    whole = good(await client.post(f"{path}/bulk", **as_json(rows)))
    assert (whole["accepted"], whole["rejected"]) == (len(rows), 0)
    assert whole["uncounted"]["unmapped"] == 0
    state = await stored(council)
    assert len(state) == len(rows)
    for seed, form, size in ((1, as_ndjson, 100), (2, as_csv, 7)):
        shuffled = random.Random(seed).sample(rows, len(rows))  # noqa: S311 - an order, no secret
        for start in range(0, len(rows), size):
            part = shuffled[start : start + size]
            result = good(await client.post(f"{path}/bulk", **form(part)))
            assert (result["duplicates"], result["rejected"]) == (len(part), 0)
        assert await stored(council) == state
    assert await stored(council, "time_sample_version") == []


@pytest.mark.parametrize("form", FORMATS)
async def test_other_values_replace_and_what_was_there_is_kept(council: Council, form: Any) -> None:
    client = await council.admin()
    path = await social_pilot(client)
    first = good(await client.post(f"{path}/bulk", **form([sample("a"), sample("b")])))
    assert first["accepted"] == 2
    changed = [sample("a", minutes=45.5), sample("b"), sample("c")]
    second = good(await client.post(f"{path}/bulk?rows=true", **form(changed)))
    assert second["rows"] == ["updated", "duplicate", "accepted"]
    assert [row[4] for row in await stored(council)] == [45.5, 60, 60]
    kept = await stored(council, "time_sample_version")
    assert [(row[0], row[4]) for row in kept] == [("a", 60)]


async def test_a_sample_is_taken_back_and_comes_again(council: Council) -> None:
    client = await council.admin()
    path = await social_pilot(client)
    await take(client, path, sample("a"))
    assert (await take(client, path, sample("a", deleted=True)))["updated"] == 1
    assert [row[-1] for row in await stored(council)] == [True]
    assert (await take(client, path, sample("a", deleted=True)))["duplicates"] == 1
    assert (await take(client, path, sample("a")))["updated"] == 1
    assert [row[-1] for row in await stored(council)] == [False]


async def test_what_will_not_count_is_taken_and_said(council: Council) -> None:
    client = await council.admin()
    path = await social_pilot(client)
    result = await take(
        client,
        path,
        sample("counts"),
        sample("nobody's", person_external_id="E2"),
        sample("between", started_at="2024-02-19T00:00:00+00:00"),
        sample("baseline", started_at="2024-02-18T23:59:59+00:00"),
        sample("last day", started_at="2024-04-07T22:59:59+00:00"),
        # Midnight in London is eleven at night in UTC: the first instant after the pilot.
        sample("after", started_at="2024-04-07T23:00:00+00:00"),
        sample("code", category="X99"),
    )
    assert (result["accepted"], result["rejected"]) == (7, 0)
    assert result["uncounted"] == {"outside_members": 1, "outside_windows": 2, "unmapped": 1}


BAD = [
    ({"person_external_id": "E404"}, "unknown_person", ""),
    ({"minutes": 0}, "out_of_range", "/minutes"),
    ({"minutes": 1440.5}, "out_of_range", "/minutes"),
    ({"minutes": None}, "missing_field", "/minutes"),
    ({"method": "guess"}, "unknown_value", "/method"),
    ({"started_at": "2024-03-01T09:00:00"}, "missing_offset", "/started_at"),
    ({"started_at": "01/03/2024 09:00"}, "wrong_format", "/started_at"),
    ({"started_at": "2024-W09-5T09:00+00:00"}, "wrong_format", "/started_at"),
    ({"started_at": "2124-03-01T09:00:00+00:00"}, "in_the_future", "/started_at"),
    ({"started_at": "0001-01-01T00:00:00+14:00"}, "wrong_format", "/started_at"),
    ({"source_ref": "943 476 5919"}, "personal_identifier", "/source_ref"),
    ({"source_ref": "visit QQ123456C"}, None, ""),
    ({"source_ref": "0190b3c4-6b1e-7c21-9d40-a9434765919b"}, None, ""),
    ({"source_ref": "AB123456C"}, "personal_identifier", "/source_ref"),
    ({"source_ref": "Smith SW1A 2AA home"}, "personal_identifier", "/source_ref"),
    ({"source_ref": "SW1A 2AA"}, None, ""),
    ({"category": "\u0000"}, "wrong_format", "/category"),
    ({"surprise": 1}, "unknown_field", "/surprise"),
]


@pytest.mark.parametrize(("wrong", "code", "pointer"), BAD)
async def test_a_bad_row_is_named_and_the_good_ones_are_kept(
    council: Council, wrong: dict[str, Any], code: str | None, pointer: str
) -> None:
    client = await council.admin()
    path = await social_pilot(client)
    rows = [sample("good"), sample(**{"ref": "other", **wrong})]  # type: ignore[arg-type]
    result = await take(client, path, *rows)
    if code is None:
        assert result["rejected"] == 0
        return
    (error,) = result["errors"]
    assert (error["index"], error["code"]) == (1, code)
    if pointer:
        assert error["pointer"] == pointer
    assert [row[0] for row in await stored(council)] == ["good"]
    refused = await client.post(f"{path}/bulk?mode=atomic", **as_json([*rows, sample("third")]))
    problem(refused, 422, "rows_rejected")
    assert [row[0] for row in await stored(council)] == ["good"]


async def test_files_state_their_zone_and_the_order_of_their_dates(council: Council) -> None:
    client = await council.admin()
    path = await social_pilot(client)
    rows = [
        sample("winter", started_at="01/03/2024 09:00"),
        sample("summer", started_at="02/04/2024 09:00"),
        sample("skipped", started_at="31/03/2024 01:30"),
        sample("offset", started_at="2024-03-01T09:00:00+00:00"),
    ]
    query = "zone=Europe/London&date_order=dmy"
    result = good(await client.post(f"{path}/bulk?{query}", **as_csv(rows)))
    assert [(e["index"], e["code"]) for e in result["errors"]] == [
        (2, "nonexistent_time"),
        (3, "wrong_format"),
    ]
    assert [(row[0], row[3][:16]) for row in await stored(council)] == [
        ("summer", "2024-04-02 08:00"),
        ("winter", "2024-03-01 09:00"),
    ]
    swapped = sample("m", started_at="03/01/2024 09:00")
    query = "zone=Europe/London&date_order=mdy"
    good(await client.post(f"{path}/bulk?{query}", **as_csv([swapped])))
    assert ("m", "2024-03-01 09:00") in [(row[0], row[3][:16]) for row in await stored(council)]
    answer = await client.post(f"{path}/bulk?zone=Mars/North", **as_csv([swapped]))
    problem(answer, 422, "unknown_zone")


@time_machine.travel(datetime(2024, 11, 1, tzinfo=UTC), tick=False)
async def test_an_hour_that_comes_twice_is_of_its_day(council: Council) -> None:
    client = await council.admin()
    path = await social_pilot(client)
    row = sample("twice", started_at="2024-10-27T01:30:00")
    good(await client.post(f"{path}/bulk?zone=Europe/London", **as_json([row])))
    assert [each[3][:16] for each in await stored(council)] == ["2024-10-27 00:30"]


async def test_undo_puts_every_row_back_as_it_was(council: Council) -> None:
    client = await council.admin()
    path = await social_pilot(client)
    await take(client, path, sample("a"), sample("b"))
    before = await stored(council)
    second = await take(client, path, sample("a", minutes=5), sample("c"), sample("b"))
    assert await stored(council) != before
    answer = good(await client.post(f"/import-batches/{second['batch_id']}/undo"))
    assert (answer["removed"], answer["restored"]) == (1, 1)
    assert answer["undone_at"] is not None
    assert await stored(council) == before
    again = await client.post(f"/import-batches/{second['batch_id']}/undo")
    problem(again, 409, "already_undone")


async def test_undo_in_any_order_leaves_what_the_other_batches_say(council: Council) -> None:
    client = await council.admin()
    path = await social_pilot(client)
    versions = [
        [sample("a", minutes=n), sample(f"own-{n}"), sample("a", minutes=n + 0.5)]
        for n in (1, 2, 3)
    ]
    batches = [(await take(client, path, *rows))["batch_id"] for rows in versions]
    for undone, left in ((1, 3.5), (2, 1.5), (0, None)):
        good(await client.post(f"/import-batches/{batches[undone]}/undo"))
        minutes = {row[0]: row[4] for row in await stored(council)}
        assert minutes.get("a") == left
        assert f"own-{undone + 1}" not in minutes
    assert await stored(council) == []
    assert await stored(council, "time_sample_version") == []


async def test_only_batches_within_reach_and_of_samples_are_undone(council: Council) -> None:
    client = await council.admin()
    path = await social_pilot(client)
    batch_id = (await take(client, path, sample("a")))["batch_id"]
    lead = await council.as_role(Role.PILOT_LEAD)
    problem(await lead.post(f"/import-batches/{batch_id}/undo"), 404, "not_found")
    analyst = await council.as_role(Role.ANALYST)
    problem(await analyst.post(f"/import-batches/{batch_id}/undo"), 403, "scope_missing")
    batches = good(await client.get("/import-batches?kind=pilot_members"))["items"]
    answer = await client.post(f"/import-batches/{batches[0]['batch_id']}/undo")
    problem(answer, 409, "not_undoable")
    assert len(await stored(council)) == 1


async def test_one_sample_alone(council: Council) -> None:
    client = await council.admin()
    path = await social_pilot(client)
    first = good(await client.post(path, json=sample("a")), 201)
    assert first == {
        "outcome": "accepted",
        "source": "test",
        "source_ref": "a",
        "uncounted": [],
    }
    assert good(await client.post(path, json=sample("a")))["outcome"] == "duplicate"
    other = sample("a", minutes=7, category="X1")
    changed = good(await client.post(path, json=other))
    assert (changed["outcome"], changed["uncounted"]) == ("updated", ["unmapped"])
    assert [row[4] for row in await stored(council)] == [7]
    bad = await client.post(path, json=sample("b", person_external_id="E404"))
    problem(bad, 422, "unknown_person")
    nowhere = await client.post(
        f"/pilots/{council.organisation.organisation_id}/time-samples", json=sample()
    )
    problem(nowhere, 404, "not_found")


async def test_named_samples_are_shown_to_the_lead_alone_and_each_read_is_recorded(
    council: Council,
) -> None:
    lead = await council.as_role(Role.PILOT_LEAD)
    admin = await council.admin()
    await people(admin, "E1", "E2")
    created = good(await lead.post("/pilots", json={"code": "L", "name": "L", **SOCIAL}), 201)
    path = f"/pilots/{created['pilot_id']}/time-samples"
    for n in range(5):
        await take(lead, path, sample(f"s{n}", started_at=f"2024-03-0{n + 1}T00:00:00+00:00"))
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = good(await lead.get(f"{path}?limit=2{cursor}"))
        seen += [item["source_ref"] for item in page["items"]]
        cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None
    assert seen == ["s0", "s1", "s2", "s3", "s4"]
    days = good(await lead.get(f"{path}?starts_on=2024-03-02&ends_on=2024-03-04"))["items"]
    assert [item["source_ref"] for item in days] == ["s1", "s2"]
    problem(await admin.get(path), 403, "pilot_lead_only")
    other = await council.as_role(Role.PILOT_LEAD)
    problem(await other.get(path), 404, "not_found")
    events = good(await admin.get("/audit-events?action=time_samples.read"))["items"]
    assert [event["details"] for event in events] == [{"rows": n} for n in (2, 1, 2, 2)]


async def test_many_who_bring_the_same_rows_at_once_lose_no_version(council: Council) -> None:
    client = await council.admin()
    path = await social_pilot(client)
    refs = [f"s{n}" for n in range(40)]

    async def bring(turn: int) -> dict[str, Any]:
        # Every other one the same again, as a client does that has waited too long.
        rows = [sample(ref, minutes=1 + turn // 2) for ref in refs]
        return await take(client, path, *rows)

    answers = await asyncio.gather(*(bring(turn) for turn in range(8)))
    total = {
        name: sum(answer[name] for answer in answers)
        for name in ("accepted", "updated", "duplicates", "rejected")
    }
    assert (total["accepted"], total["rejected"]) == (len(refs), 0)
    assert sum(total.values()) == 8 * len(refs)
    versions = await stored(council, "time_sample_version")
    assert len(versions) == total["updated"]
    state = await stored(council)
    assert len(state) == len(refs)
    # What each sample was, one after the other, never twice the same in a row.
    for row in state:
        history = [each[4] for each in versions if each[0] == row[0]] + [row[4]]
        assert all(one != other for one, other in pairwise(history))


async def test_a_few_that_are_there_among_many_new_ones_are_found(council: Council) -> None:
    client = await council.admin()
    path = await social_pilot(client)
    refs = [f"s{n:03}" for n in range(200)]
    await take(client, path, sample(refs[1]), sample(refs[2]))
    rows = [sample(ref, minutes=30 if ref == refs[1] else 60) for ref in reversed(refs)]
    result = await take(client, path, *rows)
    assert (result["accepted"], result["updated"], result["duplicates"]) == (198, 1, 1)
    assert [row[0] for row in await stored(council)] == refs
    assert [row[0] for row in await stored(council, "time_sample_version")] == [refs[1]]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("wrong", [{"category": "-"}, {"minutes": 0}, {"source_ref": "s\x01"}])
async def test_a_wrong_row_among_many_is_named_by_its_place(
    council: Council, form: Any, wrong: dict[str, Any]
) -> None:
    client = await council.admin()
    path = await social_pilot(client)
    rows = [sample(f"s{n}") for n in range(30)]
    rows[20] |= wrong
    result = good(await client.post(f"{path}/bulk", **form(rows)))
    assert [error["index"] for error in result["errors"]] == [20]
    assert (result["accepted"], result["rejected"]) == (29, 1)
