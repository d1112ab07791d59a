"""What makes a token of an identity provider good. Pure: keys and the time are given."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import BadSignatureError, ClaimError, ExpiredTokenError, JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

Key = RSAKey | ECKey

# Signatures alone, with the kind of key that makes them: a public key is then never taken for a shared one.
ALGORITHMS: Final[Mapping[str, type[Key]]] = {"RS256": RSAKey, "PS256": RSAKey, "ES256": ECKey}
MAX_TOKEN: Final = 16_384
_SKEW_SECONDS: Final = 60
_LONGEST_SECONDS: Final = 24 * 3600
_REGISTRY = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)

# What only ID tokens have. These say who signed in; they are no permission for a program.
_OF_ID_TOKENS: Final = ("nonce", "at_hash", "c_hash")


class BadToken(Exception):
    """A token that is not taken.

    Args:
        reason: a stable code.
        detail: for whoever sent it; nothing of the token itself.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Unverified:
    """What a token says of itself, before its signature has been looked at."""

    algorithm: str
    key_id: str | None
    issuer: str
    audiences: tuple[str, ...]


def looks_like_a_token(credential: str) -> bool:
    return credential.count(".") == 2


def read_unverified(token: str) -> Unverified:
    """Whose token it claims to be, and by which key.

    Raises:
        BadToken: it is no signed token, too large, or of an algorithm that is not taken.
    """
    malformed = BadToken("token_malformed", "This is not a signed JSON Web Token.")
    if len(token) > MAX_TOKEN:
        raise BadToken("token_malformed", f"The token is longer than {MAX_TOKEN} characters.")
    if not looks_like_a_token(token):
        raise malformed
    header, claims, _ = token.split(".")
    try:
        said, claimed = _object(header), _object(claims)
    except (ValueError, TypeError, RecursionError):
        raise malformed from None
    algorithm, key_id = said.get("alg"), said.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise BadToken(
            "token_algorithm", f"The token's algorithm must be one of {', '.join(ALGORITHMS)}."
        )
    issuer, audience = claimed.get("iss"), claimed.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if not (key_id is None or isinstance(key_id, str)) or not isinstance(issuer, str):
        raise malformed
    return Unverified(
        algorithm, key_id, issuer, tuple(one for one in audiences if isinstance(one, str))
    )


def _object(part: str) -> dict[str, Any]:
    value = json.loads(base64.b64decode(part + "=" * (-len(part) % 4), b"-_", validate=True))
    if not isinstance(value, dict):
        raise TypeError
    return value


def verify(token: str, key: Key, now: datetime, *, issuer: str, audience: str) -> dict[str, Any]:
    """The claims of a token: signed by the key, from this issuer, for this audience, and of now.

    Raises:
        BadToken: one of these does not hold.
    """
    at = int(now.timestamp())
    expected = jwt.JWTClaimsRegistry(
        now=at,
        leeway=_SKEW_SECONDS,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        claims = jwt.decode(token, key, registry=_REGISTRY).claims
        expected.validate(claims)
    except BadSignatureError:
        raise BadToken(
            "token_signature", "The token is not signed by a key of its issuer."
        ) from None
    except ExpiredTokenError:
        raise BadToken("token_expired", "The token has expired. Get a new one.") from None
    except ClaimError as error:
        raise BadToken(
            "token_claims", f"The token is not for here and now ({error.error}: {_claim(error)})."
        ) from None
    except (JoseError, ValueError):
        raise BadToken("token_malformed", "The token cannot be read.") from None
    if claims["exp"] - claims["iat"] > _LONGEST_SECONDS:
        raise BadToken("token_claims", "The token lives longer than a day, which is not taken.")
    if len(claims["sub"]) > 255:
        raise BadToken("token_claims", "The token's subject is longer than 255 characters.")
    return claims


def _claim(error: ClaimError) -> str:
    """Names of claims that are our own, never their values."""
    return ", ".join(
        name for name in ("iss", "aud", "sub", "exp", "nbf", "iat") if name in str(error)
    )


def check_is_access_token(claims: Mapping[str, Any]) -> None:
    """Refuse an ID token, which the browser of anybody who signs in may get to see.

    Raises:
        BadToken: it is one.
    """
    if any(name in claims for name in _OF_ID_TOKENS):
        raise BadToken("token_claims", "This is an ID token. Send an access token.")


def text_of(claims: Mapping[str, Any], name: str, most: int) -> str | None:
    """A claim that is a text of some length; None where there is no such."""
    value = claims.get(name)
    return value if isinstance(value, str) and 0 < len(value) <= most else None
