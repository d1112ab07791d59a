"""The authorisation code flow with PKCE: where to send the browser, and what to make of its return."""

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from app.access.identity import tokens
from app.access.identity.providers import Provider
from app.access.identity.tokens import BadToken

LIFETIME: Final = timedelta(minutes=10)
CALLBACK: Final = "/auth/callback"
_MOST: Final = 4096
_ALGORITHMS: Final = ["dir", "A256GCM"]

# Of our own: a path, and nothing that a browser could take for another host (`//host`, `/\\host`).
_PATH = re.compile(r"^/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,500}$")


class SignInRefused(Exception):
    """Somebody who is not let in; `reason` is a stable code."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Attempt:
    """What must be known again when the browser returns."""

    provider: str
    state: str
    nonce: str
    verifier: str
    return_to: str
    expires: int

    @classmethod
    def new(cls, provider: str, return_to: str, now: datetime) -> "Attempt":
        state, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        expires = int((now + LIFETIME).timestamp())
        return cls(provider, state, nonce, secrets.token_urlsafe(64), return_to, expires)

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def is_path_of_ours(path: str) -> bool:
    """Whether a browser that is sent there stays with us."""
    return _PATH.match(path) is not None


def seal(attempt: Attempt, secret: str) -> str:
    """The attempt as the browser keeps it: it can neither be read nor changed there."""
    header = {"alg": "dir", "enc": "A256GCM"}
    text = json.dumps(asdict(attempt))
    return jwe.encrypt_compact(header, text, _key(secret), algorithms=_ALGORITHMS)


def unseal(cookie: str, secret: str, now: datetime) -> Attempt | None:
    """The attempt that was sealed with this secret; None where it was not, or is too old."""
    if len(cookie) > _MOST:
        return None
    try:
        opened = jwe.decrypt_compact(cookie, _key(secret), algorithms=_ALGORITHMS)
        attempt = Attempt(**json.loads(opened.plaintext or b""))
    except (JoseError, ValueError, TypeError):
        return None
    return attempt if attempt.expires > now.timestamp() else None


def _key(secret: str) -> OctKey:
    digest = hmac.digest(secret.encode(), b"pilotlight: attempts to sign in", "sha256")
    return OctKey.import_key(digest)


async def address(provider: Provider, attempt: Attempt, public_url: str) -> str:
    """Where the browser goes to sign in.

    Raises:
        OutgoingError: the provider cannot be asked.
    """
    endpoint = (await provider.metadata()).authorization_endpoint
    query = {
        "response_type": "code",
        "client_id": provider.settings.client_id,
        "redirect_uri": public_url + CALLBACK,
        "scope": "openid profile",
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": attempt.challenge,
        "code_challenge_method": "S256",
    }
    return endpoint + ("&" if "?" in endpoint else "?") + urlencode(query)


async def redeem(
    provider: Provider, attempt: Attempt, returned: Mapping[str, str], public_url: str
) -> dict[str, Any]:
    """The claims of the ID token that an answer of the provider leads to.

    Raises:
        SignInRefused: the answer is not to this attempt, or the provider does not stand by it.
        OutgoingError: the provider cannot be asked.
    """
    metadata = await provider.metadata()
    if not hmac.compare_digest(returned.get("state", "").encode(), attempt.state.encode()):
        raise SignInRefused("state_mismatch", "This answer is not to the sign-in that you began.")
    issuer = returned.get("iss")
    if issuer != provider.settings.issuer and (issuer is not None or metadata.names_itself):
        raise SignInRefused("issuer_mismatch", "This answer is from another identity provider.")
    if "error" in returned or not returned.get("code"):
        raise SignInRefused("provider_refused", "The identity provider did not let you in.")
    id_token = await _exchange(provider, attempt, returned["code"], public_url)
    try:
        claims = await provider.verify(id_token, provider.settings.client_id)
    except BadToken as error:
        raise SignInRefused(f"id_{error.reason}", "The ID token is not as it must be.") from None
    if claims.get("azp", provider.settings.client_id) != provider.settings.client_id:
        raise SignInRefused("id_token_claims", "The ID token is for another client.")
    nonce = tokens.text_of(claims, "nonce", 200) or ""
    if not hmac.compare_digest(nonce.encode(), attempt.nonce.encode()):
        raise SignInRefused("nonce_mismatch", "The ID token is not of the sign-in that you began.")
    return claims


async def _exchange(provider: Provider, attempt: Attempt, code: str, public_url: str) -> str:
    """Exchange the code for an ID token, at most once: the provider sees to that."""
    metadata, client = await provider.metadata(), provider.settings
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": public_url + CALLBACK,
        "code_verifier": attempt.verifier,
    }
    secret, headers = client.client_secret.get_secret_value(), {}
    if metadata.secret_in_form:
        form |= {"client_id": client.client_id, "client_secret": secret}
    else:  # each part form-encoded first (RFC 6749, 2.3.1)
        pair = f"{quote_plus(client.client_id)}:{quote_plus(secret)}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    answer = await provider.outgoing.post_form(metadata.token_endpoint, form, headers)
    id_token = answer.body.get("id_token")
    if answer.status != 200 or not isinstance(id_token, str):
        raise SignInRefused("code_refused", "The identity provider does not take this code.")
    return id_token
