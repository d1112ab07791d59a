"""Pages: what they show is what the API answers, to the same reader, and to nobody else."""

import csv
import io
import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import time_machine
from fastapi import FastAPI

from app.access.permissions import Role
from app.core import clock
from app.core.settings import Environment
from app.metrics.scorecard import service as scorecard
from tests import pages
from tests.council import Council, found, good, pilot, problem
from tests.identity import PUBLIC_URL, Browser, Issuer, provider, trust
from tests.pages import reader
from tests.snapshots import observed, published

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[Browser]:
    ours = pages.browser(app)
    yield ours
    await ours.close()


def numbers_in(answer: Any) -> Iterator[str]:
    """Every number of an answer of the API, as it is written there, and every amount."""
    if isinstance(answer, dict):
        for part in answer.values():
            yield from numbers_in(part)
    elif isinstance(answer, list):
        for part in answer:
            yield from numbers_in(part)
    elif isinstance(answer, float | int | str):
        yield answer if isinstance(answer, str) else json.dumps(answer)


def figures_in(answer: Any) -> Iterator[dict[str, Any]]:
    if isinstance(answer, dict):
        if "evidence_tier" in answer:
            yield answer
        for part in answer.values():
            yield from figures_in(part)
    elif isinstance(answer, list):
        for part in answer:
            yield from figures_in(part)


async def everything_of(browser: Browser, path: str) -> list[Any]:
    """What the API answers to a reader about a pilot and its pool; the pilot's address."""
    pool = good(await browser.get("/api/v1/licence-pools"))["items"] if path else []
    pools = [f"/licence-pools/{each['pool_id']}" for each in pool]
    paths = ["/scorecard", "/metrics/time-use", "/metrics/adoption", "/metrics/feedback"]
    paths += ["/metrics/time-use/categories", "/benefit-position", "/decision-basis"]
    asked = [*(path + each for each in paths), "/licence-pools", "/licence-utilisation"]
    asked += [f"{each}/{what}" for each in pools for what in ("utilisation", "renewal-advice")]
    return [good(await browser.get("/api/v1" + each)) for each in asked]


# --- what is shown -------------------------------------------------------------------------------


async def test_every_page_is_well_made_and_shows_the_figures_of_the_api(
    app: FastAPI, council: Council
) -> None:
    admin = await council.admin()
    path = await observed(admin)
    await published(admin, path)
    browser = await reader(app, council, Role.ADMIN)
    pool = good(await admin.get("/licence-pools"))["items"][0]
    said = set(numbers_in(await everything_of(browser, path)))
    snapshots = good(await admin.get(f"{path}/snapshots"))["items"]
    said |= set(numbers_in(good(await admin.get(f"/snapshots/{snapshots[0]['snapshot_id']}"))))
    about, held = f"/dashboard{path}", f"/dashboard/licences/{pool['pool_id']}"
    titles = {
        "/dashboard": "Pilots – Pilotlight",
        about: "A pilot – Pilotlight",
        f"{about}/time-use": "Time use – A pilot – Pilotlight",
        f"{about}/feedback": "Feedback – A pilot – Pilotlight",
        f"{about}/benefits": "Benefits – A pilot – Pilotlight",
        f"{about}/benefits/new": "Claim a benefit – Benefits – A pilot – Pilotlight",
        f"{about}/decision": "Decision – A pilot – Pilotlight",
        f"{about}/decision/new": "What a decision would go by – Decision – A pilot – Pilotlight",
        f"{about}/report": "Evaluation report – A pilot – Pilotlight",
        f"{about}/figures/admin_share": "Share of admin work – A pilot – Pilotlight",
        f"{about}/figures/usage_segments": "Usage segments (12 weeks) – A pilot – Pilotlight",
        f"{about}/figures/admin_share_strict": "Share of admin work (recording alone) – A pilot – Pilotlight",
        f"{about}/figures/category_share": "Share of a category – A pilot – Pilotlight",
        "/dashboard/licences": "Licences – Pilotlight",
        held: f"{pool['name']} – Licences – Pilotlight",
        f"{held}/reclaim": f"Seats to ask for – {pool['name']} – Licences – Pilotlight",
        f"{about}/set-up": "Set-up – A pilot – Pilotlight",
        f"{about}/weekly": "Your week – A pilot – Pilotlight",
        f"{about}/now": "What are you doing now? – A pilot – Pilotlight",
        f"{held}/allocate": f"Give seats – {pool['name']} – Licences – Pilotlight",
        "/dashboard/pilots/new": "Set up a pilot – Pilotlight",
        "/dashboard/imports": "Imports – Pilotlight",
        "/dashboard/imports/new": "Import a file – Imports – Pilotlight",
        "/dashboard/jobs": "Jobs – Pilotlight",
        "/dashboard/people": "People – Pilotlight",
        "/dashboard/settings": "Settings – Pilotlight",
        "/dashboard/settings/keys": "API keys – Settings – Pilotlight",
        "/dashboard/audit": "Audit events – Pilotlight",
        f"{held}/figures/idle_cost": f"Idle cost – {pool['name']} – Licences – Pilotlight",
    }
    seen: set[str] = set()
    for address, title in titles.items():
        answer = await browser.get(address)
        assert answer.status_code == 200, answer.text
        page = pages.read(answer)
        assert page.title == title
        assert len(answer.content) < 300_000
        assert {value for value, _ in page.values} <= said, address
        seen |= {value for value, _ in page.values}
    assert len(seen) > 35
    await browser.close()


@ONE
async def test_every_figure_of_the_scorecard_is_on_its_page_with_all_that_qualifies_it(
    app: FastAPI, council: Council
) -> None:
    admin = await council.admin()
    path = await observed(admin)
    browser = await reader(app, council, Role.ADMIN)
    card = good(await browser.get(f"/api/v1{path}/scorecard"))
    answer = await browser.get(f"/dashboard{path}")
    page = pages.read(answer)
    told = [card["time_use"]["change"], card["feedback"]["response_rate"]]
    told += [card["adoption"]["adoption_rate"], card["licences"]["idle_cost"]]
    for figure in told:
        around = answer.text.split(f"/figures/{figure['slug']}", 1)[1][:1500]
        raw = figure["money"]["amount"] if figure["money"] else json.dumps(figure["value"])
        assert f'<data value="{raw}">' in around
        assert f"tier {figure['evidence_tier']} of 5" in around
        if figure["people"] is not None:
            assert f"<li>{figure['people']} people</li>" in around
        if figure["interval"]:
            assert "95% interval: " in around
        for flag in figure["flags"]:
            assert flag["sentence"] in around.replace("&#39;", "'")
    for gap in card["missing"]:
        assert gap["sentence"] in page.text
    about = {href.rpartition("/")[2] for href, _ in page.links if "/figures/" in href}
    assert about >= {"admin_share_change", "adoption_rate", "satisfaction_mean", "usage_segments"}
    for slug in about:
        assert (await browser.get(f"/dashboard{path}/figures/{slug}")).status_code == 200
    await browser.close()


@ONE
async def test_what_is_withheld_looks_the_same_everywhere(app: FastAPI, council: Council) -> None:
    """Three people: the API withholds their figures from an analyst, and so does every page and chart."""
    admin = await council.admin()
    path = await observed(admin)
    lowest = good(await admin.get("/organisation"))
    raised = await admin.patch(
        "/organisation", json={"minimum_group_size": 10}, headers={"If-Match": "*"}
    )
    assert good(raised)["minimum_group_size"] > lowest["minimum_group_size"]
    browser = await reader(app, council, Role.ANALYST)
    adoption = good(await browser.get(f"/api/v1{path}/metrics/adoption"))
    assert all(figure["suppressed"] for figure in figures_in(adoption))
    words: set[str] = set()
    for below in ("", "/time-use", "/feedback", "/report", "/figures/adoption_rate"):
        page = pages.read(await browser.get(f"/dashboard{path}{below}"))
        assert page.withheld, below
        words |= set(page.withheld)
    assert words == {"Withheld"}
    rows = await browser.get(f"/api/v1{path}/charts/use-by-week/rows")
    for row in csv.DictReader(io.StringIO(rows.text)):
        assert (row["suppressed"], row["value"], row["people"]) == ("true", "", "")
    spec = good(await browser.get(f"/api/v1{path}/charts/use-by-week"))
    assert all(row["value"] is None and row["people"] is None for row in spec["data"]["values"])
    await browser.close()


@ONE
async def test_a_simulated_council_is_called_so_on_every_page(
    app: FastAPI, council: Council
) -> None:
    simulated = await found(app, "Simulated Council", is_simulated=True)
    for owner, marked in ((simulated, True), (council, False)):
        browser = await reader(app, owner, Role.ADMIN)
        for address in ("/dashboard", "/dashboard/licences", "/dashboard/pilots/x"):
            page = pages.read(await browser.get(address))
            # An address that leads nowhere is told to anybody, of no council.
            known = address != "/dashboard/pilots/x"
            assert ("SIMULATED DATA" in page.text) == (marked and known)
        await browser.close()
    await simulated.close()


@ONE
async def test_the_seats_of_a_pool_are_shown_as_of_any_day(app: FastAPI, council: Council) -> None:
    admin = await council.admin()
    await observed(admin)
    pool = good(await admin.get("/licence-pools"))["items"][0]
    browser = await reader(app, council, Role.ICT_MANAGER)
    address = f"/dashboard/licences/{pool['pool_id']}"
    early = pages.read(await browser.get(address, as_of="2024-02-20"))
    assert "Seats on 20 February 2024" in early.text
    late = pages.read(await browser.get(address, as_of="2024-03-01"))
    assert ("6", "6") in late.values
    assert "Nobody waits." in late.text
    for wrong in ("tomorrow", "2024-13-01", "<script>"):
        answer = await browser.get(address, as_of=wrong)
        assert answer.status_code == 422
        page = pages.read(answer)
        assert page.title.startswith("Error: ")
        assert ("#as_of", "The day must be a date as YYYY-MM-DD (ISO 8601)") in page.links or (
            wrong == "2024-13-01" and any(href == "#as_of" for href, _ in page.links)
        )
        assert page.fields["as_of"] == wrong
    await browser.close()


async def test_answers_are_kept_until_something_is_written(
    app: FastAPI, council: Council, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []
    compute = scorecard.scorecard

    async def counted(session: Any, principal: Any, pilot_id: Any, *day: Any) -> Any:
        asked.append(principal.role)
        return await compute(session, principal, pilot_id, *day)

    monkeypatch.setattr(scorecard, "scorecard", counted)
    admin = await council.admin()
    path = await observed(admin)
    browsers = [await reader(app, council, role) for role in (Role.ADMIN, Role.ANALYST)]
    for _ in range(3):
        for browser in browsers:
            assert (await browser.get(f"/dashboard{path}")).status_code == 200
    # Each reader has answers of their own: what one may see another may not.
    assert asked == ["admin", "analyst"]
    deciding = f"/dashboard{path}/decision/new"
    for _ in range(2):
        assert (await browsers[0].get(deciding)).status_code == 200
    # What a decision would go by is as anybody may see it.
    assert asked == ["admin", "analyst", None]
    for target in (0.41, 0.42):
        wanted = [{"metric": "adoption_rate", "comparator": ">=", "target": target}]
        changed = await admin.patch(
            path, json={"success_criteria": wanted}, headers={"If-Match": "*"}
        )
        good(changed)
        for address in (f"/dashboard{path}", deciding):
            page = pages.read(await browsers[0].get(address))
            assert f"Adoption >= {target * 100:.1f}%" in page.text
    assert asked == ["admin", "analyst", None, "admin", None, "admin", None]
    with time_machine.travel(clock.now() + timedelta(days=1), tick=True):
        await browsers[0].sign_in_with(await council.key(Role.ADMIN))
        asked.clear()
        await browsers[0].get(f"/dashboard{path}")
        assert asked == ["admin"]
    for browser in browsers:
        await browser.close()


# --- to whom --------------------------------------------------------------------------------------


@ONE
async def test_without_a_session_one_signs_in_first_and_comes_back(
    council: Council, browser: Browser
) -> None:
    key = await council.key(Role.ADMIN)
    asked = await browser.get("/dashboard/licences", as_of="x")
    assert asked.status_code == 303
    way = asked.headers["location"]
    assert way == "/dashboard/sign-in?return_to=%2Fdashboard%2Flicences%3Fas_of%3Dx"
    page = pages.read(await browser.get(way))
    assert page.title == "Sign in – Pilotlight"
    wrong = await browser.http.post(
        "/dashboard/sign-in",
        data={"key": "plk_x", "return_to": page.fields["return_to"]},
        headers={"Origin": PUBLIC_URL},
    )
    assert wrong.status_code == 422
    again = pages.read(wrong)
    assert ("#key", "This key is not known here.") in again.links
    assert again.fields["key"] == ""
    entered = await browser.http.post(
        "/dashboard/sign-in",
        data={"key": key, "return_to": again.fields["return_to"]},
        headers={"Origin": PUBLIC_URL},
    )
    assert (entered.status_code, entered.headers["location"]) == (
        303,
        "/dashboard/licences?as_of=x",
    )
    page = pages.read(await browser.get("/dashboard"))
    left = await browser.http.post(
        "/auth/sign-out",
        data={"csrf_token": page.fields["csrf_token"]},
        headers={"Origin": PUBLIC_URL},
    )
    assert left.headers["location"] == "/"
    front = await browser.get("/")
    assert (front.status_code, front.headers["location"]) == (303, "/dashboard")
    assert (await browser.get("/dashboard")).status_code == 303


@ONE
async def test_a_session_that_is_over_leads_to_the_sign_in_and_is_forgotten(
    browser: Browser,
) -> None:
    browser.http.cookies.set("pilotlight", "pls_made-up")
    answer = await browser.get("/dashboard")
    assert answer.status_code == 303
    assert "max-age=0" in answer.headers["set-cookie"].lower()


@ONE
async def test_a_sign_in_leads_back_to_pages_of_ours_alone(browser: Browser) -> None:
    for address in ("https://evil.test/", "//evil.test", "/\\evil.test"):
        page = pages.read(await browser.get("/dashboard/sign-in", return_to=address))
        assert page.fields["return_to"] == "/dashboard"


@ONE
async def test_outside_the_demo_the_way_in_is_the_identity_provider(
    app: FastAPI, council: Council, browser: Browser
) -> None:
    app.state.settings = app.state.settings.model_copy(
        update={"environment": Environment.PRODUCTION}
    )
    key = await council.key()
    page = pages.read(await browser.get("/dashboard/sign-in"))
    assert "key" not in page.fields
    refused = await browser.http.post(
        "/dashboard/sign-in", data={"key": key}, headers={"Origin": PUBLIC_URL}
    )
    assert refused.status_code == 404
    assert "set-cookie" not in refused.headers
    await trust(app, provider(council), issuer=Issuer())
    page = pages.read(await browser.get("/dashboard/sign-in"))
    assert page.links[-2][0] == "/auth/sign-in?provider=ours&return_to=%2Fdashboard"


@ONE
async def test_a_form_of_another_site_signs_nobody_in(council: Council, browser: Browser) -> None:
    key = await council.key()
    refused = await browser.http.post(
        "/dashboard/sign-in", data={"key": key}, headers={"Origin": "https://evil.test"}
    )
    assert refused.status_code == 403
    assert "set-cookie" not in refused.headers
    pages.read(refused)


@ONE
async def test_what_is_out_of_reach_is_a_page_that_says_so(
    app: FastAPI, council: Council, other_council: Council
) -> None:
    theirs = await pilot(await other_council.admin(), code="THEIRS")
    admin = await council.admin()
    foreign = await pilot(admin, code="FOREIGN")
    browser = await reader(app, council, Role.ADMIN)
    lead = await reader(app, council, Role.PILOT_LEAD)
    for who, number in ((browser, theirs), (lead, foreign), (browser, str(uuid4()))):
        for below in ("", "/time-use", "/feedback", "/report", "/figures/admin_share"):
            answer = await who.get(f"/dashboard/pilots/{number}{below}")
            assert answer.status_code == 404
            assert pages.read(answer).title == "Page not found – Pilotlight"
    for address in ("/dashboard/x", "/dashboard/pilots/x", f"/dashboard/licences/{theirs}"):
        assert (await browser.get(address)).status_code == 404
    assert (await browser.get(f"/dashboard/pilots/{foreign}/figures/x")).status_code == 404
    await browser.close()
    await lead.close()


@ONE
async def test_a_role_sees_on_pages_what_it_sees_in_the_api(app: FastAPI, council: Council) -> None:
    admin = await council.admin()
    path = await observed(admin)
    pool = good(await admin.get("/licence-pools"))["items"][0]["pool_id"]
    allowed = {
        "/dashboard": set(Role),
        f"/dashboard{path}": {Role.ADMIN, Role.ANALYST, Role.FINANCE, Role.ICT_MANAGER},
        "/dashboard/licences": {Role.ADMIN, Role.ICT_MANAGER},
        f"/dashboard/licences/{pool}/reclaim": {Role.ADMIN, Role.ICT_MANAGER},
    }
    for role in Role:
        browser = await reader(app, council, role)
        for address, roles in allowed.items():
            answer = await browser.get(address)
            page = pages.read(answer)
            expected = 200 if role in roles else 404 if role is Role.PILOT_LEAD else 403
            if role is Role.PILOT_LEAD and "licences" in address:
                expected = 403
            assert answer.status_code == expected, (role, address)
            links = {href for href, _ in page.links}
            assert ("/dashboard/licences" in links) == (role in allowed["/dashboard/licences"])
        await browser.close()


async def test_looking_at_seats_to_ask_for_is_recorded_once(app: FastAPI, council: Council) -> None:
    admin = await council.admin()
    await observed(admin)
    pool = good(await admin.get("/licence-pools"))["items"][0]["pool_id"]
    browser = await reader(app, council, Role.ICT_MANAGER)
    page = await browser.get(f"/dashboard/licences/{pool}/reclaim")
    assert page.status_code == 200
    log = good(await admin.get("/audit-events?limit=200"))["items"]
    reads = [event for event in log if event["action"] == "reclaim_candidates.read"]
    assert [event["resource_id"] for event in reads] == [pool]
    await browser.close()


# --- how it is sent -------------------------------------------------------------------------------


@ONE
async def test_programs_are_answered_as_before(browser: Browser) -> None:
    browser.http.headers["Accept"] = "application/json"
    assert good(await browser.get("/"))["service"] == "Pilotlight"
    problem(await browser.get("/api/v1/pilots"), 401, "credentials_missing")
    problem(await browser.get("/auth/sign-in"), 404, "not_found")
    browser.http.headers["Accept"] = "text/html"
    problem(await browser.get("/api/v1/pilots"), 401, "credentials_missing")
    assert pages.read(await browser.get("/auth/sign-in")).title == "Page not found – Pilotlight"


@ONE
async def test_styles_are_kept_for_good_under_the_name_of_their_digest(browser: Browser) -> None:
    page = pages.read(await browser.get("/dashboard/sign-in"))
    (address,) = [each for each in page.loaded if each.endswith(".css")]
    assert re.fullmatch(r"/dashboard/static/dashboard\.[0-9a-f]{16}\.css", address)
    answer: httpx.Response = await browser.get(address)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "url(" not in answer.text
    assert "@import" not in answer.text
    for other in ("dashboard.css", "../views.py", "%2e%2e%2fviews.py"):
        assert (await browser.get(f"/dashboard/static/{other}")).status_code == 404


@ONE
async def test_what_nobody_foresaw_is_a_page_without_its_trace(
    app: FastAPI, council: Council, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await reader(app, council, Role.ADMIN)

    def broken(*_: Any) -> None:
        raise RuntimeError("secret-quokka")

    monkeypatch.setattr("app.dashboard.home.routes._MOST", broken)
    answer = await browser.get("/dashboard")
    assert answer.status_code == 500
    assert "went wrong on our side" in pages.read(answer).text
    assert "quokka" not in answer.text
    await browser.close()
