"""The evaluation report: the API's figures in a committee's order, on paper as well."""

import asyncio
import json
import sys
from threading import Event
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from app.access.permissions import Role
from app.core.errors import Unavailable
from app.dashboard import assets
from app.dashboard.places import figures_in, sections
from app.dashboard.reports import contents, printing
from app.dashboard.wording import METRICS
from tests import pages
from tests.council import Council, found, good, pilot
from tests.pages import reader
from tests.snapshots import observed, published

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
PARTS = [
    "1. What was tried",
    "2. With whom",
    "3. What changed, and how sure that is",
    "4. What staff said",
    "5. Quality of what the AI wrote",
    "6. Costs and benefits",
    "7. What we do not know",
    "8. Criteria and decision",
    "9. What the figures mean",
]
SHOWN = {
    "time_use": ("admin_share", "admin_share_change", "admin_share_effect"),
    "licences": ("committed_cost", "idle_cost", "cost_per_active_user"),
    "feedback": ("response_rate", "satisfaction_mean", "self_report_gap", "quality_improved_rate"),
    "adoption": ("adoption_rate", "retention_rate"),
}


def raw(figure: dict[str, Any]) -> str:
    return figure["money"]["amount"] if figure.get("money") else json.dumps(figure["value"])


@ONE
async def test_a_report_tells_in_order_what_the_api_answers(app: FastAPI, council: Council) -> None:
    admin = await council.admin()
    criteria = [{"metric": "adoption_rate", "comparator": ">=", "target": 0.5}]
    path = await observed(admin, success_criteria=criteria, tool="<b>Recorder</b>")
    steps = f"{path}/transitions"
    for step in ("planned", "running", "completed"):
        good(await admin.post(steps, json={"to": step}), 201)
    reason = {"to": "decided", "reason": "Kept for two teams."}
    good(await admin.post(steps, json=reason), 201)
    snapshot = await published(admin, path)
    browser = await reader(app, council, Role.ADMIN)
    answer = await browser.get(f"/dashboard{path}/report")
    page = pages.read(answer)
    assert [text for tag, text in page.headings if tag == "h2"] == ["Contents", *PARTS]
    assert len(answer.content) < 300_000
    card = good(await browser.get(f"/api/v1{path}/scorecard"))
    spent = good(await browser.get(f"/api/v1{path}/metrics/time-use"))
    for section, of in sections(card, spent).items():
        for _, figure in figures_in(of):
            if figure["slug"] in SHOWN[section] and figure["value"] is not None:
                places = answer.text.split(f"/figures/{figure['slug']}")[1:]
                around = [each[:900] for each in places]
                told = next(e for e in around if f'<data value="{raw(figure)}">' in e)
                assert f"tier {figure['evidence_tier']} of 5" in told
                assert not figure["interval"] or "95% interval: " in told
                assert not figure["people"] or f"<li>{figure['people']} people</li>" in told
    headline = card["headline"]
    for phase in ("baseline", "pilot"):
        assert headline["ratio"][phase] in page.text
        assert f"({' to '.join(headline['ratio_interval'][phase])})" in page.text
    for sentence in [each["sentence"] for each in (*card["missing"], *card["criteria"])]:
        assert sentence in page.text
    for text in (snapshot["fingerprint"], "Kept for two teams.", "<b>Recorder</b>"):
        assert text in page.text
    assert "Cashable saving so far: none." in page.text
    assert "Nothing is recorded. Nobody has yet held what the tool wrote" in page.text
    linked = {href for href, _ in page.links}
    assert f"/api/v1{path}/workbook" in linked
    assert (await browser.get(f"/api/v1{path}/workbook")).status_code == 200
    await browser.close()


@ONE
async def test_a_report_says_what_it_cannot_know(app: FastAPI, council: Council) -> None:
    admin = await council.admin()
    path = await observed(admin)
    few = {"minimum_group_size": 10}
    good(await admin.patch("/organisation", json=few, headers={"If-Match": "*"}))
    browser = await reader(app, council, Role.ANALYST)
    page = pages.read(await browser.get(f"/dashboard{path}/report"))
    assert set(page.withheld) == {"Withheld"}
    assert "so few people stand behind these figures" in page.text.replace("So few", "so few")
    card = good(await browser.get(f"/api/v1{path}/scorecard"))
    spent = good(await browser.get(f"/api/v1{path}/metrics/time-use"))
    every = [f for of in sections(card, spent).values() for _, f in figures_in(of)]
    limits = contents.limits(card, spent)
    assert set(limits.withheld) == {METRICS[f["slug"]].title for f in every if f["suppressed"]}
    assert {c.sentence for c in limits.caveats} == {
        g["sentence"] for f in every for g in f["flags"]
    }
    for text in (*limits.withheld, *(caveat.sentence for caveat in limits.caveats)):
        assert text in page.text
    assert "None are published" in page.text
    assert "None is recorded. The pilot is draft." in page.text
    assert "None were set" in page.text
    await browser.close()


@ONE
async def test_where_no_pdf_can_be_made_none_is_offered(
    app: FastAPI, council: Council, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulated = await found(app, "Simulated Council", is_simulated=True)
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    printing.is_offered.cache_clear()
    try:
        for owner, kind in ((council, "report"), (simulated, "report simulated-report")):
            address = f"/dashboard/pilots/{await pilot(await owner.admin())}/report"
            browser = await reader(app, owner, Role.ADMIN)
            answer = await browser.get(address)
            # By this every sheet of paper is marked.
            assert f'<body class="{kind}">' in answer.text
            assert not [href for href, _ in pages.read(answer).links if href.endswith(".pdf")]
            assert (await browser.get(f"{address}.pdf")).status_code == 404
            await browser.close()
    finally:
        monkeypatch.undo()
        printing.is_offered.cache_clear()
        await simulated.close()


@ONE
async def test_a_report_is_a_pdf_that_loads_nothing_but_our_styles(
    app: FastAPI, council: Council, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not printing.is_offered():
        pytest.skip("WeasyPrint or Pango is not installed: no report as PDF")
    number = await pilot(await council.admin())
    browser = await reader(app, council, Role.ADMIN)
    loaded: list[str] = []
    content = assets.content

    def noted(name: str) -> tuple[bytes, str]:
        loaded.append(name)
        return content(name)

    monkeypatch.setattr(assets, "content", noted)
    address = f"/dashboard/pilots/{number}/report"
    page = pages.read(await browser.get(address))
    assert f"{address}.pdf" in {href for href, _ in page.links}
    answer = await browser.get(f"{address}.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert {name.partition(".")[0] for name in loaded} == {"dashboard", "report"}
    assert (await browser.get(f"/dashboard/pilots/{uuid4()}/report.pdf")).status_code == 404
    await browser.close()


async def test_one_pdf_is_made_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    began, may_end = Event(), Event()

    def slow(page: str, _: str) -> bytes:
        began.set()
        assert may_end.wait(10)
        return page.encode()

    monkeypatch.setattr(printing, "_made", slow)
    first = asyncio.create_task(printing.pdf(b"first", "http://x.test"))
    await asyncio.to_thread(began.wait, 10)
    with pytest.raises(Unavailable):
        await printing.pdf(b"second", "http://x.test")
    may_end.set()
    assert await first == b"first"
    assert await printing.pdf(b"third", "http://x.test") == b"third"
