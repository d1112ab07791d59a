"""Identity providers to test with: a made-up one that signs whatever it is told to, and a browser."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry
from pydantic import SecretStr

from app.access.identity.outgoing import Outgoing
from app.access.identity.providers import Identity
from app.access.permissions import Role
from app.core import clock
from app.core.identity_providers import IdentityProvider
from tests.council import Council

PUBLIC_URL = "http://127.0.0.1:8000"
AUDIENCE = "urn:pilotlight"
SECRET = "of/the:tests+alone %&"
CALLBACK = "/auth/callback"


@cache
def key(kid: str, kind: str = "RSA") -> RSAKey | ECKey:
    """A key by its name; making one takes a tenth of a second, so each is made once."""
    if kind == "EC":
        return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


def encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unsigned(header: Mapping[str, Any], claims: Mapping[str, Any], signature: bytes = b"") -> str:
    """A token put together by hand, as no library would."""
    return f"{encoded(header)}.{encoded(claims)}.{encoded(signature)}"


def signed_by_public_key(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """HMAC with what everybody knows: the published key, as text."""
    unfinished = unsigned({**header, "alg": "HS256"}, claims).rpartition(".")[0]
    secret = key("first").as_pem(private=False)
    return f"{unfinished}.{encoded(hmac.digest(secret, unfinished.encode(), hashlib.sha256))}"


def signed_by_hand(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """Signed by the right key, with a header that no library would write."""
    unfinished = unsigned(header, claims).rpartition(".")[0]
    private: Any = key("first").raw_value
    signature = private.sign(unfinished.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{unfinished}.{encoded(signature)}"


@dataclass
class Issuer:
    """An identity provider that signs what it is told, and publishes the keys that it is told."""

    address: str = "https://issuer.test"
    published: list[RSAKey | ECKey] = field(default_factory=lambda: [key("first")])
    # What the token endpoint answers with; None where it knows no code.
    id_token: str | None = None
    down: bool = False
    asked: list[str] = field(default_factory=list)
    document: dict[str, Any] = field(default_factory=dict)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What is said to a request of the service's."""
        self.asked.append(request.url.path)
        if self.down:
            raise httpx.ConnectError("down")
        if request.url.path == "/.well-known/openid-configuration":
            return httpx.Response(200, json=self.metadata | self.document)
        if request.url.path == "/keys":
            return httpx.Response(200, json={"keys": [k.as_dict() for k in self.published]})
        if self.id_token is None:
            return httpx.Response(400, json={"error": "invalid_grant"})
        return httpx.Response(200, json={"id_token": self.id_token})

    @property
    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.address,
            "authorization_endpoint": self.address + "/authorize",
            "token_endpoint": self.address + "/token",
            "jwks_uri": self.address + "/keys",
        }

    def claims(self, *roles: str, **more: Any) -> dict[str, Any]:
        """Claims of a good access token, with these roles; `None` takes one out."""
        now = int(clock.now().timestamp())
        good = {
            "iss": self.address,
            "aud": AUDIENCE,
            "sub": "program",
            "iat": now,
            "nbf": now,
            "exp": now + 600,
            "roles": list(roles),
            **more,
        }
        return {name: value for name, value in good.items() if value is not None}

    def token(self, *roles: str, by: str = "first", **more: Any) -> str:
        """A good access token, except for what it is told."""
        return self.sign(self.claims(*roles, **more), key(by), kid=by)

    @staticmethod
    def sign(claims: dict[str, Any], by: RSAKey | ECKey, **header: Any) -> str:
        wanted = {"alg": "RS256", **header}
        stated = {name: value for name, value in wanted.items() if value is not None}
        registry = JWSRegistry(algorithms=[wanted["alg"]], strict_check_header=False)
        return jwt.encode(stated, claims, by, registry=registry)


def provider(council: Council, **fields: Any) -> IdentityProvider:
    """A provider's settings for a council."""
    wanted = {
        "name": "ours",
        "organisation_id": council.organisation.organisation_id,
        "issuer": "https://issuer.test",
        "client_id": "pilotlight",
        "client_secret": SecretStr(SECRET),
        "audience": AUDIENCE,
        **fields,
    }
    return IdentityProvider.model_validate(wanted)


async def trust(app: FastAPI, *providers: IdentityProvider, issuer: Issuer | None = None) -> None:
    """Let the application take these providers for good, as if it had been started with them."""
    transport = httpx.MockTransport(issuer.answer) if issuer is not None else None
    settings = app.state.settings.model_copy(update={"identity_providers": list(providers)})
    await app.state.identity.close()
    app.state.identity = Identity(settings, Outgoing(transport))


class Browser:
    """A browser: it keeps cookies, says where its forms come from, and goes where it is sent."""

    def __init__(self, app: FastAPI, base_url: str = PUBLIC_URL) -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url=base_url)
        self.origin = base_url

    async def get(self, path: str, **query: str) -> httpx.Response:
        return await self.http.get(path, params=query or None)

    async def submit(self, path: str, **form: str) -> httpx.Response:
        """Send a form of a page of ours, with the token that such a page has."""
        token = await self.forgery_token()
        return await self.http.post(
            path, data={**form, "csrf_token": token}, headers={"Origin": self.origin}
        )

    async def forgery_token(self) -> str:
        token = (await self.me()).get("csrf_token")
        return str(token)

    async def me(self) -> dict[str, Any]:
        body: dict[str, Any] = (await self.http.get("/api/v1/me")).json()
        return body

    async def begin(self, **query: str) -> dict[str, str]:
        """Begin to sign in; returns what the identity provider is asked."""
        answer = await self.get("/auth/sign-in", **query)
        assert answer.status_code == 303, answer.text
        asked = parse_qs(urlsplit(answer.headers["location"]).query)
        return {name: values[0] for name, values in asked.items()}

    async def sign_in(self, issuer: Issuer, *roles: str, **claims: Any) -> httpx.Response:
        """Sign in by a made-up provider; returns the answer to coming back from it."""
        asked = await self.begin()
        stated = {"sub": "margaret", "aud": "pilotlight", "nonce": asked["nonce"], **claims}
        issuer.id_token = issuer.token(*roles, **stated)
        return await self.get(CALLBACK, code="code", state=asked["state"])

    async def sign_in_with(self, key: str, **form: str) -> httpx.Response:
        """Sign in by a key, as in the demo."""
        sent = {"key": key, **form}
        return await self.http.post(
            "/auth/demo-sign-in", data=sent, headers={"Origin": self.origin}
        )

    async def close(self) -> None:
        await self.http.aclose()


async def events(council: Council, action: str = "") -> list[dict[str, Any]]:
    """Events of the audit log about signing in, newest first."""
    client = await council.as_role(Role.INFORMATION_GOVERNANCE)
    items = (await client.get("/audit-events?limit=200")).json()["items"]
    wanted = ("account.", "session.") if not action else (action,)
    return [event for event in items if event["action"].startswith(wanted)]
