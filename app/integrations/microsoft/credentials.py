"""Signing in as an application (client credentials): a token of Microsoft Entra, kept for its life."""

from datetime import datetime, timedelta

import msgspec

from app.core import clock
from app.core.outward import errors
from app.core.outward.client import Outward
from app.core.outward.errors import OutwardError

# It is renewed a little before it ends: a request takes its time.
_EARLY = timedelta(minutes=1)


class _Token(msgspec.Struct):
    access_token: str
    expires_in: int


class Credentials:
    """What an application signs in with.

    Args:
        client: of the place where tokens are given, and of nothing else.
        tenant: the directory, by id or domain.
        application: the id of the application in it.
        secret: its client secret.
        scope: for what the token is.
    """

    def __init__(
        self, client: Outward, tenant: str, application: str, secret: str, scope: str
    ) -> None:
        self._client = client
        self._path = f"{tenant}/oauth2/v2.0/token"
        self._form = {
            "grant_type": "client_credentials",
            "client_id": application,
            "client_secret": secret,
            "scope": scope,
        }
        self._header: dict[str, str] = {}
        self._until: datetime | None = None

    async def header(self) -> dict[str, str]:
        """The header that signs a request; a token is asked for where there is none that lives.

        Raises:
            OutwardError: none is given.
        """
        if self._until is None or clock.now() >= self._until:
            asked_at = clock.now()
            try:
                token = await self._client.post(
                    self._path, form=self._form, read=lambda answer: answer.read_as(_Token)
                )
            except OutwardError as error:
                # Of a tenant or an application that is not known there.
                if error.status == 400:
                    raise errors.denied(400) from None
                raise
            self._header = {"Authorization": f"Bearer {token.access_token}"}
            self._until = asked_at + timedelta(seconds=token.expires_in) - _EARLY
        return self._header

    def forget(self) -> None:
        """Let the next request ask for a new token."""
        self._until = None
