"""`pilotlight import KIND FILE` as an operator and a scheduler use it."""

import gzip
import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from app.cli.files import RowFile
from app.cli.imports import KINDS
from app.people.schemas import PersonRow
from tests.command import Run
from tests.imports import council as council  # noqa: PLC0414 - a fixture
from tests.imports import counts, make_pilot, mend, read_csv, rows_of, staff, write_csv

PEOPLE = "SELECT external_id, display_name, team FROM person ORDER BY external_id"
HEADER = ["external_id", "display_name", "team", "fte"]
# One right row, and one for each way to be wrong, with values that a spreadsheet would run.
ROWS = [
    ["E1", "Zoë", "A", "1"],
    ["E2", '=HYPERLINK("http://x","y")', "-5", "9"],
    ["", " +44 24", "@a", "1"],
]


def test_every_kind_imports_and_a_second_time_changes_nothing(
    council: str, run: Run, tmp_path: Path
) -> None:
    make_pilot(council)
    files = {
        "people": (["external_id", "team"], ["E1", "A"]),
        "members": (["person_external_id", "arm"], ["E1", "pilot"]),
        "absences": (["person_external_id", "starts_on"], ["E1", "2024-05-01"]),
        "licence-activity": (
            ["product", "person_external_id", "period_starts_on", "source"],
            ["Copilot", "E1", "2024-05-01", "test"],
        ),
        "time-samples": (
            ["person_external_id", "category", "started_at", "minutes", "method", "source"]
            + ["source_ref"],
            ["E1", "visit", "2024-05-01T09:00:00+01:00", "60", "diary", "test", "s1"],
        ),
        # Anonymous, and without a name of its own: known by its place in the file.
        "feedback": (["week_starts_on", "satisfaction"], ["2024-05-06", "4"]),
    }
    assert set(files) == {kind.name for kind in KINDS}
    for kind, (header, row) in files.items():
        path = write_csv(tmp_path / f"{kind}.csv", header, row)
        pilot = ("--pilot", "SOCIAL") if kind in ("members", "time-samples", "feedback") else ()
        for expected in ([1, 0, 0, 0], [0, 0, 1, 0]):
            ran = run(council, "import", kind, str(path), *pilot)
            assert (ran.status, counts(ran, kind)) == (0, expected), ran.err
            assert "Importing" in ran.err
    batches = rows_of(council, "SELECT origin, accepted, duplicates FROM import_batch ORDER BY id")
    assert [batch[0] for batch in batches] == [f"{kind}.csv" for kind in files for _ in range(2)]


def test_rejected_rows_are_mended_and_fed_again(council: str, run: Run, tmp_path: Path) -> None:
    path, rejected = write_csv(tmp_path / "hr.csv", HEADER, *ROWS), tmp_path / "rejected.csv"
    ran = run(council, "import", "people", str(path), "--rejected", str(rejected))
    assert (ran.status, counts(ran, "people")) == (3, [1, 0, 0, 2])
    assert "row 2 /fte" in ran.err
    assert "HYPERLINK" not in ran.err + ran.out
    assert str(rejected) in ran.err
    assert stat.S_IMODE(rejected.stat().st_mode) == 0o600
    first, second = read_csv(rejected)
    assert (first["_row"], first["_field"], first["_code"]) == ("2", "fte", "out_of_range")
    assert (second["_row"], second["_field"]) == ("3", "external_id")
    assert [first[name] for name in HEADER] == ["E2", "'" + ROWS[1][1], "-5", "9"]
    assert [second[name] for name in HEADER] == ["", "' +44 24", "'@a", "1"]
    # As it is, it is rejected for the same reasons and as it was.
    again = tmp_path / "again.csv"
    ran = run(council, "import", "people", str(rejected), "--rejected", str(again))
    assert ran.status == 3
    assert [{**row, "_row": ""} for row in read_csv(again)] == [
        {**row, "_row": ""} for row in read_csv(rejected)
    ]
    rows = read_csv(again)
    mended = [{**row, "fte": "1", "external_id": row["external_id"] or "E3"} for row in rows]
    write_csv(again, list(first), *(list(row.values()) for row in mended))
    ran = run(council, "import", "people", str(again), "--rejected", str(rejected))
    assert (ran.status, counts(ran, "people")) == (0, [2, 0, 0, 0])
    assert rejected.read_text("utf-8-sig").split(",")[0] == "_row"
    assert read_csv(rejected) == [], "what it holds is about the last import"
    assert rows_of(council, PEOPLE) == [
        ("E1", "Zoë", "A"),
        ("E2", ROWS[1][1], "-5"),
        ("E3", "+44 24", "@a"),
    ]


def test_every_rejected_row_is_written_and_not_the_listed_ones_alone(
    council: str, run: Run, tmp_path: Path
) -> None:
    rows = [[f"E{n}", "" if n % 100 else "fte", "", "0"] for n in range(10_100)]
    path, rejected = write_csv(tmp_path / "hr.csv", HEADER, *rows), tmp_path / "rejected.csv"
    ran = run(council, "import", "people", str(path), "--rejected", str(rejected))
    assert (ran.status, counts(ran, "people")) == (3, [0, 0, 0, 10_100])
    written = read_csv(rejected)
    assert [row["external_id"] for row in written] == [row[0] for row in rows]
    assert [int(row["_row"]) for row in written] == list(range(1, 10_101))
    assert "and 10080 more" in ran.err


@pytest.mark.parametrize("ending", [".ndjson", ".jsonl", ".json", ".ndjson.gz", ".csv.gz"])
def test_every_format_gives_its_rejected_rows_back(
    council: str, run: Run, tmp_path: Path, ending: str
) -> None:
    rows: list[dict[str, Any]] = [
        {"external_id": "E1"},
        {"external_id": "E2", "fte": 9, "team": "=1"},
        {"external_id": "E3", "fte": 0.50},
    ]
    if "csv" in ending:
        body = "external_id,fte,team\r\nE1,,\r\nE2,9,=1\r\nE3,0.50,\r\n"
    elif ending == ".json":
        body = json.dumps({"items": rows})
    else:
        body = "\n".join([*map(json.dumps, rows), "", "[1]", '{"external_id": 5}', ""])
    content = body.encode()
    path = tmp_path / f"hr{ending}"
    path.write_bytes(gzip.compress(content, mtime=0) if ending.endswith(".gz") else content)
    rejected = tmp_path / ("rejected.csv" if "csv" in ending else "rejected.ndjson")
    ran = run(council, "import", "people", str(path), "--rejected", str(rejected))
    assert ran.status == 3, ran.err
    if "csv" in ending:
        mend(rejected, fte="1")
    else:
        found = [json.loads(line) for line in rejected.read_text().splitlines()]
        assert found[0].items() >= {"_row": 2, "_field": "fte", **rows[1]}.items()
        if ending != ".json":
            assert (found[1]["_row"], found[1]["_text"]) == (4, "[1]")
            assert found[2].items() >= {"_row": 5, "external_id": 5}.items()
        lines = [json.dumps({**found[0], "fte": 1})]
        rejected.write_text("\n".join(lines) + "\n")
    ran = run(council, "import", "people", str(rejected))
    assert (ran.status, counts(ran, "people")) == (0, [1, 0, 0, 0]), ran.err
    assert rows_of(council, PEOPLE)[1] == ("E2", None, "=1")


def test_a_dry_run_and_an_atomic_one_write_nothing(council: str, run: Run, tmp_path: Path) -> None:
    path, rejected = write_csv(tmp_path / "hr.csv", HEADER, *ROWS), tmp_path / "rejected.csv"
    words = ("import", "people", str(path), "--rejected", str(rejected))
    dry = run(council, *words, "--dry-run")
    assert (dry.status, counts(dry, "people"), "dry run" in dry.out) == (3, [1, 0, 0, 2], True)
    assert len(read_csv(rejected)) == 2
    rejected.unlink()
    whole = run(council, *words, "--atomic")
    assert (whole.status, "nothing was written" in whole.out) == (1, True)
    assert "row 2 /fte" in whole.err
    assert len(read_csv(rejected)) == 2
    assert rows_of(council, PEOPLE) == []
    assert rows_of(council, "SELECT 1 FROM import_batch") == []
    right = write_csv(tmp_path / "right.csv", HEADER, ROWS[0])
    assert run(council, "import", "people", str(right), "--dry-run", "--atomic").status == 0
    assert rows_of(council, PEOPLE) == []
    assert run(council, "import", "people", str(right), "--atomic").status == 0
    assert len(rows_of(council, PEOPLE)) == 1


@pytest.mark.parametrize(
    ("name", "content", "words", "named"),
    [
        ("hr.csv", None, (), "no file"),
        ("hr.xlsx", b"x", (), "must end in"),
        ("hr.csv", b"nothing,known\r\n1,2\r\n", (), "header"),
        ("hr.csv", b"external_id,_row,shoe\r\nE1,1,1\r\n", (), "shoe"),
        ("hr.csv", b"external_id,_surname\r\nE1,x\r\n", (), "_surname"),
        ("hr.ndjson", b'{"external_id": "E1"', (), "middle of a row"),
        ("hr.csv", b"external_id\r\nE1\r\n", ("--rejected", "/"), "must end in .csv"),
        ("hr.csv", b"external_id\r\nE1\xff\r\n", (), "UTF-8"),
        ("hr.csv", b'external_id\r\n"E1', (), "not valid CSV"),
        ("hr.csv.gz", gzip.compress(b"external_id\r\nE1\r\n", mtime=0)[:-9], (), "gzip"),
        ("hr.json", b'{"items": [', (), "JSON"),
        ("hr.ndjson", b'{"external_id": "E1"}\n{"external', (), "middle of a row"),
        ("hr.csv", b"external_id\r\nE1\r\n", ("--organisation", "Nowhere"), "Nowhere"),
        ("hr.csv", b"external_id\r\nE1\r\n", ("--mapping", "none"), "no such mapping"),
        ("hr.csv", b"external_id\r\nE1\r\n", ("--mapping", "itrent"), "another kind"),
        ("hr.csv", b"external_id\r\nE1\r\n", ("--rejected", "no/such/r.csv"), "cannot be written"),
        ("hr.csv", b"external_id\r\nE1\r\n", ("--rejected", "r.ndjson"), "must end in .csv"),
        ("hr.csv", b"external_id\r\nE1\r\n", ("--rejected", "hr.csv"), "would be lost"),
        ("hr.ndjson", b'{"external_id": "E1"}\n', ("--mapping", "itrent"), "another kind"),
    ],
)
def test_what_is_wrong_as_a_whole_writes_nothing(
    council: str,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    content: bytes | None,
    words: tuple[str, ...],
    named: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path(name).write_bytes(content)
    ran = run(council, "import", "people", name, *words)
    assert (ran.status, named in ran.err) == (1, True), ran.err
    assert "Traceback" not in ran.err
    assert rows_of(council, PEOPLE) == []
    assert [path.name for path in tmp_path.iterdir() if "rejected" in path.name] == []
    assert content is None or Path(name).read_bytes() == content


def test_a_file_that_breaks_off_leaves_the_rejected_rows_of_before(
    council: str, run: Run, tmp_path: Path
) -> None:
    rejected = tmp_path / "rejected.csv"
    rejected.write_text("of before")
    path = write_csv(tmp_path / "hr.csv", HEADER, *ROWS)
    path.write_bytes(path.read_bytes() + b"E9,cut")
    ran = run(council, "import", "people", str(path), "--rejected", str(rejected))
    assert (ran.status, "middle of a row" in ran.err) == (1, True)
    assert rejected.read_text() == "of before"
    assert sorted(each.name for each in tmp_path.iterdir() if "rejected" in each.name) == [
        "rejected.csv"
    ]


def test_samples_say_what_will_not_count_and_how_to_take_them_back(
    council: str, run: Run, tmp_path: Path
) -> None:
    make_pilot(council)
    staff(run, council, tmp_path, ["E1"])
    header = ["person_external_id", "category", "started_at", "minutes", "method", "source"]
    row = ["E1", "V9", "01/05/2024 09:00", "60", "diary", "test"]
    path = write_csv(tmp_path / "week.csv", [*header, "source_ref"], [*row, "s1"])
    words = ("import", "time-samples", str(path), "--pilot")
    notation = ("--date-format", "dmy", "--zone", "Europe/London")
    ran = run(council, *words, "SOCIAL", *notation)
    assert ran.status == 0, ran.err
    uncounted = dict(re.findall(r"│ (\w[\w ]*?) +│ +(\d+) │", ran.out))
    assert uncounted.items() >= {"outside members": "1", "unmapped": "1"}.items()
    ((batch,),) = rows_of(
        council, "SELECT CAST(id AS VARCHAR) FROM import_batch WHERE kind = 'time_samples'"
    )
    printed = re.search(r"import-batches/([0-9a-f-]+)/undo", ran.out)
    assert printed is not None
    assert printed.group(1).replace("-", "") == batch.replace("-", "")
    for wrong, status in ((("NONE", *notation), 1), (("SOCIAL", "--zone", "Mars"), 1)):
        assert run(council, *words, *wrong).status == status
    assert run(council, *words, "SOCIAL", "--date-format", "guess").status == 2
    assert run(council, *words, "SOCIAL").status == 3, "nothing is guessed"


def test_json_is_read_whole_and_so_has_a_limit(council: str, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "hr.json"
    path.write_text(json.dumps({"items": [{"external_id": f"E{n}"} for n in range(100)]}))
    limit = {"PILOTLIGHT_MAX_BULK_JSON_BYTES": "1024"}
    ran = run(council, "import", "people", str(path), settings=limit)
    assert (ran.status, "larger than 1024 bytes" in ran.err) == (1, True)
    assert run(council, "import", "people", str(path)).status == 0


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".ndjson"])
def test_the_bar_moves_with_the_bytes_that_are_read(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"[b]hr{ending}"
    row = "E{n},Somebody" if "csv" in ending else '{{"external_id": "E{n}", "team": "x"}}'
    body = "external_id,display_name\r\n" if "csv" in ending else ""
    body += "".join(row.format(n=n) + "\r\n" for n in range(25_000))
    content = body.encode()
    path.write_bytes(gzip.compress(content, mtime=0) if ending.endswith(".gz") else content)
    places: list[int] = []
    chunks = list(RowFile.at(path).chunks(PersonRow, None, 1, places.append))
    assert [len(chunk) for chunk in chunks] == [5_000] * 5
    assert places == sorted(places)
    assert places[0] < places[-1] / 3
    assert 0.99 * path.stat().st_size <= places[-1] <= path.stat().st_size


def test_the_help_says_what_the_exit_status_means(run: Run) -> None:
    for kind in KINDS:
        shown = " ".join(run("sqlite:///none.db", "import", kind.name, "--help").out.split())
        assert "Exit status: 0" in shown
        assert "3 some rows were rejected" in shown
