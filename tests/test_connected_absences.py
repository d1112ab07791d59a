"""Absences of SuccessFactors, as its documentation has them: dates of OData, pages by link, moves, withdrawals."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from uuid import UUID

import httpx
import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from sqlalchemy import text

from app.core.settings import Settings
from app.integrations.connections import running
from app.integrations.hr.successfactors import day_of
from tests.council import Council, good, people
from tests.databases import settings_for
from tests.other_system import Asked, OtherSystem, Reply, other_system, without_waiting

MIDNIGHT = datetime(1970, 1, 1, tzinfo=UTC)


def odata(day: str, *, offset: str = "") -> str:
    moment = datetime.fromisoformat(f"{day}T00:00:00+00:00")
    return f"/Date({int((moment - MIDNIGHT).total_seconds() * 1000)}{offset})/"


class SuccessFactors:
    """EmployeeTime, three a page."""

    def __init__(self) -> None:
        self.now = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
        self.rows: dict[str, tuple[datetime, dict[str, Any]]] = {}
        self.address = ""

    def put(self, code: str, first: str, last: str | None, **fields: Any) -> None:
        self.now += timedelta(minutes=30)
        row = {
            "__metadata": {"uri": "x", "type": "SFOData.EmployeeTime"},
            "externalCode": code,
            "userId": "E1",
            "startDate": odata(first),
            "endDate": odata(last) if last else None,
            "timeType": "SICK & OTHER",
            "approvalStatus": "APPROVED",
            "quantityInDays": "2",
            "lastModifiedDateTime": odata("2024-05-01", offset="+0000"),
        }
        self.rows[code] = (self.now, {**row, **fields})

    def __call__(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != "Basic YXBpQGNvdW5jaWw6c2VjcmV0":
            return Reply({"error": {}}, 401)
        found = sorted(self.rows.items())
        condition = asked.query.get("$filter", "")
        if condition:
            since = datetime.fromisoformat(condition.split("'")[1])
            found = [each for each in found if each[1][0] >= since]
        start = int(asked.query.get("$skiptoken", "0"))
        told: dict[str, Any] = {"results": [row for _, (_, row) in found[start : start + 3]]}
        if start + 3 < len(found):
            more = f"{self.address}/odata/v2/EmployeeTime?$skiptoken={start + 3}"
            told["__next"] = f"{more}&$filter={condition}" if condition else more
        return Reply({"d": told}, headers={"Date": format_datetime(self.now, usegmt=True)})


@pytest.fixture
def settings(database_url: str) -> Settings:
    permitted = {"allow_private_addresses": True, "outward_seconds": 30.0}
    return settings_for(database_url).model_copy(update=permitted)


@pytest.fixture
async def told() -> SuccessFactors:
    return SuccessFactors()


@pytest.fixture
async def server(
    told: SuccessFactors, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[OtherSystem]:
    without_waiting(monkeypatch)
    async with other_system(told) as found:
        told.address = found.address
        yield found


async def connect(client: httpx.AsyncClient, server: OtherSystem) -> str:
    await people(client, "E1", "E2")
    wanted = {
        "name": "absences",
        "kind": "successfactors",
        "settings": {"address": server.address, "user": "api@council"},
        "secrets": {"password": "secret"},
    }
    made: str = good(await client.post("/connections", json=wanted), 201)["connection_id"]
    return made


async def read(council: Council, connection_id: str, **options: Any) -> tuple[str, dict[str, Any]]:
    run = await running.sync(council.database, council.system, UUID(connection_id), **options)
    assert run is not None
    return run.status.value, run.counts


async def here(council: Council) -> set[tuple[str, str, str | None]]:
    """Person, first day and first day back of every absence."""
    statement = text(
        "SELECT p.external_id, a.starts_on, a.ends_on FROM absence a"
        " JOIN person p ON p.organisation_id = a.organisation_id AND p.id = a.person_id"
        " WHERE a.organisation_id IS NOT NULL"
    )
    async with council.database.engine.connect() as connection:
        rows = (await connection.execute(statement)).all()
    return {(row[0], str(row[1]), str(row[2]) if row[2] else None) for row in rows}


async def test_absences_come_move_and_go(
    council: Council, server: OtherSystem, told: SuccessFactors
) -> None:
    client = await council.admin()
    connection = await connect(client, server)
    told.put("a", "2024-05-01", "2024-05-03")
    told.put("b", "2024-05-10", "9999-12-31", userId="E2")
    told.put("c", "2024-05-20", "2024-05-20", quantityInDays="0.5")
    told.put("d", "2024-06-01", "2024-06-02", approvalStatus="PENDING")
    told.put("e", "2024-07-01", None)
    status, counts = await read(council, connection)
    assert (status, counts["read"], counts["accepted"], counts["skipped"]) == ("succeeded", 5, 3, 2)
    assert counts["pages"] == 2
    both = {("E1", "2024-05-01", "2024-05-04"), ("E2", "2024-05-10", None)}
    assert await here(council) == {*both, ("E1", "2024-07-01", None)}
    told.put("a", "2024-05-02", "2024-05-03")  # moved: our key is its first day
    told.put("d", "2024-06-01", "2024-06-02")  # approved
    told.put("e", "2024-07-01", None, approvalStatus="CANCELLED")
    status, counts = await read(council, connection)
    assert (counts["read"], counts["accepted"], counts["deleted"]) == (3, 2, 2)
    expected = {
        ("E1", "2024-05-02", "2024-05-04"),
        ("E2", "2024-05-10", None),
        ("E1", "2024-06-01", "2024-06-03"),
    }
    assert await here(council) == expected
    # What is deleted there is not told: a day later all are read.
    del told.rows["b"]
    assert (await read(council, connection))[1]["deleted"] == 0
    told.now += timedelta(hours=25)
    assert (await read(council, connection))[1]["deleted"] == 1
    expected -= {("E2", "2024-05-10", None)}
    assert await here(council) == expected
    status, counts = await read(council, connection, is_full=True)
    changed = [counts[name] for name in ("accepted", "updated", "deleted")]
    assert (status, changed) == ("succeeded", [0, 0, 0])
    assert await here(council) == expected


async def test_faults_and_a_page_that_comes_again_change_nothing(
    council: Council, server: OtherSystem, told: SuccessFactors
) -> None:
    client = await council.admin()
    connection = await connect(client, server)
    for n in range(8):
        told.put(f"a{n}", f"2024-05-{10 + n}", f"2024-05-{10 + n}", quantityInDays="1")
    right = server.answering
    pages: list[Reply] = []

    def repeating(asked: Asked) -> Reply:
        pages.append(right(asked))
        return pages[-2] if len(pages) == 3 else pages[-1]  # the first page for the second

    server.answering = repeating
    server.faults = ["truncated", Reply("x", 500), Reply("x", 429, {"Retry-After": "2"})]
    status, counts = await read(council, connection)
    assert (status, counts["accepted"], counts["retries"]) == ("succeeded", 8, 4)
    assert len(await here(council)) == 8
    server.answering = right
    before = await here(council)
    server.faults = [Reply("x", 500)] * 5
    assert (await read(council, connection))[0] == "failed"
    told.put("a0", "2024-05-10", "2024-05-11")
    assert (await read(council, connection))[0] == "succeeded"
    assert len(await here(council) - before) == 1


async def test_two_records_of_one_day_are_one_absence_until_both_have_gone(
    council: Council, server: OtherSystem, told: SuccessFactors
) -> None:
    client = await council.admin()
    connection = await connect(client, server)
    told.put("a", "2024-05-01", "2024-05-03")
    told.put("b", "2024-05-01", "2024-05-03", timeType="OTHER")
    await read(council, connection)
    told.put("a", "2024-05-01", "2024-05-03", approvalStatus="CANCELLED")
    assert (await read(council, connection))[1]["deleted"] == 0
    told.put("b", "2024-05-01", "2024-05-03", approvalStatus="REJECTED")
    assert (await read(council, connection))[1]["deleted"] == 1
    assert await here(council) == set()


# What draws numbers is loaded with the first of them, which a busy machine calls slow.
@hypothesis.settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dates(date(1950, 1, 1), date(2150, 1, 1)), st.integers(-720, 720), st.integers(0, 86_399))
def test_a_date_of_odata_is_the_day_where_it_is_told(day: date, offset: int, second: int) -> None:
    local = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=second)
    utc = local - timedelta(minutes=offset)
    milliseconds = (utc - MIDNIGHT) // timedelta(milliseconds=1)
    assert day_of(f"/Date({milliseconds}{offset:+05d})/") == day


@pytest.mark.parametrize("wrong", ["", "2024-05-01", "/Date(x)/", "/Date(99999999999999999)/"])
def test_what_is_no_date_of_odata_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"OData|range"):
        day_of(wrong)
