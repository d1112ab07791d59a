"""Identity providers as they are set: whose people and programs they vouch for, and by which names."""

import re
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_VISIBLE = re.compile(r"^[\x21-\x7e]{1,500}$")


def is_safe_address(address: str) -> bool:
    """Whether an address is https, or http on this very machine, where nobody can listen in."""
    if not _VISIBLE.match(address):
        return False
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None or parts.fragment:
        return False
    return bool(parts.hostname) and (parts.scheme == "https" or is_on_loopback(address))


def is_on_loopback(address: str) -> bool:
    """Whether an address is plain http on this machine."""
    parts = urlsplit(address)
    return parts.scheme == "http" and parts.hostname in _LOOPBACK


def _address(value: str) -> str:
    if not is_safe_address(value):
        raise ValueError("must be an https address (http on loopback alone)")
    return value


def _origin(value: str) -> str:
    value = _address(value).rstrip("/").lower()
    if urlsplit(value).path or urlsplit(value).query:
        raise ValueError("must be scheme, host and port, without a path")
    return value


Address = Annotated[str, AfterValidator(_address)]
Origin = Annotated[str, AfterValidator(_origin)]
_Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class IdentityProvider(BaseModel):
    """An issuer of ID and access tokens, and the one organisation that it speaks for."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
    organisation_id: UUID
    issuer: Address
    client_id: _Text
    client_secret: SecretStr
    audience: _Text | None = Field(
        default=None, description="Of access tokens for programs; the client's id by default."
    )
    roles: dict[str, str] = Field(
        default_factory=dict, description="App roles to ours; by default they have our names."
    )
    person_claim: _Text = Field(
        default="preferred_username", description="The claim of an ID token that names a person."
    )
    person_field: Literal["user_name", "external_id"] = Field(
        default="user_name", description="What it is compared with."
    )

    @property
    def audience_of_tokens(self) -> str:
        return self.audience or self.client_id
