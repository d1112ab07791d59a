"""Every role, by every way in, on every route, about what is not theirs: nothing is read, nothing is written."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from app.access.permissions import SCOPES_OF_ROLE, Role, Scope
from app.core.models import GLOBAL_TABLES
from app.main import create_app
from app.tables import metadata
from tests.council import API, Council, good, people, pilot, problem
from tests.databases import settings_for
from tests.identity import PUBLIC_URL, Browser, Issuer, provider, trust
from tests.routes import ROUTES, Route
from tests.writes import Furnished, sent_to

SPECIFICATION = create_app(settings_for("sqlite://")).openapi()
TABLES = [table for table in metadata.sorted_tables if table.name not in GLOBAL_TABLES]
LEAD = "LEAD"

# What belongs to a pilot: out of a lead's reach with it.
OF_A_PILOT = frozenset({"pilot_id", "session_id", "batch_id"})

# A client in a role, by one of the ways in; a lead is the person with this id.
WayIn = Callable[[Role, UUID], Awaitable[httpx.AsyncClient]]


@pytest.fixture(params=["key", "session", "token"])
async def way_in(request: pytest.FixtureRequest, furnished: Furnished) -> WayIn:
    council, issuer = furnished.council, Issuer()
    await trust(council.app, provider(council), issuer=issuer)

    async def by_key(role: Role, lead: UUID) -> httpx.AsyncClient:
        return await council.as_role(role, person_id=lead if role is Role.PILOT_LEAD else None)

    async def by_session(role: Role, _lead: UUID) -> httpx.AsyncClient:
        browser = Browser(council.app)
        name = f"{LEAD}@council.test" if role is Role.PILOT_LEAD else None
        answer = await browser.sign_in(issuer, role, sub=role, preferred_username=name)
        assert answer.status_code == 303, answer.text
        client = council.client(None)
        client.cookies.set("pilotlight", browser.http.cookies["pilotlight"])
        client.headers.update({"Origin": PUBLIC_URL, "X-CSRF-Token": await browser.forgery_token()})
        await browser.close()
        return client

    async def by_token(role: Role, lead: UUID) -> httpx.AsyncClient:
        if role is Role.PILOT_LEAD:  # a person first, who then sends a token
            await by_session(role, lead)
        return council.client(issuer.token(role, sub=role))

    ways: dict[str, WayIn] = {"key": by_key, "session": by_session, "token": by_token}
    return ways[request.param]


def _may(role: Role, route: Route) -> bool:
    return Scope.ADMIN in SCOPES_OF_ROLE[role] or SCOPES_OF_ROLE[role].issuperset(route.scopes)


async def _rows(council: Council, organisation_id: UUID) -> dict[str, list[Any]]:
    """Everything that an organisation has, by table."""
    found = {}
    async with council.database.engine.connect() as connection:
        for table in TABLES:
            rows = await connection.execute(
                select(table).where(table.c.organisation_id == organisation_id)
            )
            found[table.name] = sorted(map(str, rows.all()))
    return found


async def _of_pilot(council: Council, pilot_id: str) -> dict[str, list[Any]]:
    """Everything that belongs to one of our pilots, and how its batches stand."""
    every = await _rows(council, council.organisation.organisation_id)
    return {
        name: [row for row in rows if pilot_id in row]
        for name, rows in every.items()
        if name != "audit_event"
    } | {"import_batch": every["import_batch"]}


def _uuid_fields(route: Route) -> Iterator[tuple[str, str]]:
    """`query` or `body`, and the name, of whatever in a request names something by its id."""
    operation = SPECIFICATION["paths"][API + route.path][route.method.lower()]
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "query" and parameter["schema"].get("format") == "uuid":
            yield "query", parameter["name"]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    schema = SPECIFICATION["components"]["schemas"].get(name, {})
    for field, kind in schema.get("properties", {}).items():
        if any(k.get("format") == "uuid" for k in (kind, *kind.get("anyOf", ()))):
            yield "body", field


def _naming(
    route: Route, ours: Mapping[str, str], theirs: Mapping[str, str]
) -> Iterator[tuple[dict[str, Any], bool]]:
    """Right requests about what is ours with an id within that is theirs; whether they must be refused."""
    sent = sent_to(route, ours)
    for place, name in _uuid_fields(route):
        foreign = theirs.get(name, theirs["pilot_id"])
        if place == "query":
            yield {"params": {**sent.get("params", {}), name: foreign}}, False
        else:
            yield {"json": {**sent["json"], name: foreign}}, True
    if sent_to(route, theirs) != sent:
        yield sent_to(route, theirs), False


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_no_role_reaches_another_organisation(
    furnished: Furnished, way_in: WayIn, subtests: pytest.Subtests
) -> None:
    council, other_council = furnished.council, furnished.other_council
    lead = await _lead(furnished.admin)
    before = await _rows(council, other_council.organisation.organisation_id)
    for role in Role:
        with subtests.test(role.value):
            client = await way_in(role, lead)
            for route in ROUTES:
                await _ask_beyond(client, role, route, furnished.ours, furnished.theirs)
    assert await _rows(council, other_council.organisation.organisation_id) == before


async def _ask_beyond(
    client: httpx.AsyncClient,
    role: Role,
    route: Route,
    ours: Mapping[str, str],
    theirs: Mapping[str, str],
) -> None:
    """Ask a route for what is theirs in every place where it takes an id, and for what it lists."""
    headers = {"If-Match": "*"}
    refusal = (404, "not_found") if _may(role, route) else (403, "scope_missing")
    # All of the path theirs, and each part of it beneath what is ours.
    beneath = [{**ours, name: theirs[name]} for name in route.owned]
    for ids in (theirs, *beneath) if route.owned else ():
        sent = sent_to(route, ids)
        answer = await client.request(route.method, route.of(ids), headers=headers, **sent)
        problem(answer, *refusal)
    for sent, is_refused in _naming(route, ours, theirs):
        answer = await client.request(route.method, route.of(ours), headers=headers, **sent)
        assert answer.status_code < 500, answer.text
        assert answer.is_error or not is_refused, f"{route}: {answer.text}"
    if not route.writes and not route.owned:
        answer = await client.get(route.path, params=sent_to(route, ours).get("params"))
        assert answer.is_success == _may(role, route), f"{route}: {answer.text}"
        marks = {"Other Council", *theirs.values()} - {theirs["job"]}
        assert not [mark for mark in marks if mark in answer.text], route


async def _lead(admin: httpx.AsyncClient) -> UUID:
    """Somebody who leads pilots; returns their id."""
    await people(admin, LEAD, user_name=f"{LEAD}@council.test")
    listed = good(await admin.get("/people", params={"external_id": LEAD}))["items"]
    return UUID(listed[0]["person_id"])


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_lead_reaches_no_pilot_of_somebody_else(
    furnished: Furnished, way_in: WayIn
) -> None:
    """Neither by itself, nor what belongs to it beneath a pilot that the lead does reach."""
    council, admin, ours = furnished.council, furnished.admin, furnished.ours
    lead = await _lead(admin)
    led = await pilot(admin, code="LED", lead_external_id=LEAD)
    client = await way_in(Role.PILOT_LEAD, lead)
    good(await client.get(f"/pilots/{led}"))
    before = await _of_pilot(council, ours["pilot_id"])
    headers, asked = {"If-Match": "*"}, 0
    for route in ROUTES:
        foreign = OF_A_PILOT & set(route.owned)
        ways = [ours] if foreign else []
        if foreign - {"pilot_id"} and "pilot_id" in foreign:
            ways.append({**ours, "pilot_id": led})
        for ids in ways:
            answer = await client.request(
                route.method, route.of(ids), headers=headers, **sent_to(route, ids)
            )
            if _may(Role.PILOT_LEAD, route):
                problem(answer, 404, "not_found")
            else:
                problem(answer, 403, "scope_missing")
            asked += 1
        if not route.writes and not route.owned:
            answer = await client.get(route.path, params=sent_to(route, ours).get("params"))
            shown = [name for name in OF_A_PILOT if ours[name] in answer.text]
            assert not shown, f"{route}: {shown}"
            asked += 1
    assert asked > 30
    assert await _of_pilot(council, ours["pilot_id"]) == before
