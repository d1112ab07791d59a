"""Sessions of people in browsers: their cookies, how long they last, and what they are not to be used for."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import time_machine
from fastapi import FastAPI

from app.access.permissions import Role, Scope
from app.access.secrets import new_secret
from app.access.sessions.service import PREFIX
from app.core import clock
from app.core.errors import ConfigurationError
from app.core.identity_providers import is_safe_address
from app.core.logging import configure_logging
from app.core.settings import Environment, Settings, get_settings
from app.main import create_app
from app.scheduler import tick
from tests.council import Council, good, pilot, problem
from tests.identity import PUBLIC_URL, Browser, Issuer, events, provider, trust

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[Browser]:
    made = Browser(app)
    yield made
    await made.close()


@pytest.fixture
async def margaret(council: Council, browser: Browser) -> Browser:
    """A browser in which an administrator is signed in."""
    assert (await browser.sign_in_with(await council.key())).status_code == 303
    return browser


async def test_a_key_opens_a_session_in_the_demo(council: Council, browser: Browser) -> None:
    admin = await council.admin()
    person = good(await admin.post("/people", json={"external_id": "LEAD"}), 201)["person_id"]
    led = await pilot(admin, code="LED", lead_external_id="LEAD")
    await pilot(admin, code="FOREIGN")
    key = await council.key(Role.PILOT_LEAD, person_id=UUID(person))
    answer = await browser.sign_in_with(key, return_to="/pilots")
    assert (answer.status_code, answer.headers["location"]) == (303, "/pilots")
    me = await browser.me()
    assert (me["kind"], me["role"], me["person_id"]) == ("person", "pilot_lead", person)
    listed = good(await browser.get("/api/v1/pilots"))["items"]
    assert [item["pilot_id"] for item in listed] == [led]
    by_scopes = await council.key(None, scopes=[Scope.ADMIN])
    problem(await browser.sign_in_with(by_scopes), 403, "role_missing")
    problem(await browser.sign_in_with("plk_x"), 401, "credentials_unknown")
    problem(await browser.sign_in_with(key, return_to="//evil.test"), 422, "not_a_path")


@ONE
async def test_outside_the_demo_no_key_opens_a_session(
    app: FastAPI, council: Council, browser: Browser
) -> None:
    app.state.settings = app.state.settings.model_copy(
        update={"environment": Environment.PRODUCTION}
    )
    problem(await browser.sign_in_with(await council.key()), 404, "not_found")
    nobody = await browser.http.post("/auth/demo-sign-in")
    problem(nobody, 404, "not_found")
    assert await events(council) == []


@ONE
async def test_cookies_are_bound_to_the_host_and_to_https(app: FastAPI, council: Council) -> None:
    """But on loopback in the demo, where there is no https."""
    for url, name, secure in (
        ("https://pilotlight.test", "__Host-pilotlight", True),
        (PUBLIC_URL, "pilotlight", False),
    ):
        app.state.settings = app.state.settings.model_copy(update={"public_url": url})
        browser = Browser(app, url)
        answer = await browser.sign_in_with(await council.key())
        (cookie,) = answer.headers.get_list("set-cookie")
        given, *attributes = [part.strip().lower() for part in cookie.split(";")]
        assert given.startswith(f"{name.lower()}={PREFIX}")
        expected = {"httponly", "path=/", "samesite=lax"} | ({"secure"} if secure else set())
        assert set(attributes) == expected
        good(await browser.get("/api/v1/me"))
        signed_out = await browser.submit("/auth/sign-out")
        assert "max-age=0" in signed_out.headers["set-cookie"].lower()
        await browser.close()


async def test_only_a_digest_of_the_token_is_kept(council: Council, margaret: Browser) -> None:
    token = margaret.http.cookies["pilotlight"]
    forgery = await margaret.forgery_token()
    good(await margaret.get("/api/v1/people"))
    async with council.database.engine.connect() as connection:
        for table in ("account", "sign_in_session", "audit_event"):
            rows = await connection.exec_driver_sql(
                f"SELECT * FROM {table} WHERE organisation_id IS NOT NULL"  # noqa: S608 - fixed names
            )
            shown = str(rows.all())
            assert token not in shown
            assert forgery not in shown


@ONE
async def test_neither_tokens_nor_codes_are_logged(
    app: FastAPI, council: Council, browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(app.state.settings.model_copy(update={"log_level": "debug"}))
    issuer = Issuer()
    await trust(app, provider(council), issuer=issuer)
    asked = await browser.begin()
    await browser.sign_in(issuer, "admin", email="secret-4711")
    await browser.get("/auth/callback", code="secret-4712", state="secret-4713")
    await browser.submit("/auth/sign-out")
    logged = capsys.readouterr().err
    assert '"route": "/auth/callback"' in logged
    for secret in ("secret-47", PREFIX, asked["state"], asked["nonce"], "eyJ"):
        assert secret not in logged


# --- how long ------------------------------------------------------------------------------------


async def test_a_session_ends_when_nobody_asks_for_half_an_hour(margaret: Browser) -> None:
    with time_machine.travel(clock.now(), tick=False) as now:
        for _ in range(3):
            now.shift(28 * MINUTE)
            good(await margaret.get("/api/v1/me"))
        now.shift(31 * MINUTE)
        problem(await margaret.get("/api/v1/me"), 401, "session_over")


async def test_a_session_ends_after_ten_hours_however_busy(
    council: Council, margaret: Browser
) -> None:
    started = clock.now()
    with time_machine.travel(started, tick=False) as now:
        while clock.now() < started + timedelta(hours=9, minutes=30):
            now.shift(25 * MINUTE)
            good(await margaret.get("/api/v1/me"))
        now.shift(20 * MINUTE)
        good(await margaret.get("/api/v1/me"))
        now.shift(10 * MINUTE)
        problem(await margaret.get("/api/v1/me"), 401, "session_over")
        # And is then forgotten, within the hour.
        now.shift(60 * MINUTE)
        await tick(council.database)
        async with council.database.engine.connect() as connection:
            rows = await connection.exec_driver_sql(
                "SELECT id FROM sign_in_session WHERE organisation_id IS NOT NULL"
            )
            assert rows.all() == []


async def test_a_sign_in_ends_the_session_before_it(council: Council, margaret: Browser) -> None:
    """A token that somebody has put into the browser beforehand is worth nothing after."""
    before = margaret.http.cookies["pilotlight"]
    assert (await margaret.sign_in_with(await council.key(Role.ANALYST))).status_code == 303
    after = margaret.http.cookies["pilotlight"]
    assert before != after
    assert (await margaret.me())["role"] == "analyst"
    margaret.http.cookies.set("pilotlight", before)
    problem(await margaret.get("/api/v1/me"), 401, "session_over")


async def test_signing_out_ends_this_session_or_all_of_ones_own(
    app: FastAPI, council: Council, margaret: Browser
) -> None:
    key, other_key = await council.key(), await council.key(Role.ANALYST)
    browsers = [Browser(app) for _ in range(4)]
    for browser, by in zip(browsers, (key, key, key, other_key), strict=True):
        assert (await browser.sign_in_with(by)).status_code == 303
    first, second, third, other = browsers
    kept = first.http.cookies["pilotlight"]
    answer = await first.submit("/auth/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    problem(await first.get("/api/v1/me"), 401, "credentials_missing")
    first.http.cookies.set("pilotlight", kept)
    problem(await first.get("/api/v1/me"), 401, "session_over")
    me = await second.me()
    assert (await second.submit("/auth/sign-out", everywhere="true")).status_code == 303
    problem(await third.get("/api/v1/me"), 401, "session_over")
    good(await other.get("/api/v1/me"))
    everywhere, ended = (await events(council))[:2]
    assert (everywhere["action"], everywhere["details"]) == ("session.all_ended", {"sessions": 2})
    assert ended["action"] == "session.ended"
    assert ended["principal_id"] == everywhere["principal_id"] == me["principal_id"]
    # And an administrator ends those of somebody else.
    account = (await other.me())["principal_id"]
    client = await council.admin()
    assert good(await client.post(f"/accounts/{account}/sign-out")) == {"sessions": 1}
    problem(await other.get("/api/v1/me"), 401, "session_over")
    good(await margaret.get("/api/v1/me"))
    for browser in browsers:
        await browser.close()


@ONE
async def test_made_up_sessions_are_none(council: Council, browser: Browser) -> None:
    made_up = new_secret(PREFIX, council.organisation.organisation_id)
    key = await council.key()
    for token in (made_up, "pls_x", "", "x" * 4000, key, key.replace("plk_", PREFIX)):
        browser.http.cookies.set("pilotlight", token)
        problem(await browser.get("/api/v1/me"), 401, "session_over")
        problem(await browser.http.post("/auth/sign-out"), 401, "session_over")
    browser.http.cookies.clear()
    problem(await browser.http.post("/auth/sign-out"), 401, "credentials_missing")


# --- what the person did not mean ----------------------------------------------------------------

# How a change is sent by whom; `True` stands for what a page of ours sends.
UNMEANT: dict[str, tuple[dict[str, Any], str]] = {
    "a form of another site": ({"Origin": "https://evil.test"}, "cross_site_request"),
    "a form that hides where it is from": ({"Origin": "null"}, "cross_site_request"),
    "no word of where it is from": ({"Origin": None}, "cross_site_request"),
    "a site that begins like ours": ({"Origin": PUBLIC_URL + ".evil.test"}, "cross_site_request"),
    "another port": ({"Origin": "http://127.0.0.1:8001"}, "cross_site_request"),
    "https instead": ({"Origin": PUBLIC_URL.replace("http:", "https:")}, "cross_site_request"),
    "a site beside ours": ({"Sec-Fetch-Site": "same-site"}, "cross_site_request"),
    "another site": ({"Sec-Fetch-Site": "cross-site"}, "cross_site_request"),
    "an address that was typed": ({"Sec-Fetch-Site": "none"}, "cross_site_request"),
    "no token": ({"X-CSRF-Token": None}, "csrf_token_wrong"),
    "an empty token": ({"X-CSRF-Token": ""}, "csrf_token_wrong"),
    "a made-up token": ({"X-CSRF-Token": "x" * 43}, "csrf_token_wrong"),
    "a token that is no text": ({"X-CSRF-Token": "\u00e9".encode()}, "csrf_token_wrong"),
}


async def test_a_change_that_the_person_did_not_mean_is_refused(
    app: FastAPI, council: Council, margaret: Browser, subtests: pytest.Subtests
) -> None:
    page = {
        "Origin": PUBLIC_URL,
        "Sec-Fetch-Site": "same-origin",
        "X-CSRF-Token": await margaret.forgery_token(),
    }
    somebody = Browser(app)
    await somebody.sign_in_with(await council.key())
    theirs = {"X-CSRF-Token": await somebody.forgery_token()}
    await somebody.close()
    cases = {**UNMEANT, "somebody else's token": (theirs, "csrf_token_wrong")}
    for number, (what, (changed, code)) in enumerate(cases.items()):
        with subtests.test(what):
            sent = {name: value for name, value in (page | changed).items() if value is not None}
            for path in ("/api/v1/people", "/api/v1/jobs/none/runs", "/auth/sign-out"):
                body = {} if path.startswith("/auth") else {"json": {"external_id": f"E{number}"}}
                answer = await margaret.http.post(path, headers=sent, **body)
                problem(answer, 403, code)
    assert good(await margaret.get("/api/v1/people"))["items"] == []
    made = await margaret.http.post("/api/v1/people", json={"external_id": "E1"}, headers=page)
    good(made, 201)
    for method, path in (("PATCH", made.headers["location"]), ("PUT", "/api/v1/import-mappings/x")):
        answer = await margaret.http.request(method, path, json={"team": "x"})
        problem(answer, 403, "cross_site_request")


@ONE
async def test_a_header_goes_before_a_cookie(council: Council, margaret: Browser) -> None:
    """A program in a browser's clothes is a program: its changes need no page of ours."""
    key = {"Authorization": f"Bearer {await council.key(Role.INTEGRATOR)}"}
    made = await margaret.http.post("/api/v1/people", json={"external_id": "E1"}, headers=key)
    good(made, 201)
    wrong = await margaret.http.get("/api/v1/me", headers={"Authorization": "Bearer plk_x"})
    problem(wrong, 401, "credentials_unknown")
    basic = await margaret.http.get("/api/v1/me", headers={"Authorization": "Basic eDp5"})
    problem(basic, 401, "credentials_missing")


@ONE
async def test_a_form_is_small(margaret: Browser) -> None:
    headers = {"Origin": PUBLIC_URL, "Content-Type": "application/x-www-form-urlencoded"}
    large = await margaret.http.post("/auth/sign-out", content=b"x" * 9000, headers=headers)
    problem(large, 413, "body_too_large")
    many = await margaret.http.post("/auth/sign-out", content=b"a=b&" * 50, headers=headers)
    problem(many, 422, "invalid")


@ONE
async def test_pages_of_ours_may_say_where_they_come_from(browser: Browser) -> None:
    """Under `no-referrer` a browser sends `Origin: null` with their forms."""
    answer: httpx.Response = await browser.get("/")
    assert answer.headers["referrer-policy"] == "same-origin"


# --- settings -------------------------------------------------------------------------------------

_PROVIDER = (
    '{"name": "ours", "organisation_id": "01a2094b-608a-7760-957b-e7091d8f2e43",'
    ' "issuer": "%s", "client_id": "c", "client_secret": "secret-4711"%s}'
)
_GOOD = _PROVIDER % ("https://issuer.test", "")
_KING = ', "roles": {"a": "king"}'


@pytest.mark.parametrize(
    ("providers", "message"),
    [
        ("secret-4711", "is not JSON"),
        (f"[{_GOOD}, {_GOOD}]", "the same name"),
        (f"[{_GOOD}, {_GOOD.replace('ours', 'theirs')}]", "the same issuer and audience"),
        (f"[{_PROVIDER % ('http://issuer.test', '')}]", "must be an https address"),
        (f"[{_PROVIDER % ('http://127.0.0.1:1', '')}]", "issuer of ours is not https"),
        (f"[{_PROVIDER % ('https://issuer.test', ', secret-4711: 1')}]", "is not JSON"),
        (f"[{_GOOD.replace('client_id', 'secret')}]", "client_id"),
        (f"[{_PROVIDER % ('https://issuer.test', _KING)}]", "king"),
    ],
)
def test_settings_that_are_not_safe_are_refused_without_their_secrets(
    monkeypatch: pytest.MonkeyPatch, providers: str, message: str
) -> None:
    monkeypatch.setenv("PILOTLIGHT_IDENTITY_PROVIDERS", providers)
    monkeypatch.setenv("PILOTLIGHT_PUBLIC_URL", "https://pilotlight.test")
    monkeypatch.setenv("PILOTLIGHT_SECRET_KEY", "x" * 32)
    get_settings.cache_clear()
    with pytest.raises(ConfigurationError, match=message) as raised:
        create_app(get_settings())
    assert "4711" not in str(raised.value)
    get_settings.cache_clear()


def test_people_sign_in_by_https_alone() -> None:
    by: dict[str, Any] = {"identity_providers": [json.loads(_GOOD)], "secret_key": "x" * 32}
    with pytest.raises(ConfigurationError, match="PILOTLIGHT_PUBLIC_URL"):
        create_app(Settings(**by))
    create_app(Settings(**by, public_url="https://pilotlight.test/"))
    assert "4711" not in repr(Settings(**by))


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://a.test/x?y=z", True),
        ("http://127.0.0.1:80", True),
        ("http://[::1]:80", True),
        ("http://localhost", True),
        ("http://127.0.0.1.evil.test", False),
        ("http://localhost@evil.test", False),
        ("https://user@a.test", False),
        ("https://", False),
        ("https://a.test:x", False),
        ("https://a.test/#x", False),
        ("ftp://a.test", False),
        ("https://a.test/ x", False),
    ],
)
def test_which_addresses_are_asked(address: str, safe: bool) -> None:
    assert is_safe_address(address) is safe
