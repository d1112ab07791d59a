"""SCIM: who may, how a refusal is told, and what the audit log says of it."""

from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from scim2_server.routing import ROUTES as PROTOCOL_ROUTES

from app.access.permissions import SCOPES_OF_ROLE, Role, Scope
from app.access.routing import ApiRoute
from tests.council import Council, good
from tests.scim import (
    GROUP,
    create_group,
    create_user,
    directory,
    operations,
    refused,
    said,
    user,
)
from tests.test_access import PUBLIC

PERSONAL = ("Margaret", "Housing", "margaret@example.org", "E-4711")


# Where people come in and go out: see test_sign_in and test_sessions.
IN_AND_OUT = {
    *("/auth/sign-in", "/auth/callback", "/auth/sign-out", "/auth/role", "/auth/demo-sign-in"),
    *("/dashboard/sign-in", "/dashboard/static/{name}", "/dashboard/static/charts/{name}"),
}


def test_every_address_of_the_service_states_its_access_or_is_public(app: FastAPI) -> None:
    found = {route.path_format: route for route in iter_route_contexts(app.routes)}
    assert "/scim/v2{path}" in found
    for path, context in found.items():
        assert path in PUBLIC | IN_AND_OUT or isinstance(context.original_route, ApiRoute), path


def _addresses() -> list[tuple[str, str]]:
    """Every address of the protocol, as the library has them."""
    ids = {"endpoint": "Users", "resource_id": str(uuid4())}
    return [(route.method, route.pattern.format_map(ids).strip("/")) for route in PROTOCOL_ROUTES]


async def test_no_address_of_the_protocol_answers_without_a_key_or_with_another_scope(
    council: Council,
) -> None:
    nobody = await directory(council, "plk_x")
    keys = {scope: await council.key(None, scopes=[scope]) for scope in Scope}
    for method, address in [*_addresses(), ("GET", "nowhere"), ("OPTIONS", "Users")]:
        for headers in ({}, {"Authorization": ""}):
            answer = await nobody.request(method, address, headers=headers)
            refused(answer, 401)
            assert answer.headers["www-authenticate"] == "Bearer"
        for scope, key in keys.items():
            client = await directory(council, key)
            answer = await client.request(method, address)
            assert (answer.status_code == 403) == (scope not in (Scope.SCIM_WRITE, Scope.ADMIN))
            if answer.status_code == 403:
                assert "scim:write" in refused(answer, 403)
    assert {role for role in Role if Scope.SCIM_WRITE in SCOPES_OF_ROLE[role]} == {Role.ADMIN}


async def test_what_another_organisation_has_is_not_found(
    council: Council, other_council: Council
) -> None:
    ours, theirs = await directory(council), await directory(other_council)
    foreign = await create_user(theirs, "m@example.org", externalId="entra-1")
    group = await create_group(theirs, "North", foreign)
    mine = await create_user(ours, "m@example.org", externalId="entra-1")
    assert mine != foreign
    body = operations({"op": "replace", "path": "displayName", "value": "x"})
    for address in (f"Users/{foreign}", f"Groups/{group}", f"Users/{group}"):
        for method, sent in (("GET", None), ("PATCH", body), ("DELETE", None)):
            refused(await ours.request(method, address, json=sent), 404)
    refused(await ours.put(f"Users/{foreign}", json=user("x@example.org")), 404)
    assert said(await ours.get(""))["totalResults"] == 1
    wanted = {"filter": f'id eq "{foreign}"'}
    assert said(await ours.get("Users", params=wanted))["totalResults"] == 0
    assert said(await theirs.get(f"Users/{foreign}"))["userName"] == "m@example.org"


async def test_refusals_have_one_shape_and_repeat_nothing(council: Council) -> None:
    client = await directory(council)
    identity = await create_user(client, "m@example.org")
    long, bad = "Margaret" * 60, f"Users/{identity}"
    path = 'emails[value eq "Margaret'
    wrong: list[tuple[str, str, Any, int, str | None]] = [
        ("POST", "Users", user(long), 400, "invalidValue"),
        ("POST", "Users", user("Mar\x00garet"), 400, "invalidValue"),
        ("POST", "Users", user("x", active="Margaret"), 400, "invalidValue"),
        ("POST", "Users", {"schemas": ["Margaret"]}, 400, "invalidValue"),
        ("POST", "Users", user("x", nickName="Margaret" * 9000), 413, None),
        ("POST", "Groups", {"schemas": [GROUP]}, 400, "invalidValue"),
        ("PATCH", bad, operations({"op": "Margaret"}), 400, "invalidValue"),
        ("PATCH", bad, operations({"op": "add", "path": path, "value": 1}), 400, "invalidPath"),
        (
            "PATCH",
            bad,
            operations({"op": "replace", "path": "id", "value": "M"}),
            400,
            "mutability",
        ),
        ("PATCH", bad, operations({"op": "remove"}), 400, "noTarget"),
        ("POST", "Bulk", {"Operations": []}, 501, None),
        ("GET", "Me", None, 501, None),
        ("GET", "Margaret", None, 404, None),
        ("GET", "Users/Margaret", None, 404, None),
        ("GET", "Users?filter=Margaret", None, 400, "invalidFilter"),
        ("GET", 'Users?filter=active eq "Margaret"', None, 400, "invalidFilter"),
        ("GET", "Users?sortBy=margaret", None, 400, "invalidPath"),
        ("POST", "Schemas", {}, 405, None),
        ("HEAD", "Users", None, 405, None),
    ]
    for method, address, body, status, kind in wrong:
        answer = await client.request(method, address, json=body)
        if method == "HEAD":
            assert answer.status_code == status
        else:
            assert "argaret" not in refused(answer, status, kind), address
    assert "POST" in (await client.request("PUT", "Users")).headers["allow"]
    broken = await client.post("Users", content=b"{", headers={"Content-Type": "application/json"})
    refused(broken, 400, "invalidSyntax")
    deep = await client.post("Users", content=b'{"manager":' + b"[" * 100_000)
    refused(deep, 400, "invalidSyntax")
    refused(await client.post("Users", content=b"x", headers={"Content-Type": "text/csv"}), 415)
    refused(await client.post("Users", content=b" " * 1_048_577), 413)
    assert said(await client.get("Users"))["totalResults"] == 1


async def _events(admin: httpx.AsyncClient) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = good(await admin.get("/audit-events?limit=200"))["items"]
    return items


_EXTENSION = {"employeeNumber": "E-4711", "department": "Housing"}
_WHOLE = user("margaret@example.org", displayName="Margaret", enterprise=_EXTENSION)
_RENAMED = {"op": "replace", "path": "displayName", "value": "Housing"}
_EMAILS = {"op": "add", "path": "emails", "value": [{"value": "margaret@example.org"}]}
_CHANGED, _GROUP_CHANGED = "person.changed", "directory_group.changed"
_BACK = ["department", "directory_user", "display_name", "left_on", "user_name"]


async def test_every_write_leaves_one_event_without_personal_values(council: Council) -> None:
    admin, client = await council.admin(), await directory(council)
    made = said(await client.post("Users", json=_WHOLE), 201)["id"]
    group = await create_group(client, "Margaret")
    one, all_in = f"Users/{made}", f"Groups/{group}"
    member = {"op": "add", "path": "members", "value": [{"value": made}]}
    left = ["active", "emails", "left_on"]
    writes: list[tuple[str, str, Any, str, dict[str, Any]]] = [
        ("PATCH", one, _EMAILS, _CHANGED, {"fields": ["emails"]}),
        ("PUT", one, {**_WHOLE, "active": False}, _CHANGED, {"fields": left}),
        ("PATCH", all_in, member, _GROUP_CHANGED, {"fields": [], "added": 1}),
        ("PATCH", all_in, _RENAMED, _GROUP_CHANGED, {"fields": ["display_name"]}),
        ("DELETE", all_in, None, "directory_group.deleted", {"fields": [], "removed": 1}),
        ("DELETE", one, None, _CHANGED, {"fields": ["directory_user"]}),
        ("POST", "Users", _WHOLE, _CHANGED, {"fields": _BACK}),
    ]
    for method, address, body, action, details in writes:
        before = len(await _events(admin))
        sent = operations(body) if method == "PATCH" else body
        assert (await client.request(method, address, json=sent)).is_success
        (event, *_), after = await _events(admin), len(await _events(admin))
        assert (after - before, event["action"], event["details"]) == (1, action, details)
        assert event["principal_kind"] == "api_key"
    assert not [word for word in PERSONAL if word in str(await _events(admin))]


async def test_what_changes_nothing_leaves_no_event(council: Council) -> None:
    admin, client = await council.admin(), await directory(council)
    made = await create_user(client, "m@example.org", active=True, displayName="M")
    group = await create_group(client, "North", made)
    before = await _events(admin)
    same = {"op": "replace", "value": {"active": "True", "displayName": "M"}}
    there = {"op": "add", "path": "members", "value": [{"value": made}]}
    said(await client.patch(f"Users/{made}", json=operations(same)))
    assert (await client.patch(f"Groups/{group}", json=operations(there))).status_code == 204
    refused(await client.post("Users", json=user("m@example.org")), 409, "uniqueness")
    assert await _events(admin) == before


async def test_a_create_may_be_repeated_with_its_idempotency_key(council: Council) -> None:
    client = await directory(council)
    headers = {"Idempotency-Key": "one"}
    first = await client.post("Users", json=user(), headers=headers)
    again = await client.post("Users", json=user(), headers=headers)
    assert said(again, 201) == said(first, 201)
    assert again.headers["idempotency-replayed"] == "true"
    other = await client.post("Users", json=user("x@example.org"), headers=headers)
    refused(other, 400)
