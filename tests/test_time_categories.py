"""Where recorded time went, by category: recomputed by hand, and withheld from who may not see the people."""

import json
from collections import defaultdict
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st

from app.access.permissions import Role
from app.metrics.time_categories.calculation import lines_of
from app.metrics.time_categories.withholding import Told, part_of, withheld
from app.time_use.taxonomies.built_in import SOCIAL_CARE
from app.time_use.taxonomies.models import WorkClass
from tests import pages
from tests.council import Council, good, people, pilot
from tests.feedback import lead_of
from tests.forms import as_json
from tests.pages import reader
from tests.test_share_statistics import plain_logit
from tests.time_use import example, member_of, needs_the_file, pilot_of, read, record, recorded

LONDON = ZoneInfo("Europe/London")
LINES = lines_of(SOCIAL_CARE.categories)
Lines = dict[str | None, dict[str, Any]]
# It goes by HTTP, and what is withheld is decided after everything is read: one kind of database is enough.
one_database = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


async def categories(client: httpx.AsyncClient, path: str, query: str = "") -> Lines:
    answer = good(await client.get(f"{path}/metrics/time-use/categories{query}"))
    return {line["code"]: line for line in answer["categories"]}


def _by_hand(worked: dict[str, Any]) -> dict[tuple[str, str], dict[str, dict[str, float]]]:
    """Minutes by arm and window, category and person, added up from the rows of the worked example."""
    arms = {member["person_external_id"]: member["arm"] for member in worked["members"]}
    found: dict[tuple[str, str], dict[str, dict[str, float]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(float))
    )
    for row in worked["samples"]:
        day = datetime.fromisoformat(row["started_at"]).astimezone(LONDON).date()
        for phase, prefix in (("baseline", "baseline_"), ("pilot", "")):
            first, after = (
                date.fromisoformat(worked["pilot"][f"{prefix}{end}_on"])
                for end in ("starts", "ends")
            )
            if first <= day < after:
                who = row["person_external_id"]
                found[arms[who], phase][row["category"]][who] += row["minutes"]
    return found


@needs_the_file
async def test_the_worked_example_by_hand(council: Council) -> None:
    admin, worked = await council.admin(), example()
    await people(admin, *(member["person_external_id"] for member in worked["members"]))
    path = f"/pilots/{await pilot(admin, *worked['members'], **worked['pilot'])}"
    good(await admin.post(f"{path}/time-samples/bulk", **as_json(worked["samples"])))
    found = await categories(await lead_of(council, path, "SW01"), path)
    minutes = _by_hand(worked)
    for (arm, phase), spent in minutes.items():
        everybody = sorted({who for of in spent.values() for who in of})
        wholes = [sum(of.get(who, 0) for of in spent.values()) for who in everybody]
        shares = {
            code: (line if arm == "pilot" else line["comparison"])[phase]
            for code, line in found.items()
        }
        for code, of in spent.items():
            share, parts = shares[code], [of.get(who, 0) for who in everybody]
            assert (share["numerator"], share["denominator"]) == (sum(parts), sum(wholes))
            assert share["value"] == pytest.approx(sum(parts) / sum(wholes), abs=1e-9)
            ends = plain_logit(parts, wholes, is_hc3=False)
            assert (share["interval"]["low"], share["interval"]["high"]) == pytest.approx(ends)
            assert (share["slug"], share["evidence_tier"]) == ("category_share", 2)
            assert (share["people"], share["interval"]["method"]) == (6, "jackknife_logit")
        assert sum(shares[c]["value"] for c in found if found[c]["class"] != "excluded") == (
            pytest.approx(1)
        )
    expected, admin_codes = (
        worked["expected"],
        [c for c, k in worked["classes"].items() if k == "admin"],
    )
    for phase in ("baseline", "pilot"):
        told = sum(found[code][phase]["numerator"] for code in admin_codes)
        assert told == expected[phase]["numerator"]
    change = found["visit"]["change"]
    before, after = (found["visit"][phase]["value"] for phase in ("baseline", "pilot"))
    assert change["value"] == pytest.approx(after - before)
    assert change["interval"]["low"] < change["value"] < change["interval"]["high"]
    assert (change["people"], change["evidence_tier"]) == (6, 3)


@one_database
async def test_what_is_mapped_to_nothing_and_what_is_no_work(council: Council) -> None:
    window = {"baseline_starts_on": None, "baseline_ends_on": None}
    admin, path = await pilot_of(council, [member_of(1), member_of(2)], **window)
    rows = [
        recorded(1, "2024-03-04", "case_notes", 30),
        recorded(1, "2024-03-04", "visit", 45),
        recorded(2, "2024-03-05", "X-99", 15),
        recorded(2, "2024-03-05", "visit", 10),
        recorded(2, "2024-03-06", "leave", 100),
    ]
    await record(admin, path, rows)
    lead = await lead_of(council, path)
    found = await categories(lead, path)
    assert [line.code if line else None for line in LINES] == list(found)
    assert (found[None]["class"], found[None]["name"]) == (None, "Not mapped to a category")
    amounts = {c: f["pilot"]["numerator"] for c, f in found.items() if f["pilot"]["numerator"]}
    assert amounts == {"case_notes": 30, "visit": 55, None: 15, "leave": 100}
    leave = found["leave"]["pilot"]
    assert (leave["slug"], leave["denominator"]) == ("excluded_category_share", 200)
    assert found["visit"]["pilot"]["denominator"] == 100
    assert found["forms"]["pilot"]["value"] == 0
    assert "degenerate" in [flag["code"] for flag in found["forms"]["pilot"]["flags"]]
    assert "unmapped_time" in [flag["code"] for flag in found["visit"]["pilot"]["flags"]]
    assert (
        found["visit"]["baseline"]["reason"] == found["visit"]["change"]["reason"] == "no_baseline"
    )
    assert found["visit"]["comparison"] is None
    some = await categories(lead, path, "?starts_on=2024-03-05&ends_on=2024-03-06")
    assert some["visit"]["pilot"]["numerator"] == 10
    # One person's share alone has no interval, and one of a window without samples no value.
    assert some["visit"]["pilot"]["interval"] is None
    none = await categories(lead, path, "?starts_on=2024-03-20&ends_on=2024-03-21")
    assert none["visit"]["pilot"]["reason"] == "no_time_recorded"


async def _of_twelve(council: Council) -> tuple[httpx.AsyncClient, str]:
    """Twelve people: all record case notes and visits, 2 e-mail, 2 liaison, 2 codes that mean nothing, 6 travel."""
    admin, path = await pilot_of(council, [member_of(n) for n in range(1, 13)])
    some = {"email_scheduling": 2, "liaison": 2, "X-99": 2, "travel": 6, "leave": 2}
    rows = [
        recorded(n, day, category, 20 + n)
        for day in ("2024-02-06", "2024-03-05")
        for category, count in {"case_notes": 12, "visit": 12, "forms": 7, **some}.items()
        for n in range(1, 13)
        if n <= count
    ]
    await record(admin, path, rows)
    return admin, path


@one_database
async def test_what_few_recorded_does_not_follow_from_other_figures(council: Council) -> None:
    admin, path = await _of_twelve(council)
    found, spent = await categories(admin, path), await read(admin, path)
    for phase in ("baseline", "pilot"):
        gone = {code for code, line in found.items() if line[phase]["suppressed"]}
        # Admin less case notes would be e-mail and forms: forms go along. Of direct work nothing is hidden.
        assert gone == {"email_scheduling", "forms", "liaison", "travel", None, "leave", "break"}
        assert all(found[code]["change"]["suppressed"] for code in gone)
        assert found["visit"][phase]["people"] == 12
        # Recording, indirect work and unmapped time of few people follow from these.
        assert spent["variants"]["strict"][phase]["suppressed"]
        assert spent["variants"]["broad"][phase]["suppressed"]
        assert spent["quality"][phase]["unmapped_share"] is None
        assert not spent[phase]["admin_share"]["suppressed"]
    assert spent["variants"]["strict"]["change"]["suppressed"]
    exact = await categories(await lead_of(council, path), path)
    assert exact["liaison"]["pilot"]["numerator"] == 43
    assert not any(line["change"]["suppressed"] for line in exact.values())


@one_database
async def test_nothing_is_told_before_the_window_is_over(council: Council) -> None:
    _, path = await _of_twelve(council)
    analyst = await council.as_role(Role.ANALYST)
    found = await categories(analyst, path, "?as_of=2024-04-06")
    figures = [line[part] for line in found.values() for part in ("baseline", "pilot", "change")]
    assert all(figure["suppressed"] and figure["people"] is None for figure in figures)
    assert "window_open" in [flag["code"] for flag in found["visit"]["pilot"]["flags"]]
    assert not (await categories(analyst, path, "?as_of=2024-04-07"))["visit"]["pilot"][
        "suppressed"
    ]
    refused = await analyst.get(
        f"{path}/metrics/time-use/categories", params={"ends_on": "2024-04-07"}
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "fixed_window")


_DID = st.lists(
    st.lists(st.booleans(), min_size=9, max_size=9), min_size=len(LINES), max_size=len(LINES)
)


@given(did=_DID, often=st.lists(st.integers(0, 9), min_size=len(LINES), max_size=len(LINES)))
@settings(max_examples=200, deadline=None)
def test_no_withheld_line_is_the_only_one_of_a_sum_that_is_told(
    did: list[list[bool]], often: list[int]
) -> None:
    """Whatever else is told: of a known sum none, all, or several lines of enough people together are withheld."""
    recorded_by = np.array(did) & (np.arange(9) < np.array(often)[:, None])
    counts = recorded_by.sum(axis=1)
    for strict, broad, unmapped in np.ndindex(2, 2, 2):
        told = Told(bool(strict), bool(broad), bool(unmapped))
        gone = withheld(LINES, recorded_by, told, 5)
        for together in told.sets():
            of_sum = {n for n, line in enumerate(LINES) if part_of(line) in together}
            hidden = gone & of_sum
            assert hidden >= {n for n in of_sum if 0 < counts[n] < 5}
            if hidden not in (set(), of_sum):
                assert sum(counts[n] > 0 for n in hidden) > 1
                assert recorded_by[sorted(hidden)].any(axis=0).sum() >= 5
        assert not (unmapped and len(LINES) - 1 in gone), "it is told elsewhere"
        assert unmapped or not counts[-1] or len(LINES) - 1 in gone


@one_database
async def test_every_category_leads_to_the_page_about_its_figure(
    app: FastAPI, council: Council
) -> None:
    admin, path = await _of_twelve(council)
    browser = await reader(app, council, Role.ADMIN)
    page = pages.read(await browser.get(f"/dashboard{path}/time-use"))
    links = [href for href, _ in page.links if "?category=" in href]
    assert [href.rpartition("=")[2] for href in links if "category_share" in href] == [
        *sorted({line.code for line in LINES if line}, key=_place),
        "",
    ]
    found = await categories(admin, path)
    for code, title in (("visit", "Visit, before"), ("", "Not mapped to a category, before")):
        address = next(href for href in links if href.endswith(f"={code}"))
        about = pages.read(await browser.get(address))
        assert [text for level, text in about.headings if level == "h2"][:1] == [title]
        share = found[code or None]["baseline"]
        assert (json.dumps(share["value"]) in dict(about.values)) is not share["suppressed"]
    every = pages.read(await browser.get(f"/dashboard{path}/figures/category_share_change"))
    assert len([text for level, text in every.headings if level == "h2"]) >= len(LINES)
    await browser.close()


def _place(code: str) -> int:
    """By class in the order of classes, and within one as the taxonomy has it."""
    order = list(WorkClass)
    line = next(line for line in LINES if line and line.code == code)
    return order.index(line.work_class) * len(LINES) + LINES.index(line)
