"""Workbooks: the figures of the API, one a row, and nothing in them that a spreadsheet runs."""

import io
import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import openpyxl
import pytest
from fastapi import FastAPI
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.access.permissions import Role
from app.dashboard.places import figures_in, sections
from app.dashboard.workbooks.contents import Making, Sheet
from app.dashboard.workbooks.writing import XLSX, written
from tests.council import Council, found, good, problem
from tests.snapshots import observed, published

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
MAKING = Making("A council", is_simulated=False, made_at=datetime(2026, 1, 5, tzinfo=UTC))
SHEETS = [
    *("headline", "figures", "weekly", "criteria", "benefits", "decisions"),
    *("missing", "output_audits", "gate_overrides", "definitions", "about"),
]


def opened(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content))


def table(book: Any, name: str) -> list[dict[str, Any]]:
    """The rows of a sheet by its column names."""
    head, *rows = book[name].iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


async def fetched(client: httpx.AsyncClient, path: str) -> Any:
    """The workbook of a pilot, as another program reads it."""
    answer = await client.get(f"{path}/workbook")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == XLSX
    book = opened(answer.content)
    assert book.sheetnames == SHEETS
    return book


def is_as_sent(row: dict[str, Any], figure: dict[str, Any]) -> bool:
    """Whether a row holds a figure as the API sends it, with all that qualifies it."""
    interval, money = figure.get("interval") or {}, figure.get("money") or {}
    sent = {
        **{name: figure.get(name) for name in ("slug", "numerator", "denominator", "people")},
        **{name: figure[name] for name in ("suppressed", "evidence_tier", "definition_version")},
        **{name: interval.get(name) for name in ("low", "high", "method")},
        "confidence": interval.get("level"),
        "value": figure["counts"][row["part"]] if "counts" in figure else figure["value"],
        "amount": float(money["amount"]) if money else None,
        "currency": money.get("currency"),
        "reason": figure.get("reason"),
        "flags": " ".join(flag["code"] for flag in figure["flags"]) or None,
        **{name: datetime.fromisoformat(day) for name, day in figure["window"].items()},
    }
    for name, value in sent.items():
        # A spreadsheet keeps sixteen digits.
        close = isinstance(value, float) and math.isclose(row[name], value, rel_tol=1e-14)
        assert close or row[name] == value, name
    return True


async def test_every_cell_is_what_the_api_answers(council: Council) -> None:
    client = await council.admin()
    path = await observed(client)
    snapshot = await published(client, path)
    book = await fetched(client, path)
    card = good(await client.get(f"{path}/scorecard"))
    spent = good(await client.get(f"{path}/metrics/time-use"))
    said = good(await client.get(f"{path}/metrics/feedback"))
    used = good(await client.get(f"{path}/metrics/adoption"))
    sent = [
        (section, place, figure)
        for section, answer in sections(card, spent).items()
        for place, figure in figures_in(answer)
        for _ in figure.get("counts", "1")
    ]
    rows = table(book, "figures")
    assert len(rows) == len(sent) > 60
    for row, (section, place, figure) in zip(rows, sent, strict=True):
        assert (row["section"], row["place"] or "") == (section, place)
        assert is_as_sent(row, figure)
    assert {row["currency"] for row in rows if row["amount"] is not None} == {"GBP"}
    weekly = table(book, "weekly")
    for section, answer in (("time_use", spent), ("adoption", used), ("feedback", said)):
        own = [row for row in weekly if row["section"] == section]
        figures = [
            (week["starts_on"], figure)
            for week in answer["weekly"]
            for _, figure in figures_in(week)
            for _ in figure.get("counts", "1")
        ]
        for row, (monday, figure) in zip(own, figures, strict=True):
            assert row["week"] == datetime.fromisoformat(monday)
            assert is_as_sent(row, figure)
    before, during, change, *_ = table(book, "headline")
    assert [before["ratio"], during["ratio"]] == list(card["headline"]["ratio"].values())
    assert [before["ratio_low"], before["ratio_high"]] == card["headline"]["ratio_interval"][
        "baseline"
    ]
    assert is_as_sent(before, spent["baseline"]["admin_share"])
    assert is_as_sent(during, spent["pilot"]["admin_share"])
    assert change["verdict"] == card["headline"]["verdict"]
    assert [row["code"] for row in table(book, "missing")] == [g["code"] for g in card["missing"]]
    assert [(row["target"], row["result"]) for row in table(book, "criteria")] == [
        (each["target"], each["result"]) for each in card["criteria"]
    ]
    about = {row["what"]: row["is"] for row in table(book, "about")}
    assert about["its fingerprint"] == snapshot["fingerprint"]
    assert about["pilot"] == card["name"]
    assert "SIMULATED DATA" not in about


@ONE
async def test_what_is_withheld_is_blank(council: Council) -> None:
    admin = await council.admin()
    path = await observed(admin)
    few = {"minimum_group_size": 10}
    good(await admin.patch("/organisation", json=few, headers={"If-Match": "*"}))
    analyst = await council.as_role(Role.ANALYST)
    book = await fetched(analyst, path)
    told = [row for name in ("figures", "weekly") for row in table(book, name)]
    withheld = [row for row in told if row["suppressed"]]
    assert len(withheld) > 60
    hidden = ("value", "amount", "low", "high", "numerator", "denominator", "people")
    assert {row[name] for row in withheld for name in hidden} == {None}
    card = good(await analyst.get(f"{path}/scorecard"))
    spent = good(await analyst.get(f"{path}/metrics/time-use"))
    for section, answer in sections(card, spent).items():
        own = [row for row in table(book, "figures") if row["section"] == section]
        sent = [f["suppressed"] for _, f in figures_in(answer) for _ in f.get("counts", "1")]
        assert [row["suppressed"] for row in own] == sent


@ONE
async def test_who_may_not_read_figures_has_no_workbook(
    app: FastAPI, council: Council, other_council: Council
) -> None:
    path = await observed(await council.admin())
    governance = await council.as_role(Role.INFORMATION_GOVERNANCE)
    problem(await governance.get(f"{path}/workbook"), 403, "scope_missing")
    stranger = await other_council.admin()
    problem(await stranger.get(f"{path}/workbook"), 404, "not_found")
    simulated = await found(app, "=1+1", is_simulated=True)
    client = await simulated.admin()
    own = await observed(client, code="SIM")
    answer = await client.get(f"{own}/workbook")
    assert (
        answer.headers["content-disposition"] == 'attachment; filename="simulated-SIM-figures.xlsx"'
    )
    book = opened(answer.content)
    about = {row["what"]: row["is"] for row in table(book, "about")}
    assert "SIMULATED DATA" in about
    assert all("SIMULATED" in sheet.oddHeader.right.text for sheet in book)
    cells = [cell for row in book["about"].iter_rows() for cell in row if cell.value == "=1+1"]
    assert [cell.data_type for cell in cells] == ["s"]
    await simulated.close()


@settings(deadline=None)
@given(st.text(alphabet="=+-@\t'{}<>/r&x1_A:.", max_size=12))
@example("=1+1")
@example("+1")
@example("-1")
@example("@SUM(A1)")
@example("{=1+1}")
@example("http://x.test")
@example("mailto:x@x.test")
@example("internal:about!A1")
@example("5")
@example("<r><t>x</t></r>")
@example("<r></si><f>1</f></r>")
def test_text_is_read_back_as_the_same_text(text: str) -> None:
    book = opened(written([Sheet("about", ("what",), ((text,), (Decimal("0.10"),)))], MAKING))
    cell = book["about"]["A2"]
    if text:
        assert cell.data_type == "s"
        assert cell.hyperlink is None
        # A line end within a cell is a line end; a space after markup is ours.
        assert cell.value.removesuffix(" ") == text
        assert cell.quotePrefix == text.startswith(tuple("=+-@\t"))
    assert (book["about"]["A3"].data_type, book["about"]["A3"].value) == ("n", 0.1)
