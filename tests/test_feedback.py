"""Sessions and weekly answers: one a person and week, anonymous ones without a time, text screened."""

import random
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import select

from app.access.permissions import Role
from app.core.models import metadata
from tests.council import Council, good, people, problem
from tests.feedback import answer, feedback_pilot, lead_of, take
from tests.forms import FORMATS, Rows, as_json


async def stored(council: Council, table: str = "feedback_response") -> list[dict[str, Any]]:
    kept = metadata.tables[table]
    own = kept.c.organisation_id == council.organisation.organisation_id
    async with council.database.engine.connect() as connection:
        rows = await connection.execute(select(kept).where(own).order_by(*kept.primary_key))
        return [dict(row) for row in rows.mappings()]


@pytest.mark.parametrize("form", FORMATS)
async def test_an_answer_a_person_and_week_in_every_format_and_twice(
    council: Council, form: Any
) -> None:
    client = await council.admin()
    path = await feedback_pilot(client, "E1", "E2")
    rows: Rows = [
        answer("E1", satisfaction=4, minutes_saved_per_day=-12.5, would_keep=True, liked="=fast"),
        answer("E2", satisfaction=2, minutes_saved_per_day=30, would_keep=False, liked="a\r\nb"),
        answer(None, source="forms", source_ref="r-1", satisfaction=1),
    ]
    for row in rows:
        row["themes"] = "speed; trust" if form.__name__.endswith("csv") else ["speed", "trust"]
    first = good(await client.post(f"{path}/feedback/bulk", **form(rows)))
    assert (first["accepted"], first["rejected"]) == (3, 0), first
    state = await stored(council)
    random.Random(5).shuffle(rows)  # noqa: S311 - an order, no secret
    again = good(await client.post(f"{path}/feedback/bulk", **form(rows)))
    assert (again["accepted"], again["updated"], again["duplicates"]) == (0, 0, 3)
    assert await stored(council) == state
    assert await stored(council, "feedback_version") == []
    assert {row["themes"] for row in state} == {"speed;trust"}
    assert {row["liked"] for row in state} == {"=fast", "a\r\nb", None}


async def test_a_second_answer_replaces_the_first_which_is_kept(council: Council) -> None:
    client = await council.admin()
    path = await feedback_pilot(client, "E1")
    new = await client.post(f"{path}/feedback", json=answer(satisfaction=2))
    first = good(new, 201)
    same = good(await client.post(f"{path}/feedback", json=answer(satisfaction=2)))
    other = good(await client.post(f"{path}/feedback", json=answer(satisfaction=5)))
    assert [first["outcome"], same["outcome"], other["outcome"]] == [
        *("accepted", "duplicate", "updated")
    ]
    assert first["feedback_id"] == same["feedback_id"] == other["feedback_id"]
    assert UUID(first["feedback_id"]).version == 7
    assert [row["satisfaction"] for row in await stored(council)] == [5]
    assert [row["satisfaction"] for row in await stored(council, "feedback_version")] == [2]


async def test_of_an_anonymous_answer_only_the_week_is_known(council: Council) -> None:
    client = await council.admin()
    path = await feedback_pilot(client, "E1")
    key = {"Idempotency-Key": "one-answer"}
    sent = answer(None, satisfaction=3, source="forms", source_ref="response of 12:03")
    first = good(await client.post(f"{path}/feedback", json=sent, headers=key), 201)
    assert UUID(first["feedback_id"]).version == 4
    again = good(await client.post(f"{path}/feedback", json=sent, headers=key), 201)
    assert again == {**first, "feedback_id": None}
    (row,) = await stored(council)
    assert (row["person_id"], row["created_at"], row["updated_at"], row["batch_id"]) == (None,) * 4
    assert "12:03" not in str(row)
    assert UUID(str(row["id"])).version == 4
    # Without a name of its own it is one more each time: nobody can tell it from another's.
    await take(client, path, answer(None), answer(None))
    assert len(await stored(council)) == 3
    # With one it can be replaced and taken back, and still nothing tells when.
    result = await take(client, path, {**sent, "satisfaction": 4})
    assert result["updated"] == 1
    assert (await take(client, path, {**sent, "deleted": True}))["updated"] == 1
    kept = [*await stored(council), *await stored(council, "feedback_version")]
    assert not any(row.get("updated_at") or row.get("replaced_at") for row in kept)
    assert first["feedback_id"] not in str(await stored(council, "idempotency_key"))


HELD = [
    ({"liked": "call 943 476 5919"}, "/liked", "an NHS number"),
    ({"disliked": "QQ 12 34 56 C is no number, AB 12 34 56 C is"}, "/disliked", "insurance"),
    ({"blockers": "she lives at CV1 5RR"}, "/blockers", "a postcode"),
    ({"liked": "ask jo.bloggs@example.gov.uk"}, "/liked", "an e-mail address"),
    ({"liked": "ring 024 7683 3333"}, "/liked", "a phone number"),
    ({"themes": ["CV1 5RR"]}, "/themes", "a postcode"),
]


@pytest.mark.parametrize(("fields", "pointer", "named"), HELD)
async def test_text_that_identifies_somebody_is_held(
    council: Council, fields: dict[str, Any], pointer: str, named: str
) -> None:
    client = await council.admin()
    path = await feedback_pilot(client, "E1")
    wanted = answer(satisfaction=4, **fields)
    refused = problem(
        await client.post(f"{path}/feedback", json=wanted), 422, "personal_identifier"
    )
    assert refused["errors"][0]["pointer"] == pointer
    assert named in refused["detail"]
    value = next(iter(fields.values()))
    assert str(value if isinstance(value, str) else value[0]) not in str(refused)
    result = await take(client, path, wanted, answer("E1", "2024-04-15"))
    assert (result["accepted"], result["rejected"]) == (1, 1)
    assert result["errors"][0]["code"] == "personal_identifier"
    assert [str(row["week_starts_on"]) for row in await stored(council)] == ["2024-04-15"]


BAD = [
    ({"week_starts_on": "2024-04-09"}, "not_a_monday", "/week_starts_on"),
    ({"week_starts_on": "2124-04-11"}, "not_a_monday", "/week_starts_on"),
    ({"week_starts_on": "2124-04-03"}, "in_the_future", "/week_starts_on"),
    ({"week_starts_on": "1899-12-25"}, "date_out_of_range", "/week_starts_on"),
    ({"person_external_id": "E404"}, "unknown_person", "/person_external_id"),
    ({"satisfaction": 6}, "out_of_range", "/satisfaction"),
    ({"satisfaction": None}, "empty_answer", ""),
    ({"satisfaction": None, "liked": "  \r\n "}, "empty_answer", ""),
    ({"morale": 2.5}, "wrong_type", "/morale"),
    ({"minutes_saved_per_day": 481}, "out_of_range", "/minutes_saved_per_day"),
    ({"source": "forms"}, "missing_field", "/source_ref"),
    ({"themes": ["a"] * 21}, "out_of_range", "/themes"),
    ({"themes": "=cmd"}, "out_of_range", "/themes"),
    ({"session_id": "0190b3c4-0000-7000-8000-000000000000"}, "unknown_session", "/session_id"),
    ({"person_external_id": None, "deleted": True}, "missing_field", "/source_ref"),
]


@pytest.mark.parametrize(("fields", "code", "pointer"), BAD)
async def test_a_bad_row_is_named_and_the_others_are_taken(
    council: Council, fields: dict[str, Any], code: str, pointer: str
) -> None:
    client = await council.admin()
    path = await feedback_pilot(client, "E1")
    rows = [{**answer(satisfaction=4), **fields}, answer("E1", "2024-04-15")]
    result = await take(client, path, *rows)
    assert (result["accepted"], result["rejected"]) == (1, 1)
    assert (result["errors"][0]["index"], result["errors"][0]["code"]) == (0, code)
    assert result["errors"][0]["pointer"] == pointer
    atomic = await client.post(f"{path}/feedback/bulk?mode=atomic", **as_json(rows))
    problem(atomic, 422, "rows_rejected")
    dry = good(await client.post(f"{path}/feedback/bulk?dry_run=true", **as_json(rows)))
    assert (dry["duplicates"], dry["rejected"], dry["batch_id"]) == (1, 1, None)
    assert len(await stored(council)) == 1


async def test_answers_that_will_not_count_are_taken_and_said(council: Council) -> None:
    client = await council.admin()
    path = await feedback_pilot(client, "E1")
    await people(client, "E9")
    result = await take(
        client,
        path,
        answer("E1"),
        answer("E9"),
        answer(None, "2024-03-25"),
        answer("E1", "2024-03-18"),
    )
    assert result["uncounted"] == {"outside_members": 1, "outside_windows": 1}
    single = good(await client.post(f"{path}/feedback", json=answer("E9", "2024-03-25")), 201)
    assert single["uncounted"] == ["outside_members", "outside_windows"]


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1), (2, 1, 3)])
async def test_batches_are_taken_back_in_any_order(
    council: Council, order: tuple[int, ...]
) -> None:
    client = await council.admin()
    path = await feedback_pilot(client, "E1", "E2")
    first = await take(client, path, answer("E1", satisfaction=1))
    before = await stored(council)
    batches = {}
    for n in (1, 2, 3):
        rows = [answer("E1", satisfaction=n + 1), answer("E2", f"2024-04-{8 + 7 * n:02}")]
        batches[n] = (await take(client, path, *rows))["batch_id"]
    for n in order:
        good(await client.post(f"/import-batches/{batches[n]}/undo"))
    after = await stored(council)
    volatile = ("updated_at", "revision")
    assert [{k: v for k, v in row.items() if k not in volatile} for row in after] == [
        {k: v for k, v in row.items() if k not in volatile} for row in before
    ]
    good(await client.post(f"/import-batches/{first['batch_id']}/undo"))
    assert [await stored(council), await stored(council, "feedback_version")] == [[], []]


async def test_named_answers_are_for_the_lead_and_each_read_is_recorded(council: Council) -> None:
    admin = await council.admin()
    path = await feedback_pilot(admin, "E1", "E2")
    await take(admin, path, answer("E1", liked="quick"), answer("E2", "2024-04-15"), answer(None))
    problem(await admin.get(f"{path}/feedback"), 403, "pilot_lead_only")
    lead = await lead_of(council, path)
    rows = good(await lead.get(f"{path}/feedback"))["items"]
    assert len(rows) == 3
    assert not any("liked" in row for row in rows)
    some = good(await lead.get(f"{path}/feedback?starts_on=2024-04-15"))["items"]
    assert [row["week_starts_on"] for row in some] == ["2024-04-15"]
    events = good(await admin.get("/audit-events?action=feedback.read"))["items"]
    assert [event["details"] for event in events] == [{"rows": 1}, {"rows": 3}]
    other = await council.as_role(Role.PILOT_LEAD)
    problem(await other.get(f"{path}/feedback"), 404, "not_found")


async def test_text_is_shown_without_names_where_ten_wrote(council: Council) -> None:
    client = await council.admin()
    numbers = [f"E{n}" for n in range(1, 13)]
    path = await feedback_pilot(client, *numbers)
    weeks = ("2024-04-08", "2024-04-15", "2024-04-22")

    async def shown() -> tuple[list[tuple[str, str, int, str]], bool]:
        page = good(await client.get(f"{path}/feedback-comments"))
        items = [(i["starts_on"], i["ends_on"], i["people"], i["text"]) for i in page["items"]]
        return items, page["withheld"]

    nine = [answer(number, weeks[0], liked=f"of {number}") for number in numbers[:9]]
    # Nobody's tenth: the same person again, and anonymous ones who may be the same each week.
    await take(client, path, *nine, answer("E1", weeks[1], disliked="again"))
    assert await shown() == ([], True)
    await take(client, path, answer(None, weeks[1], blockers="unknown"))
    # The unknown one may be of the nine.
    assert await shown() == ([], True)
    await take(client, path, answer("E10", weeks[1], blockers="tenth"))
    items, withheld = await shown()
    assert not withheld
    assert {item[:3] for item in items} == {(weeks[0], "2024-04-22", 10)}
    assert sorted(item[3] for item in items) == sorted(
        [*(f"of {number}" for number in numbers[:9]), "again", "unknown", "tenth"]
    )
    # What comes later waits for ten of its own.
    await take(client, path, answer("E12", weeks[2], liked="alone"))
    after, withheld = await shown()
    assert (after, withheld) == (items, True)
    events = good(await client.get("/audit-events?action=feedback.comments_read"))["items"]
    assert len(events) == 4


async def test_a_group_of_texts_that_was_read_stays_as_it_is(council: Council) -> None:
    """Who reads before and after a text that comes late would tell it from the others."""
    client = await council.admin()
    numbers = [f"E{n}" for n in range(1, 31)]
    path = await feedback_pilot(client, *numbers)
    first, second = "2024-04-08", "2024-04-15"

    async def shown() -> list[tuple[str, int, str]]:
        items = good(await client.get(f"{path}/feedback-comments"))["items"]
        return [(i["starts_on"], i["people"], i["text"]) for i in items]

    await take(client, path, *(answer(n, first, liked=f"of {n}") for n in numbers[:10]))
    read = await shown()
    assert len(read) == 10
    await take(client, path, answer("E11", first, liked="late"), answer(None, first, liked="later"))
    assert await shown() == read
    # What was written again is another text, and what was taken back is gone: nothing comes in its place.
    await take(client, path, answer("E1", first, liked="rewritten"))
    await take(client, path, answer("E2", first, deleted=True))
    left = [text for _, _, text in read if text not in ("of E1", "of E2")]
    assert [text for _, _, text in await shown()] == left
    await take(client, path, *(answer(n, second, liked=f"then {n}") for n in numbers[11:20]))
    after = await shown()
    assert [text for _, _, text in after[:8]] == left
    then = {f"then {n}" for n in numbers[11:20]}
    assert {text for _, _, text in after[8:]} == {"late", "later", "rewritten", *then}
    assert {people for _, people, _ in after[8:]} == {11}


async def test_two_anonymous_answers_of_two_weeks_are_one_writer(council: Council) -> None:
    client = await council.admin()
    path = await feedback_pilot(client, "E1")
    rows = [
        answer(None, week, liked="x") for week in ("2024-04-08", "2024-04-15") for _ in range(5)
    ]
    await take(client, path, *rows)
    assert good(await client.get(f"{path}/feedback-comments"))["items"] == []
    await take(client, path, *(answer(None, "2024-04-15", liked="y") for _ in range(5)))
    page = good(await client.get(f"{path}/feedback-comments"))
    assert [len(page["items"]), page["withheld"]] == [15, False]


async def test_sessions_are_recorded_changed_and_screened(council: Council) -> None:
    client = await council.admin()
    path = await feedback_pilot(client, "E1")
    wanted = {
        "held_on": "2024-04-10",
        "kind": "vendor",
        "title": "With the vendor",
        "facilitator": "Microsoft",
        "invited": 30,
        "attended": 17,
        "themes": ["training"],
    }
    new = await client.post(f"{path}/feedback-sessions", json=wanted)
    held = good(new, 201)
    where = f"{path}/feedback-sessions/{held['session_id']}"
    assert {**held, **wanted} == held == good(await client.get(where))
    text_held = {"notes": "Write to jo@example.org"}
    problem(await client.patch(where, json=text_held), 422, "personal_identifier")
    refused = {**wanted, "notes": "07700 900123"}
    problem(
        await client.post(f"{path}/feedback-sessions", json=refused), 422, "personal_identifier"
    )
    stale = {"If-Match": '"another"'}
    problem(
        await client.patch(where, json={"attended": 18}, headers=stale), 412, "precondition_failed"
    )
    etag = {"If-Match": new.headers["etag"]}
    changed = good(await client.patch(where, json={"attended": 18}, headers=etag))
    assert (changed["attended"], changed["invited"], changed["revision"]) == (18, 30, 2)
    listed = good(await client.get(f"{path}/feedback-sessions?kind=vendor"))["items"]
    assert [each["session_id"] for each in listed] == [held["session_id"]]
    assert good(await client.get(f"{path}/feedback-sessions?kind=survey"))["items"] == []
    told = answer("E1", satisfaction=5, session_id=held["session_id"])
    good(await client.post(f"{path}/feedback", json=told), 201)
    second = await feedback_pilot(client, code="P-2")
    problem(await client.post(f"{second}/feedback", json=told), 422, "unknown_session")
    problem(await client.get(where.replace(path, second)), 404, "not_found")


@pytest.mark.parametrize(
    ("now", "status"),
    [
        # Sunday 31 March 2024, 23:30 in UTC, is Monday already in London's summer time.
        (datetime(2024, 3, 31, 23, 30, tzinfo=UTC), 201),
        (datetime(2024, 3, 31, 22, 30, tzinfo=UTC), 422),
    ],
)
async def test_a_week_begins_on_the_councils_own_monday(
    council: Council, now: datetime, status: int
) -> None:
    client = await council.admin()
    with time_machine.travel(now, tick=False):
        path = await feedback_pilot(client, "E1")
        sent = await client.post(f"{path}/feedback", json=answer("E1", "2024-04-01"))
    assert sent.status_code == status, sent.text
