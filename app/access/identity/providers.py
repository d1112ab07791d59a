"""The identity providers of this process: their settings, and what they have said of themselves."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from app.access.identity import discovery, tokens
from app.access.identity.discovery import Metadata
from app.access.identity.keys import KeyRing
from app.access.identity.outgoing import Outgoing, OutgoingError
from app.access.identity.tokens import BadToken
from app.access.permissions import Role
from app.core import clock
from app.core.errors import ConfigurationError
from app.core.identity_providers import IdentityProvider
from app.core.settings import Settings

_FRESH: Final = timedelta(hours=1)


class Provider:
    """One identity provider, asked no more often than needed."""

    def __init__(self, settings: IdentityProvider, outgoing: Outgoing) -> None:
        self.settings = settings
        self.outgoing = outgoing
        self._keys = KeyRing(self._read_keys)
        self._metadata: tuple[datetime, Metadata] | None = None
        self._asking = asyncio.Lock()

    async def metadata(self) -> Metadata:
        """What it says of itself, at most an hour old.

        Raises:
            OutgoingError: it cannot be asked, or speaks of another issuer.
        """
        async with self._asking:
            if self._metadata is None or clock.now() - self._metadata[0] >= _FRESH:
                issuer = self.settings.issuer
                answer = await self.outgoing.get(discovery.address_of(issuer))
                if answer.status != 200:
                    raise OutgoingError("it has no discovery document")
                self._metadata = clock.now(), discovery.metadata_of(answer.body, issuer)
            return self._metadata[1]

    async def _read_keys(self) -> Mapping[str, Any]:
        answer = await self.outgoing.get((await self.metadata()).jwks_uri)
        if answer.status != 200:
            raise OutgoingError("it has no key set")
        return answer.body

    async def verify(self, token: str, audience: str) -> dict[str, Any]:
        """The claims of a token of this provider.

        Raises:
            BadToken: it is not one, not for this audience, or not of now.
            OutgoingError: its keys cannot be read.
        """
        said = tokens.read_unverified(token)
        key = await self._keys.find(said.key_id, said.algorithm)
        if key is None:
            raise BadToken("token_signature", "The token is not signed by a key of its issuer.")
        issuer = self.settings.issuer
        return tokens.verify(token, key, clock.now(), issuer=issuer, audience=audience)

    def roles_in(self, claims: Mapping[str, Any]) -> list[Role]:
        """Our roles among the app roles that a token carries, the least first. Groups are never read."""
        carried = claims.get("roles")
        names = (
            [name for name in carried if isinstance(name, str)] if isinstance(carried, list) else []
        )
        meant = self.settings.roles or {role.value: role.value for role in Role}
        ours = {meant.get(name) for name in names}
        return [role for role in Role if role in ours]


def check_roles(settings: Settings) -> None:
    """Refuse a mapping to roles that there are not.

    Raises:
        ConfigurationError: the message names them.
    """
    for provider in settings.identity_providers:
        unknown = sorted(set(provider.roles.values()) - set(Role))
        if unknown:
            raise ConfigurationError(
                f"PILOTLIGHT_IDENTITY_PROVIDERS: {provider.name} maps to roles that there are not: "
                f"{', '.join(unknown)}. There are {', '.join(Role)}."
            )


class Identity:
    """All identity providers of this process."""

    def __init__(self, settings: Settings, outgoing: Outgoing) -> None:
        self._outgoing = outgoing
        self._by_name = {p.name: Provider(p, outgoing) for p in settings.identity_providers}

    @property
    def names(self) -> list[str]:
        return list(self._by_name)

    def named(self, name: str | None) -> Provider | None:
        """A provider by its name; without a name the only one."""
        if name is None and len(self._by_name) == 1:
            return next(iter(self._by_name.values()))
        return self._by_name.get(name or "")

    def of_token(self, token: str) -> Provider:
        """Whose access token it claims to be, and for whom.

        Raises:
            BadToken: nobody's that is known here, or for somebody else.
        """
        said = tokens.read_unverified(token)
        issued = [p for p in self._by_name.values() if p.settings.issuer == said.issuer]
        if not issued:
            raise BadToken("token_issuer", "Tokens of this issuer are not taken here.")
        for provider in issued:
            if provider.settings.audience_of_tokens in said.audiences:
                return provider
        raise BadToken("token_audience", "This token is for another service.")

    async def close(self) -> None:
        await self._outgoing.close()
