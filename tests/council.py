"""A council to test with: an organisation, its keys, and a client for each role."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from app.access import service as access
from app.access.permissions import Role, Scope
from app.access.principals import Principal
from app.access.schemas import ApiKeyIn
from app.core.database import Database
from app.organisations import service as organisations
from app.organisations.models import Organisation

API = "/api/v1"


@dataclass
class Council:
    """An organisation as its clients see it."""

    app: FastAPI
    organisation: Organisation
    _keys: dict[str, str] = field(default_factory=dict)
    _clients: list[httpx.AsyncClient] = field(default_factory=list)

    @property
    def database(self) -> Database:
        database: Database = self.app.state.database
        return database

    @property
    def system(self) -> Principal:
        return Principal.system(self.organisation)

    async def key(
        self,
        role: Role | None = Role.ADMIN,
        *,
        scopes: Iterable[Scope] = (),
        person_id: UUID | None = None,
    ) -> str:
        """A new key."""
        wanted = ApiKeyIn(name="test", role=role, scopes=set(scopes), person_id=person_id)
        async with self.database.transaction() as session:
            _, key = await access.create_key(session, self.system, wanted)
        return key

    def client(self, key: str | None) -> httpx.AsyncClient:
        """A client that sends the key; it is closed with the council."""
        headers = {"Authorization": f"Bearer {key}"} if key is not None else {}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        client = httpx.AsyncClient(
            transport=transport, base_url="http://pilotlight.test" + API, headers=headers
        )
        self._clients.append(client)
        return client

    async def admin(self) -> httpx.AsyncClient:
        return self.client(await self.key())

    async def as_role(self, role: Role, **options: Any) -> httpx.AsyncClient:
        return self.client(await self.key(role, **options))

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()


async def found(app: FastAPI, name: str, *, is_simulated: bool = False) -> Council:
    """A new council."""
    database: Database = app.state.database
    async with database.transaction() as session:
        organisation = await organisations.create(session, name, is_simulated=is_simulated)
    return Council(app, organisation)


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem that an answer is, held against the status and code it must have."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["code"] == code, body
    assert body["status"] == status
    assert body["type"] == f"urn:pilotlight:problem:{code}"
    return body


def good(response: httpx.Response, status: int = 200) -> dict[str, Any]:
    """The body of an answer that must be a success."""
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    return body


PILOT: Mapping[str, Any] = {
    "code": "P-1",
    "name": "A pilot",
    "kind": "copilot_licences",
    "starts_on": "2024-04-01",
    "ends_on": "2024-08-19",
}


async def people(client: httpx.AsyncClient, *external_ids: str, **fields: Any) -> None:
    """Record people."""
    items = [{"external_id": external_id, **fields} for external_id in external_ids]
    result = good(await client.post("/people/bulk", json={"items": items}))
    assert result["rejected"] == 0, result


async def pilot(client: httpx.AsyncClient, *members: Mapping[str, Any], **fields: Any) -> str:
    """Set a pilot up with its members; returns its id."""
    created = good(await client.post("/pilots", json={**PILOT, **fields}), 201)
    pilot_id: str = created["pilot_id"]
    if members:
        result = good(
            await client.post(f"/pilots/{pilot_id}/members/bulk", json={"items": list(members)})
        )
        assert result["rejected"] == 0, result
    return pilot_id


def activity(external_id: str, day: str, **fields: Any) -> dict[str, Any]:
    """A row of licence activity."""
    return {
        "product": "Microsoft_365_Copilot",
        "person_external_id": external_id,
        "period_starts_on": day,
        "source": "test",
        **fields,
    }
