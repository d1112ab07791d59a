"""Who may do what: held against every route in the table."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import time_machine
from fastapi import APIRouter, FastAPI

from app.access.permissions import SCOPES_OF_ROLE, Role, Scope
from app.access.routing import ApiRoute
from app.access.service import new_key, organisation_of
from app.core import clock
from tests.council import Council, good, pilot, problem
from tests.routes import EVERY, LEADS_ALONE, ROUTES, Route
from tests.writes import Furnished, sent_to

# Scopes are held against routes before anything is asked of a database.
ONE_DATABASE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
_DEMANDED = {route.scopes for route in ROUTES}
# What anybody may see of the service itself; everything else states its permission.
PUBLIC = {"/", "/health/live", "/health/ready", "/internal/metrics", "/api/v1/openapi.json"}


async def test_every_address_that_needs_no_key_is_listed_here(app: FastAPI) -> None:
    async with Council(app, None).client(None) as client:  # type: ignore[arg-type]  # no organisation is needed
        client.base_url = "http://pilotlight.test"  # type: ignore[assignment]  # a str is taken
        for path in PUBLIC:
            assert (await client.get(path)).status_code == 200, path
        for route in ROUTES:
            answer = await client.request(route.method, "/api/v1" + route.at(str(uuid4())))
            problem(answer, 401, "credentials_missing")
            assert answer.headers["www-authenticate"] == "Bearer"


def test_a_route_that_states_no_permission_cannot_be_defined() -> None:
    router = APIRouter(route_class=ApiRoute)
    with pytest.raises(TypeError, match="does not state its access"):

        @router.get("/open")
        async def open_to_all() -> None: ...


def test_every_route_is_one_that_checks() -> None:
    assert len(ROUTES) > 20
    assert all(isinstance(route.route, ApiRoute) for route in ROUTES)


@ONE_DATABASE
async def test_every_route_refuses_every_key_without_all_of_its_scopes(council: Council) -> None:
    """Each key lacks one scope; a route that demands it refuses the key and names what it lacks."""
    others = set(Scope) - {Scope.ADMIN}  # which stands for all of them
    lacking = {scope: await council.key(None, scopes=others - {scope}) for scope in Scope}
    for route in ROUTES:
        for scope in route.scopes:
            client = council.client(lacking[scope])
            answer = await client.request(route.method, route.at(str(uuid4())))
            detail = problem(answer, 403, "scope_missing")["detail"]
            assert [named for named in route.scopes if named in detail] == [scope], route


@ONE_DATABASE
async def test_every_route_takes_a_key_with_all_of_its_scopes_and_no_other(
    council: Council,
) -> None:
    keys = {scopes: await council.key(None, scopes=scopes) for scopes in _DEMANDED if scopes}
    keys[Scope.ADMIN,] = await council.key(None, scopes=[Scope.ADMIN])
    for route in ROUTES:
        for scopes, key in keys.items():
            # Those with one scope are refused by the test above wherever it is not enough.
            allowed = Scope.ADMIN in scopes or set(route.scopes) <= set(scopes)
            if allowed or len(scopes) > 1:
                answer = await council.client(key).request(route.method, route.at(str(uuid4())))
                assert (answer.status_code in (401, 403)) != allowed, f"{scopes} on {route}"


@pytest.mark.parametrize(**EVERY)  # type: ignore[arg-type]  # the three arguments by name
@ONE_DATABASE
async def test_what_another_organisation_owns_does_not_exist(
    route: Route, furnished: Furnished
) -> None:
    """Neither by itself nor beneath what is ours; the same request about our own is answered."""
    if not route.owned:
        return
    client, ours, theirs = furnished.admin, furnished.ours, furnished.theirs
    request = {"headers": {"If-Match": "*"}, **sent_to(route, ours)}
    beneath = [{**ours, name: theirs[name]} for name in route.owned]
    for ids in (theirs, *beneath):
        answer = await client.request(route.method, route.of(ids), **request)
        problem(answer, 404, "not_found")
    answer = await client.request(route.method, route.of(ours), **request)
    if str(route) in LEADS_ALONE:
        problem(answer, 403, "pilot_lead_only")
    else:
        assert answer.is_success, answer.text


async def test_a_pilot_lead_reaches_its_own_pilots_alone(council: Council) -> None:
    admin = await council.admin()
    lead = good(await admin.post("/people", json={"external_id": "LEAD"}), 201)["person_id"]
    led = await pilot(admin, code="LED", lead_external_id="LEAD")
    foreign = await pilot(admin, code="FOREIGN")
    client = await council.as_role(Role.PILOT_LEAD, person_id=lead)
    made = await pilot(client, code="MADE")
    listed = [item["pilot_id"] for item in good(await client.get("/pilots"))["items"]]
    assert listed == [led, made]
    for path in ("", "/members", "/transitions", "/metrics/adoption"):
        good(await client.get(f"/pilots/{led}{path}"))
        problem(await client.get(f"/pilots/{foreign}{path}"), 404, "not_found")
    change = await client.patch(f"/pilots/{foreign}", json={"name": "x"}, headers={"If-Match": "*"})
    problem(change, 404, "not_found")


async def test_a_key_is_shown_once_and_kept_as_a_digest(council: Council, tmp_path: Path) -> None:
    admin = await council.admin()
    answer = await admin.post(
        "/api-keys",
        json={"name": "reader", "role": "analyst"},
        headers={"Idempotency-Key": "make-one"},
    )
    made = good(answer, 201)
    assert made["key"].startswith("plk_")
    assert made["hint"] == made["key"][-4:]
    listed = good(await admin.get("/api-keys"))["items"]
    assert "key" not in listed[-1]
    replay = await admin.post(
        "/api-keys",
        json={"name": "reader", "role": "analyst"},
        headers={"Idempotency-Key": "make-one"},
    )
    assert good(replay, 201) == {**made, "key": None}
    good(await council.client(made["key"]).get("/organisation"))
    async with council.database.engine.connect() as connection:
        for table in ("api_key", "idempotency_key", "audit_event"):
            rows = await connection.exec_driver_sql(
                f"SELECT * FROM {table} WHERE organisation_id IS NOT NULL"  # noqa: S608 - fixed names
            )
            assert made["key"] not in str(rows.all())


async def test_a_revoked_or_expired_or_made_up_key_opens_nothing(council: Council) -> None:
    admin = await council.admin()
    soon = (clock.now() + timedelta(hours=1)).isoformat()
    made = good(
        await admin.post("/api-keys", json={"name": "k", "role": "analyst", "expires_at": soon}),
        201,
    )
    client = council.client(made["key"])
    good(await client.get("/metrics"))
    with time_machine.travel(clock.now() + timedelta(hours=2), tick=True):
        problem(await client.get("/metrics"), 401, "key_expired")
    assert (await admin.delete(f"/api-keys/{made['key_id']}")).status_code == 204
    problem(await client.get("/metrics"), 401, "key_revoked")
    for forged in (
        new_key(council.organisation.organisation_id),
        "plk_x",
        "nonsense",
        "plk_" + "A" * 54,
    ):
        problem(await council.client(forged).get("/metrics"), 401, "credentials_unknown")


async def test_use_of_a_key_is_noted_within_five_minutes(council: Council) -> None:
    admin = await council.admin()
    first = good(await admin.get("/api-keys"))["items"][0]["last_used_at"]
    assert first is not None
    with time_machine.travel(clock.now() + timedelta(minutes=6), tick=True):
        assert good(await admin.get("/api-keys"))["items"][0]["last_used_at"] > first


async def test_a_key_for_somebody_unknown_or_with_neither_role_nor_scopes_is_refused(
    council: Council,
) -> None:
    admin = await council.admin()
    nobody = {"name": "k", "role": "pilot_lead", "person_id": str(uuid4())}
    problem(await admin.post("/api-keys", json=nobody), 422, "unknown_person")
    problem(await admin.post("/api-keys", json={"name": "k"}), 422, "invalid_input")
    past = {"name": "k", "role": "analyst", "expires_at": "2020-01-01T00:00:00Z"}
    problem(await admin.post("/api-keys", json=past), 422, "in_the_past")


def test_roles_hold_no_more_than_the_design_gives_them() -> None:
    reads = {Scope.PILOTS_READ, Scope.METRICS_READ, Scope.BENEFITS_READ}
    assert SCOPES_OF_ROLE[Role.ANALYST] == reads
    # Who verifies benefits claims none.
    assert SCOPES_OF_ROLE[Role.FINANCE] == reads | {Scope.BENEFITS_VERIFY}
    assert Scope.TIME_READ not in SCOPES_OF_ROLE[Role.ICT_MANAGER]
    assert not any(
        scope.endswith(":read") and scope != Scope.PILOTS_READ
        for scope in SCOPES_OF_ROLE[Role.INTEGRATOR]
    )
    for role, scopes in SCOPES_OF_ROLE.items():
        assert (Scope.ADMIN in scopes) == (role is Role.ADMIN)


def test_a_key_names_its_organisation() -> None:
    owner = uuid4()
    assert organisation_of(new_key(owner)) == owner
