"""A directory that provisions: what it sends, and the one error shape that it is answered with."""

from collections.abc import Mapping
from typing import Any

import httpx

from app.access.permissions import Scope
from tests.council import Council

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SCIM_JSON = "application/scim+json"


async def directory(council: Council, key: str | None = None) -> httpx.AsyncClient:
    """A client of the protocol, with a key for it alone unless another is given."""
    client = council.client(key or await council.key(None, scopes=[Scope.SCIM_WRITE]))
    client.base_url = httpx.URL("http://pilotlight.test/scim/v2/")
    client.headers["Content-Type"] = SCIM_JSON
    return client


def user(user_name: str = "margaret@example.org", **attributes: Any) -> dict[str, Any]:
    """A user; `enterprise` is the extension."""
    extension = attributes.pop("enterprise", None)
    said = {"schemas": [USER], "userName": user_name, **attributes}
    return said | ({ENTERPRISE: extension} if extension is not None else {})


def operations(*parts: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a PATCH."""
    return {"schemas": [PATCH], "Operations": list(parts)}


def said(response: httpx.Response, status: int = 200) -> dict[str, Any]:
    """The body of an answer of the protocol that must be a success."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == SCIM_JSON
    body: dict[str, Any] = response.json()
    return body


def refused(response: httpx.Response, status: int, kind: str | None = None) -> str:
    """What a refusal says, held against the protocol's shape of errors."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == SCIM_JSON
    body = response.json()
    assert body["schemas"] == [ERROR]
    assert body["status"] == str(status)
    assert body.get("scimType") == kind, body
    detail: str = body["detail"]
    return detail


async def create_user(client: httpx.AsyncClient, user_name: str, **attributes: Any) -> str:
    """Have a user created; returns the id."""
    identity: str = said(await client.post("Users", json=user(user_name, **attributes)), 201)["id"]
    return identity


async def create_group(client: httpx.AsyncClient, name: str, *members: str, **fields: Any) -> str:
    """Have a group created; returns the id."""
    listed = [{"value": member} for member in members]
    body = {"schemas": [GROUP], "displayName": name, "members": listed, **fields}
    identity: str = said(await client.post("Groups", json=body), 201)["id"]
    return identity


async def replace_in(client: httpx.AsyncClient, identity: str, **values: Any) -> dict[str, Any]:
    """Have attributes of a user replaced; returns the user."""
    body = operations({"op": "replace", "value": values})
    return said(await client.patch(f"Users/{identity}", json=body))
