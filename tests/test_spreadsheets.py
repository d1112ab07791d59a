"""Cells that a spreadsheet does not run, and that are read back as they were."""

import csv
import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.core.bulk.results import RowError
from app.core.bulk.spreadsheets import guarded, unguarded, without_remarks

# Of what formulas begin with and hide behind, more often than chance would have it.
_TEXTS = st.one_of(st.text(max_size=12), st.text(alphabet="'=+-@\t\r\n ＝5.0a\xa0\x00", max_size=8))
_NUMBER = re.compile(r"-[0-9.]+")


@given(_TEXTS)
@example("'=1")
@example("''=1")
@example("'-5")
@example("-5")
def test_what_is_written_is_read_back(value: str) -> None:
    assert unguarded(guarded(value)) == value


@given(_TEXTS)
def test_no_cell_begins_a_formula(value: str) -> None:
    cell = guarded(value)
    if _NUMBER.fullmatch(cell):
        assert float(cell) <= 0, "a number, and nothing to run"
    else:
        assert cell.lstrip()[:1] not in {*"=+-@＝＋－＠"}
        assert cell[:1] not in {*"\t\r\n"}


@given(_TEXTS)
def test_what_a_guard_does_to_a_cell_it_does_once(value: str) -> None:
    """A file is read, written and read again as often as somebody likes."""
    assert guarded(unguarded(guarded(value))) == guarded(value)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'),
        ("  =1+1", "'  =1+1"),
        ("\t=1", "'\t=1"),
        ("\rnote", "'\rnote"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+44 24 7683 3333", "'+44 24 7683 3333"),
        ("-5", "-5"),
        ("-0.25", "-0.25"),
        ("-5+cmd|' /C calc'!A0", "'-5+cmd|' /C calc'!A0"),
        ("-05", "'-05"),
        ("-5\n", "'-5\n"),
        ("-", "'-"),
        ("O'Brien", "O'Brien"),
        ("'tis", "'tis"),
        ("", ""),
    ],
)
def test_examples(value: str, cell: str) -> None:
    assert guarded(value) == cell
    assert unguarded(cell) == value


@given(st.lists(st.lists(_TEXTS.filter(lambda t: "\x00" not in t), min_size=2, max_size=2)))
def test_a_file_gives_its_values_without_its_remarks(rows: list[list[str]]) -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["_row", "a", "_why", "b"])
    writer.writerows([str(n), guarded(a), "=why", guarded(b)] for n, (a, b) in enumerate(rows))
    records = csv.reader(io.StringIO(out.getvalue(), newline=""), strict=True)
    assert list(without_remarks(iter(records))) == [["a", "b"], *rows]


def test_a_column_of_a_file_of_another_making_is_not_lost() -> None:
    assert list(without_remarks(iter([["_id", "a"], ["1", "x"]]))) == [["_id", "a"], ["1", "x"]]


def test_a_row_with_other_cells_than_the_header_is_one_still() -> None:
    records = iter([["_row", "a", "b"], ["1", "x"], [], ["1", "x", "y", "z"]])
    header, short, blank, long = without_remarks(records)
    assert (header, blank) == (["a", "b"], [])
    for error, cells in ((short, 2), (long, 4)):
        assert isinstance(error, RowError)
        assert (error.code, f"{cells} cells" in error.detail) == ("wrong_number_of_cells", True)
