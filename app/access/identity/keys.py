"""The published keys of an issuer: kept for an hour, read again when a token names one that is new."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from app.access.identity.outgoing import OutgoingError
from app.access.identity.tokens import ALGORITHMS, Key
from app.core import clock

_FRESH: Final = timedelta(hours=1)
# Where the issuer cannot be reached, its keys of before are trusted for so long.
_STALE: Final = timedelta(hours=24)
# Anybody can make up a key id: that must not turn us against the issuer.
_READ_AGAIN: Final = timedelta(minutes=1)
_MOST_KEYS: Final = 100
_LEAST_RSA_BITS: Final = 2048


class KeyRing:
    """The keys of one issuer.

    Args:
        read: asks the issuer for its key set (RFC 7517).
    """

    def __init__(self, read: Callable[[], Awaitable[Mapping[str, Any]]]) -> None:
        self._read = read
        self._keys: tuple[Key, ...] = ()
        self._read_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._reading = asyncio.Lock()

    async def find(self, key_id: str | None, algorithm: str) -> Key | None:
        """The key that a token names; without a name the only one that fits.

        Raises:
            OutgoingError: the issuer cannot be asked, and what it said before is too old.
        """
        if self._age() >= _FRESH:
            await self._renew(_FRESH)
        found = self._fitting(key_id, algorithm)
        if found is None and self._since(self._tried_at) >= _READ_AGAIN:
            await self._renew(_READ_AGAIN)
            found = self._fitting(key_id, algorithm)
        return found

    def _age(self) -> timedelta:
        return self._since(self._read_at)

    @staticmethod
    def _since(then: datetime | None) -> timedelta:
        return timedelta.max if then is None else clock.now() - then

    async def _renew(self, older_than: timedelta) -> None:
        async with self._reading:
            if self._age() < older_than:
                return  # another request has done it meanwhile
            if self._since(self._tried_at) >= _READ_AGAIN:
                self._tried_at = clock.now()
                try:
                    self._keys = _usable(await self._read())
                    self._read_at = self._tried_at
                except OutgoingError:
                    if self._age() >= _STALE:
                        raise
            elif self._age() >= _STALE:
                raise OutgoingError("its keys could not be read a moment ago")

    def _fitting(self, key_id: str | None, algorithm: str) -> Key | None:
        fitting = [
            key
            for key in self._keys
            if isinstance(key, ALGORITHMS[algorithm])
            and key.get("alg") in (None, algorithm)
            and (key_id is None or key.get("kid") == key_id)
        ]
        return fitting[0] if len(fitting) == 1 or (fitting and key_id is not None) else None


def _usable(published: Mapping[str, Any]) -> tuple[Key, ...]:
    """Those keys of a set that sign and that we understand; one that is broken spoils no other."""
    given = published.get("keys")
    if not isinstance(given, list):
        raise OutgoingError("its key set is none")
    return tuple(key for one in given[:_MOST_KEYS] if (key := _key(one)) is not None)


def _key(one: Any) -> Key | None:
    if not isinstance(one, dict) or one.get("use", "sig") != "sig":
        return None
    public = {name: value for name, value in one.items() if name not in _PRIVATE}
    try:
        if one.get("kty") == "RSA":
            key = RSAKey.import_key(public)
            return key if key.raw_value.key_size >= _LEAST_RSA_BITS else None
        return ECKey.import_key(public) if one.get("kty") == "EC" else None
    except (JoseError, ValueError, TypeError):
        return None


# An issuer that publishes these has other worries; we verify, and need none of them.
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "key_ops"})
