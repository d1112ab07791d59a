"""Years of activity: every byte follows from the rows, whatever was sent in whatever order, and at once."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import product
from random import Random
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Date, DateTime, Uuid, column, insert, table, text
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from app.core import schema
from app.core.bulk import formats
from app.core.database import Database
from app.licences.activity import repository
from tests.council import Council, activity, good, people
from tests.databases import settings_for
from tests.forms import Rows
from tests.scheduled import run_job

BULK = "/licence-activity/bulk"
DAY = timedelta(days=1)
# By organisation, product, person and year.
Years = dict[tuple[Any, ...], bytes]

# Weeks that count in the year after, the first and last days of leap years and others, and 29 February.
STARTS = [
    *(date(2023, 12, 27) + n * DAY for n in range(7)),
    *(date(2024, 12, 27) + n * DAY for n in range(7)),
    *(date(2024, 2, 26) + n * DAY for n in range(5)),
]


async def rows_and_years(connection: AsyncConnection) -> tuple[list[Any], Years]:
    """All activity, and the years that have any day of it, as they stand in the tables."""
    rows = await connection.execute(
        text(
            "SELECT organisation_id, product, person_id, period,"
            " CAST(period_starts_on AS VARCHAR), app, active_days, actions FROM licence_activity"
        )
    )
    years = await connection.execute(
        text("SELECT organisation_id, product, person_id, year, days FROM licence_activity_year")
    )
    found = {tuple(key): bytes(days) for *key, days in years}
    assert {len(days) for days in found.values()} <= {366}
    return list(rows), {key: days for key, days in found.items() if any(days)}


def derived(rows: Iterable[Any]) -> Years:
    """The years once more: what docs/decisions/0017 says of the rows of each day and week."""
    together: dict[tuple[Any, ...], list[tuple[str, int | None, int | None]]] = {}
    for *key, app, days, actions in rows:
        together.setdefault(tuple(key), []).append((app, days, actions))
    years: dict[tuple[Any, ...], bytearray] = {}
    for (*whose, period, starts_on), same in together.items():
        if not any(
            (days is None and actions is None) or (days or 0) > 0 or (actions or 0) > 0
            for _, days, actions in same
        ):
            continue
        day = date.fromisoformat(starts_on) + (3 * DAY if period == "week" else 0 * DAY)
        year = years.setdefault((*whose, day.year), bytearray(366))
        place = (day - date(day.year, 1, 1)).days
        if period == "day":
            year[place] += 1
            continue
        total = [days for app, days, _ in same if app == "any" and days is not None]
        apps = [days for app, days, _ in same if app != "any" and days is not None]
        days_told = total[0] if total else max(apps, default=1)
        year[place] += 128 + 2 * days_told + (0 if total else 16)
    return {key: bytes(days) for key, days in years.items()}


async def check(council: Council) -> list[Any]:
    """Hold every byte against the rows; returns the rows."""
    async with council.database.engine.connect() as connection:
        rows, years = await rows_and_years(connection)
    assert years == derived(rows)
    return rows


_LEFT_OUT = "left out"
_ROW = st.fixed_dictionaries(
    {
        "person": st.sampled_from(["E1", "E1", "E2"]),
        "product": st.sampled_from(["A", "A", "B"]),
        "starts_on": st.sampled_from(STARTS),
        "period": st.sampled_from(["day", "week"]),
        "app": st.sampled_from(["any", "word", "Teams"]),
        "active_days": st.sampled_from([_LEFT_OUT, None, 0, 1, 1, 5, 7]),
        "actions": st.sampled_from([_LEFT_OUT, None, 0, 0, 3]),
    }
)


def sent(row: dict[str, Any]) -> dict[str, Any]:
    counts = {name: row[name] for name in ("active_days", "actions") if row[name] != _LEFT_OUT}
    return {
        **activity(row["person"], str(row["starts_on"]), period=row["period"], app=row["app"]),
        "product": row["product"],
        **counts,
    }


@given(
    batches=st.lists(
        st.tuples(
            st.lists(_ROW, min_size=1, max_size=12),
            st.sampled_from(["partial", "partial", "undone", "atomic", "dry_run"]),
        ),
        min_size=1,
        max_size=4,
    )
)
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_every_byte_follows_from_the_rows_after_any_batches(
    council: Council, monkeypatch: pytest.MonkeyPatch, batches: list[tuple[Rows, str]]
) -> None:
    """New, corrected, back to nothing, taken back, app by app, by day and week; four rows a chunk."""
    monkeypatch.setattr(formats, "CHUNK_ROWS", 4)
    client = await council.admin()
    await people(client, "E1", "E2")
    for rows, mode in batches:
        params = {"dry_run": "true"} if mode == "dry_run" else {}
        params |= {"mode": "atomic"} if mode == "atomic" else {}
        items = [sent(row) for row in rows]
        before = await check(council)
        answer = await client.post(BULK, json={"items": items}, params=params)
        assert answer.status_code == 200 or mode == "atomic", answer.text
        await check(council)
        if mode == "undone":
            good(await client.post(f"/import-batches/{answer.json()['batch_id']}/undo"))
            assert sorted(map(str, await check(council))) == sorted(map(str, before))


async def test_a_day_that_is_corrected_to_nothing_is_empty_again(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1")
    day = activity("E1", "2024-02-29", app="word", actions=3)
    week = activity("E1", "2024-02-26", period="week", app="word", active_days=5)
    for rows, byte in (
        ([day], 1),
        ([week], 1 + 128 + 16 + 2 * 5),  # the week counts on the 29th as well
        ([{**week, "app": "any", "active_days": 6}], 1 + 128 + 2 * 6),
        ([{**day, "actions": 0}], 128 + 2 * 6),
        ([{**week, "active_days": 0}, {**week, "app": "any", "active_days": 0}], 0),
    ):
        good(await client.post(BULK, json={"items": rows}))
        await check(council)
        async with council.database.engine.connect() as connection:
            days: bytes = await connection.scalar(
                text("SELECT days FROM licence_activity_year WHERE organisation_id IS NOT NULL")
            )
        assert (days[59], sum(days)) == (byte, byte)


JOB = "licence_daily_facts"


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE licence_activity_year SET days = (SELECT days FROM licence_activity_year"
        " WHERE product = 'B' AND organisation_id IS NOT NULL) WHERE product = 'A' AND year = 2024",
        "DELETE FROM licence_activity_year WHERE product = 'A'",
        "DELETE FROM licence_activity WHERE product = 'A'",
    ],
)
async def test_years_that_are_not_what_their_rows_say_are_told_counted_and_derived_anew(
    council: Council, damage: str
) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    days = ("2024-12-30", "2025-01-02")
    rows = [
        *(activity(who, day, product="A") for who in ("E1", "E2") for day in days),
        # It counts on 2 January as well.
        activity("E1", "2024-12-30", product="A", period="week", active_days=3),
        activity("E1", "2024-12-31", product="B"),
    ]
    good(await client.post(BULK, json={"items": rows}))
    assert await run_job(council, JOB, "2025-01-06T03:00") == {"products": 2, "differences": 0}
    async with council.database.engine.begin() as connection:
        await connection.execute(text(f"{damage} AND organisation_id IS NOT NULL"))
    with capture_logs() as told:
        assert await run_job(council, JOB, "2025-01-07T03:00") == {"products": 2, "differences": 4}
    (of_a,) = [each for each in told if each["event"] == "licence_daily_facts_differ"]
    assert (of_a["product"], of_a["people"], of_a["days"]) == ("A", 2, 4)
    await check(council)
    assert (await run_job(council, JOB, "2025-01-08T03:00"))["differences"] == 0


async def at_once(
    monkeypatch: pytest.MonkeyPatch, client: httpx.AsyncClient, first: Rows, second: Rows
) -> None:
    """Send two batches: the second while the first has read the rows and not yet written the year."""
    has_read, go_on = asyncio.Event(), asyncio.Event()
    write_years = repository.write_years

    async def write_later(*arguments: Any) -> None:
        if not has_read.is_set():
            has_read.set()
            await go_on.wait()
        await write_years(*arguments)

    monkeypatch.setattr(repository, "write_years", write_later)
    batches = [asyncio.create_task(client.post(BULK, json={"items": first}))]
    await asyncio.wait_for(has_read.wait(), timeout=60)
    batches.append(asyncio.create_task(client.post(BULK, json={"items": second})))
    # As it is, the second waits for the first and there is nothing to wait for here.
    await asyncio.wait([batches[1]], timeout=0.4)
    go_on.set()
    for answer in await asyncio.gather(*batches):
        assert good(answer)["rejected"] == 0


async def test_of_two_batches_at_once_one_takes_an_app_back_and_one_adds_another(
    council: Council, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await council.admin()
    await people(client, "E1")
    word = activity("E1", "2024-04-03", app="word", actions=3)
    good(await client.post(BULK, json={"items": [word]}))
    teams = {**word, "app": "teams"}
    await at_once(monkeypatch, client, [{**word, "actions": 0}], [teams])
    rows = await check(council)
    assert sorted((row[5], row[7]) for row in rows) == [("teams", 3), ("word", 0)]


async def test_two_batches_at_once_write_two_days_of_a_year_that_is_new(
    council: Council, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await council.admin()
    await people(client, "E1")
    one, other = activity("E1", "2024-04-03"), activity("E1", "2024-05-07")
    await at_once(monkeypatch, client, [one], [other])
    assert len(await check(council)) == 2


async def test_many_batches_at_once_leave_years_that_follow_from_the_rows(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2", "E3")
    chance = Random(17)  # noqa: S311 - a simulation, not a secret
    batches = [
        [
            activity(
                chance.choice(("E1", "E2", "E3")),
                str(chance.choice(STARTS)),
                period=chance.choice(("day", "week")),
                app=chance.choice(("any", "word", "teams")),
                active_days=chance.choice((None, 0, 1)),
                actions=chance.choice((0, 0, 3)),
            )
            for _ in range(12)
        ]
        for _ in range(12)
    ]
    answers = await asyncio.gather(*(client.post(BULK, json={"items": batch}) for batch in batches))
    assert {answer.status_code for answer in answers} == {200}
    assert len(await check(council)) > 60


async def test_the_migration_fills_the_years_of_activity_that_was_there_before(
    empty_database_url: str,
) -> None:
    database = Database(settings_for(empty_database_url))
    try:
        await schema.migrate(database, "20261123_foundation")
        async with database.engine.begin() as connection:
            written = await fill_before(connection)
        await schema.migrate(database)
        async with database.engine.connect() as connection:
            rows, years = await rows_and_years(connection)
    finally:
        await database.close()
    assert len(rows) == written
    assert years == derived(rows)
    # Of two organisations, of two people each and two products, all three years.
    assert len(years) == 24


_TYPES: dict[str, Any] = {
    "period_starts_on": Date(),
    **dict.fromkeys(("organisation_id", "id", "person_id", "batch_id", "principal_id"), Uuid()),
    **dict.fromkeys(("created_at", "updated_at"), DateTime(timezone=True)),
}


async def insert_into(connection: AsyncConnection, name: str, *rows: dict[str, Any]) -> None:
    """Insert into a table as it was then; the models tell of it as it is today."""
    columns = [column(each, _TYPES.get(each)) for each in rows[0]]
    await connection.execute(insert(table(name, *columns)), rows)


async def fill_before(connection: AsyncConnection) -> int:
    """Activity in two organisations with people and batches of the same ids; returns how many rows."""
    chance = Random(5)  # noqa: S311 - a simulation, not a secret
    now = datetime(2024, 1, 1, tzinfo=UTC)
    one, other, batch = (UUID(int=number) for number in (1, 2, 3))
    common = {"created_at": now, "updated_at": now, "revision": 1}
    activity_rows = []
    for number in (8, 9):
        mine = {"organisation_id": UUID(int=number)}
        council = {"name": f"Council {number}", "zone": "Europe/London", "currency": "GBP"}
        rules = {"minimum_group_size": 5, "working_hours_per_week": 37, "is_simulated": False}
        await insert_into(connection, "organisation", {**mine, **common, **council, **rules})
        for person in (one, other):
            who = {"id": person, "external_id": f"E{person.int}"}
            await insert_into(connection, "person", {**mine, **common, **who})
        counts = dict.fromkeys(("accepted", "updated", "duplicates", "rejected"), 0)
        kind = {"kind": "licence_activity", "origin": "api", "principal_id": batch}
        await insert_into(
            connection, "import_batch", {**mine, "id": batch, "created_at": now, **kind, **counts}
        )
        for key in product((one, other), ("A", "B"), ("day", "week"), STARTS):
            names = dict(
                zip(("person_id", "product", "period", "period_starts_on"), key, strict=True)
            )
            activity_rows += [
                {
                    **mine,
                    **common,
                    **names,
                    "app": app,
                    "active_days": chance.choice((None, 0, 1, 7 if key[2] == "week" else 1)),
                    "actions": chance.choice((None, 0, 4)),
                    "source": "test",
                    "batch_id": batch,
                }
                for app in chance.sample(("any", "word", "teams"), chance.randint(0, 3))
            ]
    await insert_into(connection, "licence_activity", *activity_rows)
    return len(activity_rows)
