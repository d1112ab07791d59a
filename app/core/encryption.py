"""Secrets that must be read again: encrypted with one key, decrypted with any that is still listed."""

import base64
import json
from collections.abc import Mapping, Sequence
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.core.settings import Settings

_PURPOSE = b"pilotlight secrets of other systems"
_KEY_BYTES = 32


class SecretsUnreadable(Exception):
    """No listed key decrypts this, or it was made for another row."""


class Vault:
    """Locks names and their secrets up for one row, so that copied to another they open nothing."""

    def __init__(self, secrets: Sequence[str]) -> None:
        fernets = [Fernet(_key(secret)) for secret in secrets]
        self._newest, self._every = fernets[0], MultiFernet(fernets)

    @classmethod
    def of(cls, settings: Settings) -> "Vault":
        """The vault of these settings.

        Raises:
            ConfigurationError: a key is too short.
        """
        return cls(settings.encryption_secrets)

    def lock(self, owner: UUID, secrets: Mapping[str, str]) -> str:
        """The secrets of a row, encrypted with the newest key."""
        return self._newest.encrypt(json.dumps([owner.hex, dict(secrets)]).encode()).decode()

    def unlock(self, owner: UUID, locked: str) -> dict[str, str]:
        """The secrets of a row.

        Raises:
            SecretsUnreadable: no listed key decrypts them, or they are another row's.
        """
        try:
            named, secrets = json.loads(self._every.decrypt(locked.encode()))
        except InvalidToken:
            raise SecretsUnreadable from None
        if named != owner.hex:
            raise SecretsUnreadable
        return dict(secrets)

    def is_newest(self, locked: str) -> bool:
        """Whether the newest key has encrypted it."""
        try:
            self._newest.decrypt(locked.encode())
        except InvalidToken:
            return False
        return True


def _key(secret: str) -> bytes:
    # Of 32 characters at least, at random: it needs spreading over a key, no slow hash.
    derived = HKDF(SHA256(), _KEY_BYTES, salt=None, info=_PURPOSE).derive(secret.encode())
    return base64.urlsafe_b64encode(derived)
