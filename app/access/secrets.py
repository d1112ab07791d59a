"""Secrets that name their organisation: API keys, and the tokens of sessions."""

import base64
import binascii
import hashlib
import secrets
from uuid import UUID

_SECRET_BYTES = 24
_ORGANISATION_BYTES = 16


def new_secret(prefix: str, organisation_id: UUID) -> str:
    """A fresh secret: the prefix, then the organisation and 192 random bits in base64url.

    It carries its organisation so that it is looked up by the full key of its row, on one shard.
    """
    body = organisation_id.bytes + secrets.token_bytes(_SECRET_BYTES)
    return prefix + base64.urlsafe_b64encode(body).decode().rstrip("=")


def organisation_named_by(prefix: str, secret: str) -> UUID | None:
    """The organisation that a secret names; None where it is not one of ours."""
    body = secret.removeprefix(prefix)
    if body == secret:
        return None
    try:
        raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    if len(raw) != _ORGANISATION_BYTES + _SECRET_BYTES:
        return None
    return UUID(bytes=raw[:_ORGANISATION_BYTES])


def digest_of(secret: str) -> bytes:
    """SHA-256: a secret of 192 random bits needs no slow hash."""
    return hashlib.sha256(secret.encode()).digest()
