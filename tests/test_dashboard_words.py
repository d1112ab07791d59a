"""What pages say as people in councils read it: instants by their own clocks, counts, amounts, codes."""

import ast
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import time_machine
from fastapi import FastAPI

from app.access.permissions import Role
from app.core.sentences import counted, day, money, sign
from app.dashboard import rendering, wording
from app.dashboard.administration.actions import ACTIONS
from app.dashboard.pilots.mending import ON_NO_PAGE, WAYS
from app.imports.models import ImportKind
from app.metrics.scorecard.gaps import Gap
from tests import pages
from tests.council import Council, good, pilot
from tests.identity import PUBLIC_URL

APP = Path(rendering.__file__).parents[1]
TEMPLATES = Path(rendering.__file__).parent / "templates"
ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    ("instant", "zone", "said"),
    [
        # The last and the first minute before and after London's clocks go forward, and back.
        ("2024-03-31T00:59:00Z", "Europe/London", "31 March 2024, 00:59 GMT"),
        ("2024-03-31T01:00:00Z", "Europe/London", "31 March 2024, 02:00 BST"),
        ("2024-10-27T00:30:00+00:00", "Europe/London", "27 October 2024, 01:30 BST"),
        ("2024-10-27T01:30:00+00:00", "Europe/London", "27 October 2024, 01:30 GMT"),
        # Another day than in London.
        ("2024-07-01T03:30:00Z", "America/New_York", "30 June 2024, 23:30 EDT"),
        ("2024-07-01T03:30:00Z", "America/Sao_Paulo", "1 July 2024, 00:30 UTC\N{MINUS SIGN}03"),
        ("2024-07-01T03:30:00Z", "UTC", "1 July 2024, 03:30 UTC"),
    ],
)
def test_an_instant_is_told_by_the_clocks_of_its_zone(instant: str, zone: str, said: str) -> None:
    assert wording.instant(instant, zone) == said


@ONE
async def test_pages_tell_and_take_instants_in_the_organisations_zone(
    app: FastAPI, council: Council
) -> None:
    admin = await council.admin()
    good(await admin.patch("/organisation", json={"zone": "America/New_York"}))
    browser = await pages.reader(app, council, Role.ADMIN)
    keys, said = "/dashboard/settings/keys", {"name": "Sync", "role": "integrator"}
    with time_machine.travel("2024-07-01T03:30:00Z", tick=False):
        page = pages.read(await browser.get(keys))
        form = {name: page.fields[name] for name in ("csrf_token", "idempotency_key")}
        form |= {**said, "expires_on": "2024-11-04"}
        made = await browser.http.post(keys, data=form, headers={"Origin": PUBLIC_URL})
        assert made.status_code == 200, made.text
        page = pages.read(await browser.get(keys))
        audit = pages.read(await browser.get("/dashboard/audit", action="api_key.created"))
    (key,) = [k for k in good(await admin.get("/api-keys"))["items"] if k["name"] == "Sync"]
    assert key["expires_at"] == "2024-11-04T05:00:00Z"
    assert "Until 4 November 2024, 00:00 EST" in page.text
    assert "30 June 2024, 23:30 EDT" in page.text
    assert "30 June 2024, 23:30 EDT" in audit.text
    await browser.close()


# --- counts ---------------------------------------------------------------------------------------


def test_a_count_stands_with_its_noun_as_people_say_it() -> None:
    assert [counted(n, "day") for n in (0, 1, 2, 1200)] == [
        "0 days",
        "1 day",
        "2 days",
        "1,200 days",
    ]
    assert counted(1, "person waits", "people wait") == "1 person waits"
    assert wording.amount(1.0, "days") == "1 day"
    assert wording.amount(1.0, "hours per person-week") == "1 hour per person-week"
    assert wording.amount(2.0, "points of 1 to 5") == "2 points of 1 to 5"
    assert wording.amount(1.5, "seat-days") == "1.50 seat-days"


# A number of things and their noun, written side by side: of one it would read "1 days".
_BARE = re.compile(r"\| (?:number|length) \}\}(?:</data>)? (?:more |of them )?([a-z]+s|people)\b")


def test_no_page_writes_a_count_and_a_noun_that_do_not_go_by_each_other() -> None:
    """A count is written with `counted`, which knows of one."""
    wrong = {
        f"{path.name}: {found[0]}"
        for path in TEMPLATES.rglob("*.html")
        for found in _BARE.finditer(path.read_text())
    }
    assert wrong == set()


# --- amounts --------------------------------------------------------------------------------------


def test_an_amount_is_said_in_pounds_and_with_thousands() -> None:
    assert money(Decimal("1296.4"), "GBP") == "£1,296.40"
    assert money(Decimal("-0.5"), "CHF") == "\N{MINUS SIGN}0.50 CHF"
    assert [sign(unit) for unit in ("GBP", "CHF", "hours")] == ["£", "CHF", "hours"]
    assert wording.worth("12000.00", "GBP") == "£12,000.00"
    assert wording.worth("24.00", "hours") == "24 hours"
    assert wording.worth("1.00", "hours") == "1 hour"
    assert day(date(2024, 6, 3)) == wording.day("2024-06-03") == "3 June 2024"


# --- the audit log --------------------------------------------------------------------------------

_ACTION = re.compile(r"[a-z_{}]+\.[a-z_{}]+")
_FILES = ("everything.json", "{}.csv")


def _written(node: ast.AST) -> str:
    """A text of the code, `{}` where it is filled in; "" where it is none."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            _written(part) if isinstance(part, ast.Constant) else "{}" for part in node.values
        )
    return ""


def test_the_audit_log_has_words_for_every_action_in_the_code() -> None:
    """Those that are put together are found by their part; test_audit_log tries each write."""
    found = {
        text
        for path in APP.rglob("*.py")
        if re.search(r"audit_log\.record|Happened\(", code := path.read_text())
        for node in ast.walk(ast.parse(code))
        if _ACTION.fullmatch(text := _written(node)) and text not in _FILES
    }
    assert len(found) > 80
    whole = {action for action in found if "{}" not in action}
    parts = {
        action: re.compile(action.replace(".", r"\.").replace("{}", "[a-z_]+"))
        for action in found - whole
    }
    assert whole - set(ACTIONS) == set()
    assert {code for code in ACTIONS if not any(p.fullmatch(code) for p in parts.values())} <= whole
    assert {part for part, p in parts.items() if not any(map(p.fullmatch, ACTIONS))} == set()
    assert {f"{kind}.imported" for kind in ImportKind} <= set(ACTIONS)


@ONE
async def test_the_audit_log_says_what_was_done_to_what_by_whom(
    app: FastAPI, council: Council
) -> None:
    admin = await council.admin()
    number = await pilot(admin, name="Letters")
    browser = await pages.reader(app, council, Role.ADMIN)
    page = pages.read(await browser.get("/dashboard/audit", resource_id=number))
    assert "Pilot set up pilot.created Letters" in page.text
    assert (f"/dashboard/pilots/{number}", "Letters") in page.links
    assert "API key test" in page.text
    assert page.fields["action"] == ""
    await browser.close()


# --- what is missing ------------------------------------------------------------------------------


@ONE
async def test_what_is_missing_leads_to_the_page_that_mends_it(
    app: FastAPI, council: Council
) -> None:
    assert set(WAYS) == set(Gap) - ON_NO_PAGE
    admin = await council.admin()
    number = await pilot(admin)
    card = good(await admin.get(f"/pilots/{number}/scorecard"))
    mendable = {gap["code"] for gap in card["missing"] if gap["mendable"]}
    assert mendable & set(WAYS) == {Gap.NO_SAMPLES, Gap.NO_COMPARISON}
    browser = await pages.reader(app, council, Role.ADMIN)
    about = f"/dashboard/pilots/{number}"
    page = pages.read(await browser.get(about))
    for gap, way in WAYS.items():
        address = way.address.replace("{}", number)
        assert ((address, way.words) in page.links) >= (gap in mendable)
        path, _, place = address.partition("#")
        led_to = pages.read(await browser.get(path))
        assert not place or place in led_to.ids
    await browser.close()
    other = await pages.reader(app, council, Role.ANALYST)
    seen = pages.read(await other.get(about))
    assert "This can still be mended." in seen.text
    assert "Enrol people" not in seen.text
    await other.close()
