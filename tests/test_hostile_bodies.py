"""Bulk routes under bodies that mean harm, or that something has broken on the way.

A few hundred in every run; `PILOTLIGHT_HOSTILE_BODIES=10000` for more, of which the first are the same.
"""

import asyncio
import codecs
import csv
import functools
import gzip
import io
import json
import os
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import (
    Column,
    ColumnElement,
    LargeBinary,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    func,
    literal,
    select,
    union_all,
)

from app.core.models import GLOBAL_TABLES
from app.core.settings import Settings
from app.imports.models import ImportBatch
from app.tables import metadata
from tests.council import Council, found, good, people, pilot, problem
from tests.damage import MAX_BYTES
from tests.databases import settings_for
from tests.feedback import WINDOW
from tests.hostile import CSV, JSON, KINDS, NDJSON, PEOPLE, SECRET, Body, body
from tests.licences import pool
from tests.routes import ROUTES, Route
from tests.writes import AUDIT

BODIES = int(os.environ.get("PILOTLIGHT_HOSTILE_BODIES", "250"))
# A new organisation after so many, so that to look at all that it has stays quick.
_EACH = 100
_SECONDS = 20.0
_OUTCOMES = ("accepted", "updated", "duplicates", "rejected", "waiting")
_LISTED = {"duplicates": "duplicate"}
# What a field or column is called is told where it reads like a name, and nothing else of what was sent.
_NAMED = ("unknown_field", "unknown_column", "duplicate_column")
# Some of what stands in the way of a body, at every step of its way.
_REACHED = (
    *("unsupported_media_type", "unsupported_content_encoding", "broken_gzip", "body_too_large"),
    *("malformed_json", "row_too_long", "not_utf8", "missing_header", "file_cut_short"),
    *("row_repeated", "rows_rejected", "unknown_person", "wrong_type", "out_of_range"),
)

BULK = {str(route): route for route in ROUTES if route.path.endswith("/bulk")}


@pytest.fixture
def settings(database_url: str) -> Settings:
    """As by default, but for bodies that are too large sooner."""
    limits = {"max_bulk_bytes": MAX_BYTES, "max_bulk_json_bytes": MAX_BYTES // 2}
    return settings_for(database_url).model_copy(update=limits)


def test_every_bulk_route_is_sent_hostile_bodies() -> None:
    assert set(BULK) == set(KINDS)


async def _furnished(app: FastAPI, name: str) -> tuple[Council, httpx.AsyncClient, dict[str, str]]:
    """An organisation with people, a pilot and a pool, a client, and the ids for paths."""
    council = await found(app, name)
    client = await council.admin()
    await people(client, *PEOPLE)
    members = [{"person_external_id": number} for number in PEOPLE[:3]]
    pilot_id = await pilot(client, *members, **WINDOW)
    path = await pool(client, seats=4)
    audited = await client.post(f"/pilots/{pilot_id}/output-audit-plans", json=AUDIT)
    ids = {"pool_id": path.rpartition("/")[2], "plan_id": good(audited, 201)["plan_id"]}
    return council, client, {"pilot_id": pilot_id, **ids}


def _text_of(column: Column[Any]) -> ColumnElement[str]:
    # Of digests the length: SQLite takes no bytes for text.
    shown = func.length(column) if isinstance(column.type, LargeBinary) else column
    return func.coalesce(cast(shown, Text), "none")


def _rows_as_text(table: Table) -> Select[str, str]:
    """Each row of an organisation in a table, as one text after the table's name."""
    mine = table.c.organisation_id == bindparam("mine", type_=table.c.organisation_id.type)
    row = functools.reduce(lambda text, cell: text + "|" + cell, map(_text_of, table.c))
    return select(literal(table.name), row).where(mine)


_ALL_ROWS = union_all(
    *(_rows_as_text(table) for name, table in metadata.tables.items() if name not in GLOBAL_TABLES)
)


async def _everything(council: Council) -> Counter[tuple[str, str]]:
    """Every row that the organisation has: its table, and all that is in it."""
    async with council.database.engine.connect() as connection:
        mine = {"mine": council.organisation.organisation_id}
        return Counter((row[0], row[1]) for row in await connection.execute(_ALL_ROWS, mine))


def _events(rows: Counter[tuple[str, str]]) -> int:
    return sum(1 for table, _ in rows if table == "audit_event")


async def _answered(
    client: httpx.AsyncClient, route: Route, path: str, sent: Body
) -> httpx.Response:
    started = time.monotonic()
    async with asyncio.timeout(_SECONDS):
        answer = await client.request(
            route.method, path, content=sent.sent(), headers=sent.headers, params=sent.params
        )
    # What never gives way is not stopped by the limit above.
    assert time.monotonic() - started < _SECONDS
    return answer


def _told(answer: dict[str, Any]) -> str:
    """An answer without the names of fields that it may repeat."""
    errors = answer.get("errors", [])
    kept = [error for error in errors if error["code"] not in _NAMED]
    assert all(re.fullmatch(r"(/\w{1,64})?", e["pointer"]) for e in errors if e not in kept), errors
    told = {**answer, "errors": kept}
    if answer.get("code") in _NAMED:
        told["detail"] = ""
    return json.dumps(told, ensure_ascii=False)


def _rows_in(sent: Body) -> int | None:
    """How many rows a body that was taken has, found out in another way; None where that is not known."""
    if sent.plain is None:
        return None
    media_type = sent.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type == JSON:
        try:
            # A row that is not UTF-8 is rejected as a row.
            text = sent.plain.decode(errors="replace")
            return len(json.loads(text, parse_int=str)["items"])
        except RecursionError:
            return None
    if media_type == NDJSON:
        lines = sent.plain.removeprefix(codecs.BOM_UTF8).split(b"\n")
        return sum(1 for line in lines if line.strip())
    assert media_type == CSV
    reader = csv.reader(io.StringIO(sent.plain.decode("utf-8-sig"), newline=""))
    return sum(1 for cells in reader if cells) - 1


def _check_counts(answer: dict[str, Any], sent: Body) -> None:
    """Each row is counted once, and each rejected one is named."""
    counts = {name: answer.get(name, 0) for name in _OUTCOMES}
    seen = _rows_in(sent)
    if seen is not None:
        assert sum(counts.values()) == seen
    places = [error["index"] for error in answer["errors"]]
    assert len(places) == min(counts["rejected"], 10_000)
    assert places == sorted(set(places))
    assert all(0 <= place < sum(counts.values()) for place in places)
    for error in answer["errors"]:
        assert error["code"]
        assert error["detail"]
        assert error["pointer"] == "" or error["pointer"].startswith("/")
    if "rows" in sent.params:
        listed = Counter(answer["rows"])
        assert {name: listed[_LISTED.get(name, name)] for name in _OUTCOMES} == counts
        assert [n for n, outcome in enumerate(answer["rows"]) if outcome == "rejected"] == places
    else:
        assert answer["rows"] is None


async def _check_batch(council: Council, answer: dict[str, Any]) -> None:
    async with council.database.engine.connect() as connection:
        table = ImportBatch.__table__  # type: ignore[attr-defined]  # what SQLModel makes of the class
        mine = table.c.organisation_id == council.organisation.organisation_id
        statement = select(table).where(mine, table.c.id == UUID(answer["batch_id"]))
        batch = (await connection.execute(statement)).mappings().one()
    for name in ("accepted", "updated", "duplicates", "rejected"):
        assert batch[name] == answer[name]


def _check_answer(response: httpx.Response, sent: Body) -> dict[str, Any]:
    """What holds for every answer, and for the kind that it is."""
    assert response.status_code < 500, response.text
    answer: dict[str, Any] = response.json()
    assert SECRET not in _told(answer)
    if response.status_code != 200:
        assert response.headers["content-type"] == "application/problem+json"
        assert answer["status"] == response.status_code
        assert answer["code"]
        if answer["code"] == "rows_rejected":
            assert sent.params["mode"] == "atomic"
            assert answer["rejected"] > 0
            assert answer["batch_id"] is None
            _check_counts(answer, sent)
    else:
        _check_counts(answer, sent)
        assert sent.params["mode"] == "partial" or answer["rejected"] == 0
        assert (answer["batch_id"] is None) == (sent.params["dry_run"] == "true")
    return answer


async def test_no_hostile_body_breaks_anything_or_is_written_in_part(app: FastAPI) -> None:
    """Every body is answered with a problem or a result; what is not to be written is not."""
    answers: Counter[str] = Counter()
    for first in range(0, BODIES, _EACH):
        council, client, ids = await _furnished(app, f"Council {first}")
        before = await _everything(council)
        for number in range(first, min(first + _EACH, BODIES)):
            sent = body(number)
            route = BULK[sent.route]
            try:
                response = await _answered(client, route, route.of(ids), sent)
                answer = _check_answer(response, sent)
                after = await _everything(council)
                if answer.get("batch_id") is None:
                    assert after == before
                else:
                    assert _events(after) == _events(before) + 1
                    await _check_batch(council, answer)
            except Exception as error:
                error.add_note(str(sent))
                raise
            before = after
            codes = {error["code"] for error in answer["errors"]}
            answers.update(codes | {answer.get("code", "taken")})
        good(await client.get("/people"))
        await council.close()
    print(answers.most_common())  # noqa: T201 - shown by -rP, for whoever asks for more of them
    # Else what is sent reaches no further than the door.
    assert answers["taken"] > BODIES // 5
    assert set(_REACHED) <= set(answers)


def _many_wrong(rows: int) -> Iterator[str]:
    for number in range(rows):
        yield '{"external_id":7}\n' if number % 2 else f'{{"external_id":"{SECRET}-{number}"}}\n'


async def test_the_first_ten_thousand_of_more_rejected_rows_are_named(council: Council) -> None:
    client = await council.admin()
    answer = good(
        await client.post(
            "/people/bulk",
            content="".join(_many_wrong(20_500)).encode(),
            headers={"Content-Type": NDJSON},
        )
    )
    assert (answer["accepted"], answer["rejected"]) == (10_250, 10_250)
    assert [error["index"] for error in answer["errors"]] == list(range(1, 20_000, 2))


async def test_gzip_that_unfolds_into_nothing_is_capped_as_it_is_sent(council: Council) -> None:
    client = await council.admin()
    members = gzip.compress(b"") * 3_000
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 3 * MAX_BYTES:
            sent += len(members)
            yield members

    headers = {"Content-Type": CSV, "Content-Encoding": "gzip"}
    answer = await client.post("/people/bulk", content=endless(), headers=headers)
    problem(answer, 413, "body_too_large")
    assert sent < MAX_BYTES + 2 * len(members)
