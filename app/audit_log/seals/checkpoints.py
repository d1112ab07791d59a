"""Checkpoints: what the chain was at a moment, signed with Ed25519 as a JWS that any library verifies.

A key is derived from each listed secret and named by its thumbprint (RFC 7638). A checkpoint is one line of
text; a file of them is what an auditor keeps.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from app.audit_log.seals.chain import PREFIX_LENGTH
from app.core.canonical import canonical
from app.core.settings import Settings

_ALGORITHM = "Ed25519"
_PURPOSE = b"pilotlight checkpoints of the audit log"
_KEY_BYTES = 32


class NotACheckpoint(Exception):
    """It is no signed checkpoint, or not as it was signed."""


class UnknownKey(NotACheckpoint):
    """It names a key that is not listed."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed.

    Args:
        organisation_id: whose chain.
        position: how far it had come.
        hash: the hash there.
        sealed_at: when.
        hashes: beginnings of the hashes up to there, the last one's last; none where it was only announced.
    """

    organisation_id: UUID
    position: int
    hash: str
    sealed_at: datetime
    hashes: Sequence[str] = ()

    def says(self) -> dict[int, str]:
        """Positions and what their hashes begin with; at its own the whole of it."""
        first = self.position - len(self.hashes) + 1
        told = {first + n: prefix for n, prefix in enumerate(self.hashes)}
        return {**told, self.position: self.hash}

    @classmethod
    def read(cls, payload: bytes) -> "Checkpoint":
        """Read what was signed.

        Raises:
            NotACheckpoint: it is something else.
        """
        try:
            told = json.loads(payload)
            joined = str(told["hashes"])
            return cls(
                UUID(told["organisation_id"]),
                int(told["position"]),
                str(told["hash"]),
                datetime.fromisoformat(told["sealed_at"]),
                [joined[n : n + PREFIX_LENGTH] for n in range(0, len(joined), PREFIX_LENGTH)],
            )
        except (ValueError, KeyError, TypeError) as error:
            raise NotACheckpoint from error


class Signer:
    """Signs with the newest key, and verifies with every one that is listed."""

    def __init__(self, secrets: Sequence[str]) -> None:
        keys = [_key(secret) for secret in secrets]
        self._newest = keys[0]
        self._keys = {key.thumbprint(): key for key in keys}

    @classmethod
    def of(cls, settings: Settings) -> "Signer":
        """The signer of these settings.

        Raises:
            ConfigurationError: a secret is too short.
        """
        return cls(settings.sealing_secrets)

    def public_keys(self) -> list[dict[str, Any]]:
        """The keys that verify, as JWKs (RFC 8037), the newest first."""
        return [
            {**key.as_dict(private=False), "kid": name, "alg": _ALGORITHM}
            for name, key in self._keys.items()
        ]

    def sign(self, checkpoint: Checkpoint) -> str:
        """The checkpoint as a compact JWS: one line."""
        payload = {
            "organisation_id": str(checkpoint.organisation_id),
            "position": checkpoint.position,
            "hash": checkpoint.hash,
            "sealed_at": checkpoint.sealed_at.isoformat(),
            "hashes": "".join(each[:PREFIX_LENGTH] for each in checkpoint.hashes),
        }
        header = {"alg": _ALGORITHM, "kid": self._newest.thumbprint()}
        return jws.serialize_compact(
            header, canonical(payload), self._newest, algorithms=[_ALGORITHM]
        )

    def verify(self, statement: str) -> Checkpoint:
        """The checkpoint that a line is.

        Raises:
            UnknownKey: it is signed with a key that is not listed.
            NotACheckpoint: its signature is wrong, or it is something else.
        """
        try:
            header = jws.extract_compact(statement.encode()).headers()
            key = self._keys.get(str(header.get("kid")))
            if key is None:
                raise UnknownKey
            signed = jws.deserialize_compact(statement, key, algorithms=[_ALGORITHM])
        except (JoseError, ValueError) as error:
            raise NotACheckpoint from error
        return Checkpoint.read(signed.payload)


def expected_of(checkpoints: Iterable[Checkpoint]) -> dict[int, str]:
    """What checkpoints say of positions, the first word counting where two of them do not agree."""
    expected: dict[int, str] = {}
    for checkpoint in checkpoints:
        for position, told in checkpoint.says().items():
            known = expected.get(position)
            # A whole hash says more than its beginning.
            if known is None or (told.startswith(known) and len(told) > len(known)):
                expected[position] = told
    return expected


def _key(secret: str) -> OKPKey:
    # Of 32 characters at least, at random: it needs spreading over a key, no slow hash.
    derived = HKDF(SHA256(), _KEY_BYTES, salt=None, info=_PURPOSE).derive(secret.encode())
    private = Ed25519PrivateKey.from_private_bytes(derived)
    return OKPKey.import_key(
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
