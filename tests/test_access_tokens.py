"""Access tokens of programs: which are taken, as whom, and which are not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from fastapi import FastAPI

from app.access.identity.tokens import MAX_TOKEN
from app.access.permissions import SCOPES_OF_ROLE, Role
from app.core import clock
from app.core.logging import configure_logging
from tests.council import Council, good, pilot, problem
from tests.identity import (
    AUDIENCE,
    Issuer,
    events,
    key,
    provider,
    signed_by_hand,
    signed_by_public_key,
    trust,
    unsigned,
)

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
async def issuer(app: FastAPI, council: Council) -> Issuer:
    made_up = Issuer(published=[key("first"), key("curve", "EC")])
    await trust(app, provider(council), issuer=made_up)
    return made_up


async def ask(council: Council, token: str, path: str = "/me") -> Any:
    return await council.client(token).get(path)


async def test_a_program_acts_in_the_role_of_its_token(council: Council, issuer: Issuer) -> None:
    for role in Role:
        me = good(await ask(council, issuer.token(role, sub=f"program-{role}")))
        assert me["kind"] == "program"
        assert me["role"] == role
        assert me["roles"] == [role]
        assert set(me["scopes"]) == SCOPES_OF_ROLE[role]
        assert me["organisation_id"] == str(council.organisation.organisation_id)
        assert me["csrf_token"] is me["session_expires_at"] is me["person_id"] is None


async def test_it_is_the_same_principal_with_every_token(council: Council, issuer: Issuer) -> None:
    """One event says that it came; its writes and Idempotency-Keys are its own."""
    first = good(await ask(council, issuer.token("integrator", azp="timesheets")))
    later = good(await ask(council, issuer.token("admin")))
    other = good(await ask(council, issuer.token("admin", sub="another")))
    assert first["principal_id"] == later["principal_id"] != other["principal_id"]
    created = await events(council, "account.created")
    assert [event["resource_id"] for event in created] == [
        other["principal_id"],
        first["principal_id"],
    ]
    client = council.client(issuer.token("admin"))
    good(await client.post("/people", json={"external_id": "E1"}), 201)
    (written,) = await events(council, "person.created")
    assert (written["principal_kind"], written["principal_id"]) == (
        "program",
        first["principal_id"],
    )
    listed = good(await client.get("/accounts"))["items"]
    assert [(a["name"], a["kind"], a["issuer"]) for a in listed] == [
        ("timesheets", "program", issuer.address),
        (None, "program", issuer.address),
    ]


@ONE
@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256"])
@pytest.mark.parametrize("audience", [AUDIENCE, ["urn:else", AUDIENCE]])
async def test_good_signatures_and_audiences_are_taken(
    council: Council, issuer: Issuer, algorithm: str, audience: Any
) -> None:
    by = key("curve", "EC") if algorithm == "ES256" else key("first")
    claims = issuer.claims("analyst", aud=audience)
    for header in ({"kid": by.kid}, {"kid": by.kid, "typ": "at+jwt", "x-own": 1}, {"kid": None}):
        token = issuer.sign(claims, by, alg=algorithm, **header)
        assert good(await ask(council, token))["role"] == "analyst"


def _tampered(issuer: Issuer) -> str:
    header, _, signature = issuer.token("analyst").split(".")
    _, claims, _ = issuer.token("admin").split(".")
    return f"{header}.{claims}.{signature}"


_PLAIN = {"alg": "RS256", "kid": "first"}

# By what is wrong: how it is made, and the code that it is refused with.
WRONG: dict[str, tuple[Callable[[Issuer], str], str]] = {
    "expired": (lambda i: i.token("admin", exp=int(clock.now().timestamp()) - 61), "token_expired"),
    "not yet": (lambda i: i.token("admin", nbf=int(clock.now().timestamp()) + 90), "token_claims"),
    "of tomorrow": (
        lambda i: i.token("admin", iat=int(clock.now().timestamp()) + 90),
        "token_claims",
    ),
    "for another service": (lambda i: i.token("admin", aud="urn:else"), "token_audience"),
    "for nobody": (lambda i: i.token("admin", aud=None), "token_audience"),
    "of another issuer": (lambda i: i.token("admin", iss="https://else.test"), "token_issuer"),
    "of an issuer that is no text": (lambda i: i.token("admin", iss=["x"]), "token_malformed"),
    "never expires": (lambda i: i.token("admin", exp=None), "token_claims"),
    "expires as text": (lambda i: i.token("admin", exp="2999"), "token_claims"),
    "lives for a year": (
        lambda i: i.token("admin", exp=int(clock.now().timestamp()) + 365 * 86400),
        "token_claims",
    ),
    "without a date": (lambda i: i.token("admin", iat=None), "token_claims"),
    "of nobody": (lambda i: i.token("admin", sub=None), "token_claims"),
    "of a list": (lambda i: i.token("admin", sub=["a"]), "token_claims"),
    "of a long subject": (lambda i: i.token("admin", sub="s" * 256), "token_claims"),
    "an ID token": (lambda i: i.token("admin", nonce="n"), "token_claims"),
    "an ID token of a code": (lambda i: i.token("admin", at_hash="h"), "token_claims"),
    "unsigned": (lambda i: unsigned({"alg": "none"}, i.claims("admin")), "token_algorithm"),
    "unsigned with a key": (
        lambda i: unsigned({**_PLAIN, "alg": "none"}, i.claims("admin")),
        "token_algorithm",
    ),
    "unsigned in capitals": (
        lambda i: unsigned({**_PLAIN, "alg": "NONE"}, i.claims("admin")),
        "token_algorithm",
    ),
    "signed by nothing": (lambda i: unsigned(_PLAIN, i.claims("admin")), "token_signature"),
    "signed by a public key": (
        lambda i: signed_by_public_key(_PLAIN, i.claims("admin")),
        "token_algorithm",
    ),
    "of a weaker algorithm": (
        lambda i: i.sign(i.claims("admin"), key("first"), kid="first", alg="RS384"),
        "token_algorithm",
    ),
    "of an algorithm of another kind of key": (
        lambda i: unsigned({"alg": "ES256", "kid": "first"}, i.claims("admin"), b"x" * 64),
        "token_signature",
    ),
    "of an algorithm that is a list": (
        lambda i: unsigned({**_PLAIN, "alg": ["RS256"]}, i.claims("admin")),
        "token_algorithm",
    ),
    "by a key that is not published": (lambda i: i.token("admin", by="own"), "token_signature"),
    "by a key under another's name": (
        lambda i: i.sign(i.claims("admin"), key("own"), kid="first"),
        "token_signature",
    ),
    "by a key that it brings along": (
        lambda i: i.sign(i.claims("admin"), key("own"), kid="own", jwk=key("own").as_dict()),
        "token_signature",
    ),
    "with an extension that must be understood": (
        lambda i: signed_by_hand({**_PLAIN, "crit": ["own"], "own": 1}, i.claims("admin")),
        "token_malformed",
    ),
    "changed after it was signed": (_tampered, "token_signature"),
    "not JSON": (lambda _: "a.b.c", "token_malformed"),
    "empty": (lambda _: "..", "token_malformed"),
    "a list": (lambda _: unsigned([], []), "token_malformed"),  # type: ignore[arg-type]  # as it should not be
    "too long": (lambda i: i.token("admin", more="x" * MAX_TOKEN), "token_malformed"),
}


@ONE
async def test_wrong_tokens_are_refused_and_leave_nothing(
    council: Council, issuer: Issuer, subtests: pytest.Subtests
) -> None:
    for what, (make, code) in WRONG.items():
        with subtests.test(what):
            token = make(issuer)
            answer = await ask(council, token)
            problem(answer, 401, code)
            assert answer.headers["www-authenticate"] == "Bearer"
            assert token.split(".")[1] not in answer.text or len(token) < 10
    assert await events(council) == []


@ONE
async def test_clocks_may_differ_by_a_minute_and_no_more(council: Council, issuer: Issuer) -> None:
    now = int(clock.now().timestamp())
    token = issuer.token("analyst", exp=now + 600)
    for seconds, status in ((600 + 55, 200), (600 + 65, 401), (-55, 200), (-65, 401)):
        with time_machine.travel(clock.now() + timedelta(seconds=seconds)):
            assert (await ask(council, token)).status_code == status, seconds


@ONE
async def test_a_token_needs_exactly_one_role_and_groups_are_none(
    app: FastAPI, council: Council, issuer: Issuer
) -> None:
    for claims in (
        {"roles": []},
        {"roles": None},
        {"roles": "admin"},
        {"roles": {"admin": 1}},
        {"roles": [1, None, "nobody"]},
        {"roles": None, "groups": ["admin"], "wids": ["admin"], "scp": "admin"},
    ):
        problem(await ask(council, issuer.token(**claims)), 403, "role_missing")
    problem(await ask(council, issuer.token("admin", "analyst")), 403, "roles_ambiguous")
    assert await events(council) == []
    mapped = provider(council, roles={"Pilotlight.Reader": "analyst"})
    await trust(app, mapped, issuer=issuer)
    reader = good(await ask(council, issuer.token("Pilotlight.Reader", "Else.Admin")))
    assert reader["role"] == "analyst"
    # Where roles are mapped, those that are not are none, whatever they are called.
    problem(await ask(council, issuer.token("admin")), 403, "role_missing")


@ONE
async def test_a_key_that_the_issuer_has_changed_is_taken_at_once(
    council: Council, issuer: Issuer
) -> None:
    with time_machine.travel(clock.now(), tick=False) as now:
        good(await ask(council, issuer.token("analyst")))
        issuer.published = [key("second"), *issuer.published]
        now.shift(timedelta(minutes=2))
        good(await ask(council, issuer.token("analyst", by="second")))
        good(await ask(council, issuer.token("analyst")))
        issuer.published = [key("second")]
        now.shift(timedelta(minutes=61))
        problem(await ask(council, issuer.token("analyst")), 401, "token_signature")
        good(await ask(council, issuer.token("analyst", by="second")))
        assert issuer.asked.count("/keys") == 3


@ONE
async def test_made_up_key_ids_do_not_turn_us_against_the_issuer(
    council: Council, issuer: Issuer
) -> None:
    with time_machine.travel(clock.now(), tick=False) as now:
        for _ in range(3):
            for _ in range(5):
                token = issuer.sign(issuer.claims("admin"), key("own"), kid=str(uuid4()))
                problem(await ask(council, token), 401, "token_signature")
            now.shift(timedelta(seconds=61))
        assert issuer.asked.count("/keys") == 3


@ONE
async def test_an_issuer_that_is_down_is_trusted_for_a_day(
    council: Council, issuer: Issuer
) -> None:
    with time_machine.travel(clock.now(), tick=False) as now:
        issuer.down = True
        answer = await ask(council, issuer.token("analyst"))
        problem(answer, 503, "identity_provider_unavailable")
        assert answer.headers["retry-after"]
        issuer.down = False
        now.shift(timedelta(minutes=2))
        good(await ask(council, issuer.token("analyst")))
        issuer.down = True
        now.shift(timedelta(hours=23))
        good(await ask(council, issuer.token("analyst")))
        now.shift(timedelta(hours=2))
        problem(await ask(council, issuer.token("analyst")), 503, "identity_provider_unavailable")


@ONE
@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://else.test"},
        {"jwks_uri": "http://issuer.test/keys"},
        {"jwks_uri": "http://127.0.0.1/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
        {"token_endpoint": "https://user:password@issuer.test/token"},
    ],
)
async def test_an_issuer_that_sends_us_elsewhere_is_not_followed(
    council: Council, issuer: Issuer, document: dict[str, Any]
) -> None:
    issuer.document = document
    answer = await ask(council, issuer.token("analyst"))
    problem(answer, 503, "identity_provider_unavailable")
    assert issuer.asked == ["/.well-known/openid-configuration"]


async def test_issuer_and_audience_lead_to_one_organisation(
    app: FastAPI, council: Council, other_council: Council
) -> None:
    """Two councils may share an issuer; what one of them knows of a program is not the other's."""
    issuer = Issuer()
    theirs = provider(other_council, name="theirs", audience="urn:theirs")
    await trust(app, provider(council), theirs, issuer=issuer)
    ours = good(await ask(council, issuer.token("admin")))
    other = good(await ask(council, issuer.token("admin", aud="urn:theirs")))
    assert ours["organisation_id"] == str(council.organisation.organisation_id)
    assert other["organisation_id"] == str(other_council.organisation.organisation_id)
    assert ours["principal_id"] != other["principal_id"]
    theirs_alone = f"/accounts/{other['principal_id']}"
    problem(await ask(council, issuer.token("admin"), theirs_alone), 404, "not_found")


async def test_a_program_that_leads_reaches_the_pilots_that_it_made(
    council: Council, issuer: Issuer
) -> None:
    """Whatever its token says about pilots."""
    admin = await council.admin()
    foreign = await pilot(admin, code="FOREIGN")
    client = council.client(issuer.token("pilot_lead", pilot_id=foreign, pilots=[foreign]))
    made = await pilot(client, code="MADE")
    listed = good(await client.get("/pilots"))["items"]
    assert [item["pilot_id"] for item in listed] == [made]
    problem(await client.get(f"/pilots/{foreign}"), 404, "not_found")


async def test_a_blocked_account_opens_nothing(council: Council, issuer: Issuer) -> None:
    client = council.client(issuer.token("analyst"))
    account = good(await client.get("/me"))["principal_id"]
    admin = await council.admin()
    found = await admin.get(f"/accounts/{account}")
    stale = {"If-Match": found.headers["etag"]}
    path = f"/accounts/{account}"
    good(await admin.patch(path, json={"is_blocked": True}, headers=stale))
    problem(await client.get("/me"), 401, "account_blocked")
    problem(
        await admin.patch(path, json={"is_blocked": False}, headers=stale),
        412,
        "precondition_failed",
    )
    good(await admin.patch(path, json={"is_blocked": False}))
    good(await client.get("/me"))


@ONE
async def test_no_token_is_logged(
    app: FastAPI, council: Council, issuer: Issuer, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(app.state.settings.model_copy(update={"log_level": "debug"}))
    token = issuer.token("analyst")
    good(await ask(council, token))
    problem(await ask(council, token + "x"), 401, "token_signature")
    logged = capsys.readouterr().err
    assert '"route": "/api/v1/me"' in logged
    assert not [part for part in token.split(".") if part in logged]


@ONE
async def test_without_a_provider_no_token_is_taken(council: Council) -> None:
    problem(await ask(council, Issuer().token("admin")), 401, "token_issuer")
