"""Licence activity: three formats, one state; and every kind of bad input answered by name."""

import gzip
from typing import Any

import httpx
import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.access.permissions import Role
from tests.council import Council, activity, good, people, pilot, problem
from tests.forms import FORMATS, Rows, as_csv, as_json, as_ndjson

BULK = "/licence-activity/bulk"


async def stored(council: Council) -> list[tuple[Any, ...]]:
    """Everything recorded, as it stands in the table."""
    async with council.database.engine.connect() as connection:
        result = await connection.execute(
            text(
                "SELECT external_id, product, period, CAST(period_starts_on AS VARCHAR), app,"
                " active_days, actions, source FROM licence_activity a JOIN person p"
                " ON p.organisation_id = a.organisation_id AND p.id = a.person_id"
                " ORDER BY 1, 2, 3, 4, 5"
            )
        )
        return [tuple(row) for row in result]


ROWS: Rows = [
    activity("E1", "2024-04-03", actions=4, app="Teams"),
    activity("E1", "2024-04-03", actions=2, app="word"),
    activity("E1", "2024-04-07", period="week", active_days=3, actions=17),
    activity("E2", "2024-04-04"),
]


@pytest.mark.parametrize("form", FORMATS)
async def test_every_format_says_the_same_and_a_second_run_changes_nothing(
    council: Council, form: Any
) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    first = good(await client.post(BULK, **form(ROWS)))
    assert (first["accepted"], first["updated"], first["duplicates"]) == (4, 0, 0)
    state = await stored(council)
    assert state == [
        ("E1", "Microsoft_365_Copilot", "day", "2024-04-03", "teams", None, 4, "test"),
        ("E1", "Microsoft_365_Copilot", "day", "2024-04-03", "word", None, 2, "test"),
        ("E1", "Microsoft_365_Copilot", "week", "2024-04-07", "any", 3, 17, "test"),
        ("E2", "Microsoft_365_Copilot", "day", "2024-04-04", "any", None, None, "test"),
    ]
    second = good(await client.post(BULK, **form(ROWS)))
    assert (second["accepted"], second["updated"], second["duplicates"]) == (0, 0, 4)
    assert await stored(council) == state


async def test_other_values_for_a_week_that_is_there_update_it_and_say_so(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    good(await client.post(BULK, **as_json(ROWS)))
    changed = [ROWS[0], {**ROWS[2], "actions": 18}]
    result = good(await client.post(BULK + "?rows=true", **as_json(changed)))
    assert result["rows"] == ["duplicate", "updated"]
    assert (result["updated"], result["duplicates"]) == (1, 1)
    assert ("E1", "Microsoft_365_Copilot", "week", "2024-04-07", "any", 3, 18, "test") in (
        await stored(council)
    )


@pytest.mark.parametrize("form", [as_json, as_ndjson, as_csv])
@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"actions": -1}, "out_of_range", "/actions"),
        ({"actions": "many"}, "wrong_type", "/actions"),
        ({"actions": 1.5}, "wrong_type", "/actions"),
        ({"actions": 10**30}, "out_of_range", "/actions"),
        ({"active_days": 8}, "out_of_range", "/active_days"),
        ({"active_days": 2}, "out_of_range", "/active_days"),
        ({"period": "month"}, "unknown_value", "/period"),
        ({"period_starts_on": "03/04/2024"}, "wrong_format", "/period_starts_on"),
        ({"period_starts_on": "2024-13-01"}, "wrong_format", "/period_starts_on"),
        ({"period_starts_on": "1024-01-01"}, "date_out_of_range", "/period_starts_on"),
        ({"person_external_id": "NOBODY"}, "unknown_person", "/person_external_id"),
        ({"product": "\u0007"}, "wrong_format", "/product"),
        ({"product": None}, "*", "/product"),
    ],
)
async def test_a_bad_row_is_named_and_nothing_of_it_is_written(
    council: Council, form: Any, change: dict[str, Any], code: str, pointer: str
) -> None:
    client = await council.admin()
    await people(client, "E1")
    rows = [activity("E1", "2024-04-03", actions=1), activity("E1", "2024-04-04", actions=1)]
    rows[1] |= change
    answer = await client.post(BULK, **form(rows))
    result = good(answer)
    assert (result["accepted"], result["rejected"]) == (1, 1)
    error = result["errors"][0]
    assert error["index"] == 1
    assert error["pointer"] == pointer
    if code != "*":
        if form is as_csv and code in ("wrong_type", "out_of_range"):
            assert error["code"] in ("wrong_type", "out_of_range")
        else:
            assert error["code"] == code
    assert "NOBODY" not in answer.text
    assert len(await stored(council)) == 1
    atomic = problem(await client.post(BULK + "?mode=atomic", **form(rows)), 422, "rows_rejected")
    assert atomic["errors"][0]["index"] == 1
    assert len(await stored(council)) == 1


async def test_a_person_of_another_organisation_is_nobody(
    council: Council, other_council: Council
) -> None:
    theirs = await other_council.admin()
    created = good(await theirs.post("/people", json={"external_id": "E9"}), 201)
    client = await council.admin()
    by_number = activity("E9", "2024-04-03")
    by_id = {**activity("x", "2024-04-03"), "person_id": created["person_id"]}
    del by_id["person_external_id"]
    result = good(await client.post(BULK, **as_json([by_number, by_id])))
    assert [error["code"] for error in result["errors"]] == ["unknown_person"] * 2
    assert await stored(council) == []


def _csv(content: bytes) -> dict[str, Any]:
    return {"content": content, "headers": {"Content-Type": "text/csv"}}


_HEADER = b"product,person_external_id,period_starts_on,source,actions\n"
_LINE = b"Copilot,E1,2024-04-03,test,4\n"
_GZIPPED = {"Content-Type": "text/csv", "Content-Encoding": "gzip"}


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (
            _csv(b"product,person_external_id,period_starts_on,source,colour\n"),
            422,
            "unknown_column",
        ),
        (_csv(b"product,person_external_id,source\n" + _LINE), 422, "missing_column"),
        (_csv(b"product,product,period_starts_on,source\n"), 422, "duplicate_column"),
        (_csv(b""), 422, "missing_header"),
        (_csv(_HEADER + _LINE + b'"Copilot,E1,2024-04-04,te'), 422, "malformed_csv"),
        (_csv(_HEADER + "Copilot,É1,2024-04-03,test,4\n".encode("latin-1")), 422, "not_utf8"),
        ({"content": b'{"items": [{"product": "Cop'}, 422, "malformed_json"),
        ({"content": b"[1, 2]"}, 422, "wrong_type"),
        ({"content": b'{"items": [], "extra": 1}'}, 422, "wrong_type"),
        ({"content": b'{"items": ' + b"[" * 100_000}, 422, "malformed_json"),
        (
            {"content": b"x", "headers": {"Content-Type": "text/plain"}},
            415,
            "unsupported_media_type",
        ),
        (
            {"content": gzip.compress(_HEADER + _LINE)[:-9], "headers": _GZIPPED},
            400,
            "broken_gzip",
        ),
        ({"content": b"not gzip at all", "headers": _GZIPPED}, 400, "broken_gzip"),
        (
            {"content": b"x", "headers": {**_GZIPPED, "Content-Encoding": "br"}},
            415,
            "unsupported_content_encoding",
        ),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_whole(
    council: Council, request_: dict[str, Any], status: int, code: str
) -> None:
    client = await council.admin()
    await people(client, "E1")
    request_ = {"headers": {"Content-Type": "application/json"}, **request_}
    refused = problem(await client.post(BULK, **request_), status, code)
    assert refused["detail"]
    assert await stored(council) == []


@pytest.mark.parametrize("form", [as_ndjson, as_csv])
async def test_half_a_file_is_refused_whole(council: Council, form: Any) -> None:
    client = await council.admin()
    await people(client, "E1")
    rows = [activity("E1", f"2024-04-{day:02}", actions=day) for day in range(1, 11)]
    whole = form(rows)
    content = whole["content"] if isinstance(whole["content"], bytes) else whole["content"].encode()
    cut = {"content": content[: len(content) - 20], "headers": whole["headers"]}
    problem(await client.post(BULK, **cut), 422, "file_cut_short")
    assert await stored(council) == []
    assert good(await client.post(BULK, **whole))["accepted"] == 10


async def test_a_first_row_that_is_no_header_is_not_repeated(council: Council) -> None:
    client = await council.admin()
    answer = await client.post(BULK, **_csv(b"Copilot,Margaret,2024-04-03,test\n"))
    problem(answer, 422, "missing_header")
    assert "Margaret" not in answer.text


async def test_repeats_and_lists_are_capped(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1")
    same = [activity("E1", "2024-04-03", actions=n % 2) for n in range(51)]
    problem(await client.post(BULK, **as_ndjson(same)), 422, "row_repeated")
    many = [{"product": "P"}] * 10_001
    problem(await client.post(BULK + "?rows=true", **as_ndjson(many)), 422, "too_many_rows")
    result = good(await client.post(BULK, **as_ndjson(many)))
    assert (result["rejected"], len(result["errors"])) == (10_001, 10_000)
    crowd = b'{"items": [' + b"0," * 200_000 + b"0]}"
    headers = {"Content-Type": "application/json"}
    problem(await client.post(BULK, content=crowd, headers=headers), 422, "wrong_type")
    assert await stored(council) == []


async def test_what_a_later_row_leaves_out_stays(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1")
    good(await client.post(BULK, **as_json([activity("E1", "2024-04-03", actions=4)])))
    later = [
        activity("E1", "2024-04-03", active_days=1),
        activity("E1", "2024-04-03"),
        activity("E1", "2024-04-03", actions=None),
    ]
    result = good(await client.post(BULK + "?rows=true", **as_json(later)))
    assert result["rows"] == ["updated", "duplicate", "updated"]
    assert [row[5:7] for row in await stored(council)] == [(1, None)]


async def test_a_body_over_the_cap_is_refused_before_it_is_read(council: Council) -> None:
    client = await council.admin()
    limits = council.app.state.settings
    over = b" " * (limits.max_bulk_json_bytes + 1)
    headers = {"Content-Type": "application/json"}
    problem(await client.post(BULK, content=over, headers=headers), 413, "body_too_large")
    problem(
        await client.post("/people", content=b" " * (limits.max_body_bytes + 1), headers=headers),
        413,
        "body_too_large",
    )


async def test_a_small_body_cannot_unfold_into_a_large_one(council: Council) -> None:
    client = await council.admin()
    council.app.state.settings = council.app.state.settings.model_copy(
        update={"max_bulk_bytes": 1_000_000}
    )
    bomb = gzip.compress(_HEADER + b" " * 5_000_000)
    assert len(bomb) < 10_000
    problem(await client.post(BULK, content=bomb, headers=_GZIPPED), 413, "body_too_large")


async def test_activity_that_lies_in_the_future_was_mistyped(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1")
    # Half past midnight of the 1st of July in London is still June in UTC.
    with time_machine.travel("2024-06-30T23:30:00Z", tick=False):
        rows = [activity("E1", "2024-07-01"), activity("E1", "2024-07-02")]
        result = good(await client.post(BULK, **as_json(rows)))
    assert result["accepted"] == 1
    assert result["errors"][0]["code"] == "in_the_future"


_ROW = st.builds(
    lambda person, day, app, actions: activity(
        f"E{person}", f"2024-04-{day:02}", app=app, actions=actions
    ),
    st.integers(1, 3),
    st.integers(1, 4),
    st.sampled_from(["any", "word"]),
    st.integers(0, 2),
)


@given(batches=st.lists(st.lists(_ROW, max_size=12), min_size=1, max_size=4), data=st.data())
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_batches_of_any_size_and_format_end_in_the_last_value_of_each_key(
    council: Council, batches: list[Rows], data: st.DataObject
) -> None:
    client = await council.admin()
    await people(client, "E1", "E2", "E3")
    async with council.database.engine.begin() as connection:
        for table in ("licence_activity_version", "licence_activity"):
            await connection.execute(
                text(f"DELETE FROM {table} WHERE organisation_id IS NOT NULL")  # noqa: S608 - fixed names
            )
    expected: dict[tuple[str, str, str], int] = {}
    for rows in batches:
        form = data.draw(st.sampled_from(FORMATS)) if rows else as_json
        outcomes = good(await client.post(BULK + "?rows=true", **form(rows)))["rows"]
        for row, outcome in zip(rows, outcomes, strict=True):
            key = (row["person_external_id"], row["period_starts_on"], row["app"])
            before = expected.get(key)
            wanted = "accepted" if before is None else "updated"
            assert outcome == ("duplicate" if before == row["actions"] else wanted)
            expected[key] = row["actions"]
    assert {(r[0], r[3], r[4]): r[6] for r in await stored(council)} == expected


async def test_bulk_needs_no_more_than_to_write_licences(council: Council) -> None:
    admin = await council.admin()
    await people(admin, "E1")
    await pilot(admin)
    integrator: httpx.AsyncClient = await council.as_role(Role.INTEGRATOR)
    good(await integrator.post(BULK, **as_json([activity("E1", "2024-04-03")])))
    problem(await integrator.get("/people"), 403, "scope_missing")
