"""Saved mappings: the columns of other systems made into ours, over HTTP and on the command line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from app.access.permissions import Role, Scope
from app.core.instants import InstantProblem, next_time
from tests.command import Run
from tests.council import Council, good, problem
from tests.imports import council as command_council  # noqa: F401 - a fixture
from tests.imports import counts, make_pilot, read_csv, rows_of, staff, write_csv
from tests.time_use import social_pilot

ITRENT = [
    *("EMPLOYEE_REF", "ELEMENT_CODE", "DATE", "INPUT_TIME"),
    *("COST_CODE", "COSTING_RULE", "START_TIME", "END_TIME"),
]
LONDON = ZoneInfo("Europe/London")
SAMPLES = (
    "SELECT source_ref, category, CAST(started_at AS VARCHAR), minutes, source, method"
    " FROM time_sample WHERE organisation_id IS NOT NULL ORDER BY started_at, source_ref"
)

# As iTrent exports, but with the hours as the payroll counts them.
OWN: dict[str, Any] = {
    "name": "payroll",
    "kind": "time_samples",
    "columns": {
        "person_external_id": {"columns": ["EMPLOYEE_REF"]},
        "category": {"columns": ["ELEMENT_CODE"]},
        "started_at": {"columns": ["DATE", "START_TIME"], "separator": " "},
        "source_ref": {"columns": ["EMPLOYEE_REF", "DATE", "START_TIME"], "separator": "/"},
        "minutes": {"columns": ["INPUT_TIME"]},
    },
    "constants": {"source": "itrent", "method": "timesheet"},
    "minutes_unit": "hours",
    "date_order": "dmy",
    "zone": "Europe/London",
    "ignored": ["COST_CODE", "COSTING_RULE", "END_TIME"],
}


def worked(day: str, begins: str, ends: str, hours: str = "1", code: str = "V") -> list[str]:
    return ["E1", code, day, hours, "C1", "R1", begins, ends]


def sent(*rows: list[str], header: list[str] = ITRENT) -> dict[str, Any]:
    content = "\r\n".join(",".join(cells) for cells in [header, *rows]) + "\r\n"
    return {"content": content, "headers": {"Content-Type": "text/csv"}}


NIGHTS = [
    worked("30/03/2024", "22:00", "06:00"),  # the clocks go forward at one: seven hours
    worked("31/03/2024", "00:30", "02:30"),  # one hour, not two
    worked("31/03/2024", "09:00", "10:15"),
    worked("27/10/2024", "00:30", "02:30"),  # the clocks go back at two: three hours, not two
    worked("27/10/2024", "00:45", "01:30"),  # to the first of the two half past one
    worked("27/10/2024", "01:45", "01:15"),  # within the hour that comes twice
    worked("27/10/2024", "09:00", "09:30:30"),
]
TAKEN = [
    ("E1/30/03/2024/22:00/V", "2024-03-30 22:00", 420),
    ("E1/31/03/2024/00:30/V", "2024-03-31 00:30", 60),
    ("E1/31/03/2024/09:00/V", "2024-03-31 08:00", 75),
    ("E1/27/10/2024/00:30/V", "2024-10-26 23:30", 180),
    ("E1/27/10/2024/00:45/V", "2024-10-26 23:45", 45),
    ("E1/27/10/2024/01:45/V", "2024-10-27 00:45", 30),
    ("E1/27/10/2024/09:00/V", "2024-10-27 09:00", 30.5),
]
WRONG = [
    worked("31/03/2024", "01:30", "02:30"),  # the clocks skip it
    worked("31/03/2024", "00:30", "01:30"),  # likewise
    worked("13/31/2024", "09:00", "10:00"),
    worked("01/05/2024", "09:00", "late"),
    worked("01/05/2024", "09:00", "09:00"),
    worked("01/05/2024", "09:00", ""),
    worked("01/05/2024", "", "10:00"),
]
REASONS = [
    ("nonexistent_time", "START_TIME"),
    ("nonexistent_time", "END_TIME"),
    ("wrong_format", "START_TIME"),
    ("wrong_format", "END_TIME"),
    ("out_of_range", "END_TIME"),
    ("missing_field", "END_TIME"),
    ("missing_field", "START_TIME"),
]


@pytest.fixture
async def samples(council: Council) -> tuple[httpx.AsyncClient, str]:
    client = await council.admin()
    return client, f"{await social_pilot(client)}/bulk"


@time_machine.travel(datetime(2024, 11, 1, tzinfo=UTC), tick=False)
async def test_an_itrent_export_is_taken_across_both_changes_of_the_clocks(
    samples: tuple[httpx.AsyncClient, str],
) -> None:
    client, path = samples
    result = good(await client.post(f"{path}?mapping=itrent", **sent(*NIGHTS, *WRONG)))
    assert (result["accepted"], result["rejected"]) == (len(NIGHTS), len(WRONG))
    assert [(e["code"], e["pointer"].removeprefix("/")) for e in result["errors"]] == REASONS
    assert [e["index"] for e in result["errors"]] == list(range(len(NIGHTS), len(NIGHTS + WRONG)))
    again = good(await client.post(f"{path}?mapping=itrent", **sent(*NIGHTS)))
    assert (again["duplicates"], again["rejected"]) == (len(NIGHTS), 0)


@time_machine.travel(datetime(2024, 11, 1, tzinfo=UTC), tick=False)
def test_the_same_on_the_command_line_with_its_rejected_rows(
    command_council: str,  # noqa: F811 - a fixture
    run: Run,
    tmp_path: Path,
) -> None:
    url = command_council
    make_pilot(url)
    staff(run, url, tmp_path, ["E1"])
    path, rejected = tmp_path / "itrent.csv", tmp_path / "rejected.csv"
    write_csv(path, ITRENT, *NIGHTS, *WRONG)
    words = ("--pilot", "SOCIAL", "--mapping", "itrent", "--rejected", str(rejected))
    ran = run(url, "import", "time-samples", str(path), *words)
    assert (ran.status, counts(ran, "time-samples")) == (3, [len(NIGHTS), 0, 0, len(WRONG)])
    assert [(r[0], r[2][:16], r[3]) for r in rows_of(url, SAMPLES)] == TAKEN
    assert {row[4:] for row in rows_of(url, SAMPLES)} == {("itrent", "timesheet")}
    found = read_csv(rejected)
    assert [(row["_code"], row["_field"]) for row in found] == REASONS
    assert [[row[name] for name in ITRENT] for row in found] == WRONG
    mended = [
        {**r, "DATE": f"0{n + 1}/05/2024", "START_TIME": "09:00"} for n, r in enumerate(found)
    ]
    write_csv(
        rejected, list(found[0]), *(list({**r, "END_TIME": "10:00"}.values()) for r in mended)
    )
    again = tmp_path / "again.csv"
    ran = run(url, "import", "time-samples", str(rejected), *words[:-1], str(again))
    assert (ran.status, counts(ran, "time-samples")) == (0, [len(WRONG), 0, 0, 0]), ran.err


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2024, 12, 30)),  # noqa: DTZ001 - made aware below
    st.integers(0, 23 * 60 + 59),
    st.integers(0, 1),
)
def test_what_ends_at_a_time_ends_there_and_within_a_day(
    local: datetime, minute: int, fold: int
) -> None:
    began = local.replace(second=0, microsecond=0, fold=fold, tzinfo=LONDON).astimezone(UTC)
    shown = f"{minute // 60:02}:{minute % 60:02}"
    try:
        ended = next_time(began, shown, LONDON)
    except InstantProblem:
        assert 60 <= minute < 120, "the one hour that is skipped"
        return
    assert ended.astimezone(LONDON).strftime("%H:%M") == shown
    assert timedelta(0) <= ended - began <= timedelta(hours=25)
    # And no earlier one: the clocks show each time once a day, or twice in one night.
    each = began + timedelta(minutes=1)
    while began.astimezone(LONDON).strftime("%H:%M") != shown and each < ended:
        assert each.astimezone(LONDON).strftime("%H:%M") != shown
        each += timedelta(minutes=1)


async def test_a_mapping_of_ones_own_reads_hours_and_joins_columns(
    samples: tuple[httpx.AsyncClient, str], council: Council
) -> None:
    client, path = samples
    made = await client.post("/import-mappings", json=OWN)
    assert made.headers["location"] == "/api/v1/import-mappings/payroll"
    assert good(made, 201)["is_built_in"] is False
    rows = [worked("01/05/2024", "09:00", "", "1.5"), worked("01/05/2024", "11:00", "", "1:30")]
    result = good(await client.post(f"{path}?mapping=payroll", **sent(*rows)))
    (error,) = result["errors"]
    assert (error["index"], error["pointer"], error["code"]) == (1, "/INPUT_TIME", "wrong_format")
    assert "minutes is read from INPUT_TIME" in error["detail"]
    clock = {**OWN, "minutes_unit": "hh:mm"}
    del clock["name"], clock["kind"]
    good(await client.put("/import-mappings/payroll", json=clock))
    result = good(await client.post(f"{path}?mapping=payroll", **sent(rows[1])))
    assert result["accepted"] == 1
    audited = good(await client.get("/audit-events?action=import_mapping.changed"))["items"]
    assert [event["details"] for event in audited] == [{"name": "payroll", "kind": "time_samples"}]
    # What the request says goes before what the mapping says.
    american = worked("05/31/2024", "09:00", "", "1:00")
    query = "mapping=payroll&date_order=mdy&zone=America/New_York"
    assert good(await client.post(f"{path}?{query}", **sent(american)))["accepted"] == 1
    async with council.database.engine.connect() as connection:
        found = (await connection.exec_driver_sql(SAMPLES)).all()
    assert [(row[2][:16], row[3]) for row in found] == [
        ("2024-05-01 08:00", 90),
        ("2024-05-01 10:00", 90),
        ("2024-05-31 13:00", 60),
    ]


@pytest.mark.parametrize(
    ("header", "code", "named"),
    [
        ([*ITRENT[:-1], "END_TIME", "EMPLOYEE"], "unmapped_column", "EMPLOYEE"),
        (ITRENT[1:], "missing_column", "EMPLOYEE_REF"),
        ([*ITRENT, "DATE"], "duplicate_column", "DATE"),
        ([*ITRENT, "_row"], "unmapped_column", "_row"),
    ],
)
async def test_no_column_is_lost_silently(
    samples: tuple[httpx.AsyncClient, str], header: list[str], code: str, named: str
) -> None:
    client, path = samples
    answer = await client.post(f"{path}?mapping=itrent", **sent(header=header))
    errors = problem(answer, 422, code)["errors"]
    assert [error["pointer"] for error in errors] == [f"/{named}"]


async def test_a_mapping_is_for_files_of_its_kind_and_for_csv(
    samples: tuple[httpx.AsyncClient, str],
) -> None:
    client, path = samples
    problem(await client.post(f"{path}?mapping=nothing", **sent()), 422, "unknown_mapping")
    rows = {"json": {"items": []}}
    problem(await client.post(f"{path}?mapping=itrent", **rows), 422, "mapping_needs_csv")
    answer = await client.post("/people/bulk?mapping=itrent", **sent())
    problem(answer, 422, "mapping_of_another_kind")


async def test_staff_of_any_hr_system_with_dates_as_it_writes_them(council: Council) -> None:
    client = await council.admin()
    mapping = {
        "name": "hr",
        "kind": "people",
        "columns": {
            "external_id": {"columns": ["Staff no"]},
            "display_name": {"columns": ["First", "Last"]},
            "started_on": {"columns": ["Start"]},
        },
        "constants": {"department": "Adults"},
        "date_order": "dmy",
        "ignored": ["Shoe size"],
    }
    good(await client.post("/import-mappings", json=mapping), 201)
    header = ["Staff no", "First", "Last", "Start", "Shoe size"]
    rows = [
        ["E1", "Ada", "King", "2/11/2023", "38"],
        ["E2", "", "", "", ""],
        ["E3", "", "King", "", ""],
        ["E4", "Ada", "King", "2023-11-02", ""],
        ["E5", "Ada"],
    ]
    result = good(await client.post("/people/bulk?mapping=hr", **sent(*rows, header=header)))
    assert [(e["index"], e["code"], e["pointer"]) for e in result["errors"]] == [
        (2, "missing_field", "/First"),
        (3, "wrong_format", "/Start"),
        (4, "wrong_number_of_cells", ""),
    ]
    first, second = good(await client.get("/people"))["items"]
    assert (first["display_name"], first["started_on"]) == ("Ada King", "2023-11-02")
    assert (second["display_name"], second["department"]) == (None, "Adults")


WRONG_RULES = [
    ({"kind": "seat_allocations"}, "kind_not_mapped", "/kind"),
    ({"zone": "Mars/North"}, "unknown_zone", "/zone"),
    ({"constants": {"source": "x", "method": "guess"}}, "wrong_constant", "/constants/method"),
    ({"constants": {"source": "x"}}, "field_not_mapped", "/columns"),
    ({"constants": {**OWN["constants"], "category": "x"}}, "field_twice", "/constants/category"),
    ({"columns": {**OWN["columns"], "shoe": {"columns": ["X"]}}}, "no_such_field", "/columns/shoe"),
    ({"ends_at": "END_TIME"}, "field_twice", "/columns/minutes"),
    ({"surprise": 1}, "invalid_input", "/surprise"),
    ({"columns": {}}, "invalid_input", "/columns"),
    ({"name": "a/b"}, "invalid_input", "/name"),
]


@pytest.mark.parametrize(("change", "code", "pointer"), WRONG_RULES)
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_mapping_that_could_not_be_used_is_refused(
    council: Council, change: dict[str, Any], code: str, pointer: str
) -> None:
    client = await council.admin()
    body = problem(await client.post("/import-mappings", json={**OWN, **change}), 422, code)
    assert [error["pointer"] for error in body["errors"]] == [pointer]


async def test_mappings_are_listed_changed_by_their_version_and_forgotten(
    council: Council, other_council: Council
) -> None:
    client = await council.admin()
    good(await client.post("/import-mappings", json=OWN), 201)
    problem(await client.post("/import-mappings", json=OWN), 409, "mapping_exists")
    taken = await client.post("/import-mappings", json={**OWN, "name": "itrent"})
    problem(taken, 409, "mapping_exists")
    listed = good(await client.get("/import-mappings"))["items"]
    assert [(item["name"], item["is_built_in"]) for item in listed] == [
        ("itrent", True),
        ("payroll", False),
    ]
    found = await client.get("/import-mappings/payroll")
    assert good(found)["columns"]["started_at"] == {
        "columns": ["DATE", "START_TIME"],
        "separator": " ",
    }
    rules = {name: OWN[name] for name in OWN if name not in ("name", "kind")}
    seen = {"If-Match": found.headers["etag"]}
    changed = await client.put("/import-mappings/payroll", json=rules, headers=seen)
    assert good(changed)["kind"] == "time_samples"
    late = await client.put("/import-mappings/payroll", json=rules, headers=seen)
    problem(late, 412, "precondition_failed")
    late = await client.delete("/import-mappings/payroll", headers=seen)
    problem(late, 412, "precondition_failed")
    for name, answer in (
        ("itrent", await client.put("/import-mappings/itrent", json=rules)),
        ("itrent", await client.delete("/import-mappings/itrent")),
    ):
        assert problem(answer, 409, "mapping_built_in"), name
    theirs = await other_council.admin()
    problem(await theirs.get("/import-mappings/payroll"), 404, "not_found")
    assert len(good(await theirs.get("/import-mappings"))["items"]) == 1
    assert (await client.delete("/import-mappings/payroll")).status_code == 204
    problem(await client.get("/import-mappings/payroll"), 404, "not_found")


async def test_who_brings_files_of_a_kind_writes_their_mappings_and_anybody_reads_them(
    council: Council,
) -> None:
    admin = await council.admin()
    good(await admin.post("/import-mappings", json=OWN), 201)
    manager = await council.as_role(Role.ICT_MANAGER)
    good(await manager.get("/import-mappings/payroll"))
    rules = {name: OWN[name] for name in OWN if name not in ("name", "kind")}
    for answer in (
        await manager.post("/import-mappings", json={**OWN, "name": "other"}),
        await manager.put("/import-mappings/payroll", json=rules),
        await manager.delete("/import-mappings/payroll"),
    ):
        problem(answer, 403, "scope_missing")
    integrator = council.client(await council.key(None, scopes=[Scope.TIME_WRITE]))
    good(await integrator.put("/import-mappings/payroll", json=rules))
