"""Signing in by a real identity provider, and what is refused on the way."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from fastapi import FastAPI

from app.access.identity import code_flow
from app.access.identity.code_flow import Attempt
from app.access.permissions import SCOPES_OF_ROLE, Role
from app.core import clock
from tests.council import Council, good, people, pilot, problem
from tests.identity import AUDIENCE, CALLBACK, SECRET, Browser, Issuer, events, provider, trust
from tests.real_provider import RealProvider, running

ATTEMPT = "pilotlight-sign-in"
ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def real() -> Iterator[RealProvider]:
    with running() as provider:
        yield provider


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[Browser]:
    made = Browser(app)
    yield made
    await made.close()


@pytest.fixture
async def trusted(app: FastAPI, council: Council, real: RealProvider) -> RealProvider:
    """The real provider, set for the council."""
    await trust(app, provider(council, issuer=real.issuer))
    return real


async def begun(browser: Browser, **query: str) -> str:
    """Where a browser that begins to sign in is sent."""
    answer = await browser.get("/auth/sign-in", **query)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def refused(council: Council) -> list[str]:
    """Why nobody was let in, newest first."""
    found = await events(council, "session.refused")
    assert {event["principal_kind"] for event in found} <= {"unknown"}
    return [event["details"]["reason"] for event in found]


async def test_a_person_signs_in_by_a_real_provider(
    council: Council, trusted: RealProvider, browser: Browser
) -> None:
    """There, back, and then as the member of staff whom the provider names."""
    admin = await council.admin()
    await people(admin, "E1", user_name="Margaret@Council.test")
    led = await pilot(admin, code="LED", lead_external_id="E1")
    await pilot(admin, code="FOREIGN")
    address = await begun(browser, return_to="/pilots?status=running")
    back = trusted.returns(address, "margaret:pilot_lead")
    answer = await browser.get(back)
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == "/pilots?status=running"
    me = await browser.me()
    assert (me["kind"], me["role"], me["name"]) == (
        "person",
        "pilot_lead",
        "margaret@council.test",
    )
    listed = good(await browser.get("/api/v1/pilots"))["items"]
    assert [item["pilot_id"] for item in listed] == [led]
    opened, created = await events(council)
    assert opened["action"] == "session.opened"
    assert opened["details"] == {"role": "pilot_lead", "roles": ["pilot_lead"]}
    assert opened["principal_id"] == opened["resource_id"] == me["principal_id"]
    assert (created["action"], created["resource_id"]) == ("account.created", me["principal_id"])
    assert "margaret" not in str([opened, created]).lower()


async def test_a_real_program_is_taken_by_its_token(
    council: Council, trusted: RealProvider
) -> None:
    good_one = trusted.token("integrator", AUDIENCE)
    assert good(await council.client(good_one).get("/me"))["role"] == "integrator"
    elsewhere = trusted.token("integrator", "urn:else")
    problem(await council.client(elsewhere).get("/me"), 401, "token_audience")
    several = trusted.token("integrator:admin", AUDIENCE)
    problem(await council.client(several).get("/me"), 403, "roles_ambiguous")
    nobody = trusted.token("nobody", AUDIENCE)
    problem(await council.client(nobody).get("/me"), 403, "role_missing")
    with time_machine.travel(clock.now() + timedelta(minutes=12)):
        problem(await council.client(good_one).get("/me"), 401, "token_expired")


@ONE
async def test_a_real_provider_with_a_new_key_is_followed_at_once(
    council: Council, trusted: RealProvider, browser: Browser
) -> None:
    old = trusted.token("integrator", AUDIENCE)
    good(await council.client(old).get("/me"))
    trusted.rotate("second")
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        new = trusted.token("integrator", AUDIENCE)
        # Its clock is real, ours two minutes ahead: well within the token's time.
        good(await council.client(new).get("/me"))
        problem(await council.client(old).get("/me"), 401, "token_signature")
    back = trusted.returns(await begun(browser), "margaret:analyst")
    assert (await browser.get(back)).status_code == 303


@ONE
async def test_a_code_without_the_verifier_of_its_challenge_is_worth_nothing(
    app: FastAPI, council: Council, trusted: RealProvider, browser: Browser
) -> None:
    back = trusted.returns(await begun(browser), "margaret:admin")
    secret = app.state.settings.secret_key.get_secret_value()
    attempt = code_flow.unseal(browser.http.cookies[ATTEMPT], secret, clock.now())
    assert attempt is not None
    other = replace(attempt, verifier=Attempt.new("ours", "/", clock.now()).verifier)
    browser.http.cookies.set(ATTEMPT, code_flow.seal(other, secret))
    problem(await browser.get(back), 403, "sign_in_refused")
    assert await refused(council) == ["code_refused"]
    problem(await browser.get("/api/v1/me"), 401, "credentials_missing")


@ONE
async def test_the_provider_demands_pkce(trusted: RealProvider, browser: Browser) -> None:
    """Else the test before would show nothing."""
    address = await begun(browser)
    bare = "&".join(part for part in address.split("&") if not part.startswith("code_challenge"))
    assert "error=invalid_request" in trusted.returns(bare, "margaret:admin")


@ONE
async def test_a_code_is_taken_once(
    council: Council, trusted: RealProvider, browser: Browser
) -> None:
    """Not even by the browser that has used it, with the attempt that it belonged to."""
    address = await begun(browser)
    sealed = browser.http.cookies[ATTEMPT]
    back = trusted.returns(address, "margaret:analyst")
    assert (await browser.get(back)).status_code == 303
    problem(await browser.get(back), 400, "sign_in_not_begun")
    browser.http.cookies.set(ATTEMPT, sealed)
    problem(await browser.get(back), 403, "sign_in_refused")
    assert await refused(council) == ["code_refused"]


@ONE
async def test_an_answer_to_somebody_elses_attempt_is_refused(
    app: FastAPI, council: Council, trusted: RealProvider, browser: Browser
) -> None:
    """Who is given a link with the attacker's code does not end up in the attacker's account."""
    attacker = Browser(app)
    back = trusted.returns(await begun(attacker), "mallory:admin")
    await attacker.close()
    problem(await browser.get(back), 400, "sign_in_not_begun")
    await begun(browser)
    problem(await browser.get(back), 403, "sign_in_refused")
    assert await refused(council) == ["state_mismatch"]


@ONE
async def test_somebody_whom_the_provider_does_not_know_is_refused(
    app: FastAPI, council: Council, trusted: RealProvider, browser: Browser
) -> None:
    back = trusted.returns(await begun(browser), None)
    assert "error=access_denied" in back
    problem(await browser.get(back), 403, "sign_in_refused")
    back = trusted.returns(await begun(browser), "margaret:guest")
    problem(await browser.get(back), 403, "sign_in_refused")
    await trust(app, provider(council, issuer=trusted.issuer, client_secret="wrong"))
    back = trusted.returns(await begun(browser), "margaret:admin")
    problem(await browser.get(back), 403, "sign_in_refused")
    assert await refused(council) == ["code_refused", "role_missing", "provider_refused"]
    assert SECRET not in str(await events(council))


# --- what no real provider would say ------------------------------------------------------------


@pytest.fixture
async def issuer(app: FastAPI, council: Council) -> Issuer:
    made_up = Issuer()
    await trust(app, provider(council), issuer=made_up)
    return made_up


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "of another attempt": ({"nonce": "else"}, "nonce_mismatch"),
    "of no attempt": ({"nonce": None}, "nonce_mismatch"),
    "for a program": ({"aud": AUDIENCE}, "id_token_claims"),
    "for two, from another client": (
        {"aud": ["pilotlight", "else"], "azp": "else"},
        "id_token_claims",
    ),
    "of another issuer": ({"iss": "https://else.test"}, "id_token_claims"),
    "expired": ({"exp": 1_700_000_000, "iat": 1_699_999_000}, "id_token_expired"),
    "of nobody": ({"sub": None}, "id_token_claims"),
    "by another key": ({"by": "own"}, "id_token_signature"),
}


@ONE
async def test_an_id_token_that_is_not_as_it_must_be_lets_nobody_in(
    council: Council, issuer: Issuer, browser: Browser, subtests: pytest.Subtests
) -> None:
    for what, (claims, reason) in WRONG.items():
        with subtests.test(what):
            problem(await browser.sign_in(issuer, "admin", **claims), 403, "sign_in_refused")
            assert (await refused(council))[0] == reason
            problem(await browser.get("/api/v1/me"), 401, "credentials_missing")
    assert (await browser.sign_in(issuer, "admin")).status_code == 303


@ONE
async def test_an_answer_that_names_another_issuer_is_refused(
    council: Council, issuer: Issuer, browser: Browser
) -> None:
    asked = await browser.begin()
    query = {"code": "code", "state": asked["state"], "iss": "https://else.test"}
    problem(await browser.get(CALLBACK, **query), 403, "sign_in_refused")
    issuer.document = {"authorization_response_iss_parameter_supported": True}
    await trust(council.app, provider(council), issuer=issuer)
    asked = await browser.begin()
    query = {"code": "code", "state": asked["state"]}
    problem(await browser.get(CALLBACK, **query), 403, "sign_in_refused")
    assert await refused(council) == ["issuer_mismatch"] * 2
    assert "/token" not in issuer.asked


@ONE
async def test_nobody_is_sent_elsewhere_after_signing_in(issuer: Issuer, browser: Browser) -> None:
    for elsewhere in (
        "https://evil.test",
        "//evil.test",
        "/\\evil.test",
        "/a\\b",
        "/%0d%0aSet-Cookie: x",
        "/a\r\nLocation: //evil.test",
        "\t//evil.test",
        "javascript:alert(1)",
        "evil.test",
        "",
        "/" + "x" * 501,
    ):
        answer = await browser.get("/auth/sign-in", return_to=elsewhere)
        assert answer.status_code == (303 if "%0d" in elsewhere and " " not in elsewhere else 422)
    assert issuer.asked == []


@ONE
async def test_an_attempt_can_be_neither_made_up_nor_kept(
    app: FastAPI, issuer: Issuer, browser: Browser
) -> None:
    asked = await browser.begin()
    query = {"code": "code", "state": asked["state"]}
    sealed = browser.http.cookies[ATTEMPT]
    assert asked["nonce"] not in sealed
    forged = code_flow.seal(Attempt.new("ours", "//evil.test", clock.now()), "another secret" * 4)
    # Not at its very end, where several letters stand for the same bytes.
    changed = sealed[:-5] + ("x" if sealed[-5] != "x" else "y") + sealed[-4:]
    for cookie in (forged, changed, "x", "x" * 5000, "a.b.c.d.e"):
        browser.http.cookies.set(ATTEMPT, cookie)
        problem(await browser.get(CALLBACK, **query), 400, "sign_in_not_begun")
    browser.http.cookies.set(ATTEMPT, sealed)
    with time_machine.travel(clock.now() + timedelta(minutes=11)):
        problem(await browser.get(CALLBACK, **query), 400, "sign_in_not_begun")


async def test_a_person_with_several_roles_begins_with_the_least_and_changes_it(
    council: Council, issuer: Issuer, browser: Browser
) -> None:
    assert (await browser.sign_in(issuer, "admin", "analyst", "guest")).status_code == 303
    me = await browser.me()
    assert (me["role"], me["roles"]) == ("analyst", ["analyst", "admin"])
    before = browser.http.cookies["pilotlight"]
    problem(await browser.submit("/auth/role", role="ict_manager"), 403, "role_missing")
    problem(await browser.submit("/auth/role", role="king"), 422, "unknown_role")
    problem(await browser.get("/api/v1/api-keys"), 403, "scope_missing")
    answer = await browser.submit("/auth/role", role="admin", return_to="/keys")
    assert (answer.status_code, answer.headers["location"]) == (303, "/keys")
    now = await browser.me()
    assert now["role"] == "admin"
    assert set(now["scopes"]) == SCOPES_OF_ROLE[Role.ADMIN]
    assert now["principal_id"] == me["principal_id"]
    assert now["csrf_token"] != me["csrf_token"]
    good(await browser.get("/api/v1/api-keys"))
    # The token of before the change opens nothing any more.
    browser.http.cookies.set("pilotlight", before)
    problem(await browser.get("/api/v1/me"), 401, "session_over")
    changed = (await events(council, "session.role_changed"))[0]
    assert changed["details"] == {"role": "admin"}


async def test_an_account_is_linked_to_the_one_who_is_meant(
    app: FastAPI, council: Council, issuer: Issuer, browser: Browser
) -> None:
    """By user name or HR number; to nobody where two are called alike, or who is called so has left."""
    admin = await council.admin()
    await people(admin, "E1", user_name="ada@council.test")
    await people(admin, "E2", "E3", user_name="twin@council.test")
    await people(admin, "E4", user_name="gone@council.test", left_on="2024-01-01")
    numbers = {p["person_id"]: p["external_id"] for p in good(await admin.get("/people"))["items"]}

    async def person(subject: str, name: Any, **claims: Any) -> str | None:
        answer = await browser.sign_in(
            issuer, "analyst", sub=subject, preferred_username=name, **claims
        )
        assert answer.status_code == 303, answer.text
        return numbers.get((await browser.me())["person_id"])

    assert await person("a", "ADA@council.test") == "E1"
    assert await person("a", "renamed@council.test") == "E1"
    assert await person("b", "twin@council.test") is None
    assert await person("c", "gone@council.test") is None
    assert await person("d", ["ada@council.test"]) is None
    await trust(
        app,
        provider(council, person_claim="employee", person_field="external_id"),
        issuer=issuer,
    )
    assert await person("e", "ada@council.test", employee="E3") == "E3"
    assert await person("f", "ada@council.test") is None


async def test_who_has_left_or_is_blocked_is_refused(
    council: Council, issuer: Issuer, browser: Browser
) -> None:
    admin = await council.admin()
    await people(admin, "E1", user_name="ada@council.test")
    who = {"preferred_username": "ada@council.test"}
    assert (await browser.sign_in(issuer, "analyst", **who)).status_code == 303
    me = await browser.me()
    await people(admin, "E1", left_on=clock.today("Europe/London").isoformat())
    problem(await browser.get("/api/v1/me"), 401, "session_over")
    problem(await browser.sign_in(issuer, "analyst", **who), 403, "sign_in_refused")
    await people(admin, "E1", left_on=None)
    assert (await browser.sign_in(issuer, "analyst", **who)).status_code == 303
    path = f"/accounts/{me['principal_id']}"
    good(await admin.patch(path, json={"is_blocked": True}))
    problem(await browser.get("/api/v1/me"), 401, "session_over")
    problem(await browser.sign_in(issuer, "analyst", **who), 403, "sign_in_refused")
    good(await admin.patch(path, json={"is_blocked": False}))
    problem(await browser.get("/api/v1/me"), 401, "session_over")
    assert await refused(council) == ["account_blocked", "person_has_left"]


@ONE
async def test_a_provider_that_is_down_is_told(
    council: Council, issuer: Issuer, browser: Browser
) -> None:
    asked = await browser.begin()
    issuer.down = True
    answer = await browser.get(CALLBACK, code="code", state=asked["state"])
    problem(answer, 503, "identity_provider_unavailable")
    assert await refused(council) == ["provider_unavailable"]
    await trust(council.app, provider(council), issuer=issuer)
    problem(await browser.get("/auth/sign-in"), 503, "identity_provider_unavailable")


@ONE
async def test_of_several_providers_one_is_named(
    app: FastAPI, council: Council, other_council: Council, browser: Browser
) -> None:
    problem(await browser.get("/auth/sign-in"), 404, "not_found")
    issuer = Issuer()
    theirs = provider(other_council, name="theirs", client_id="else", audience="urn:else")
    await trust(app, provider(council), theirs, issuer=issuer)
    problem(await browser.get("/auth/sign-in"), 404, "not_found")
    problem(await browser.get("/auth/sign-in", provider="none"), 404, "not_found")
    asked = await browser.begin(provider="theirs")
    assert asked["client_id"] == "else"
    issuer.id_token = issuer.token("admin", aud="else", nonce=asked["nonce"], sub="x")
    query = urlencode({"code": "code", "state": asked["state"]})
    assert (await browser.get(f"{CALLBACK}?{query}")).status_code == 303
    me = await browser.me()
    assert me["organisation_id"] == str(other_council.organisation.organisation_id)
    assert await events(council) == []
