"""What an issuer says of itself at `/.well-known/openid-configuration`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.access.identity.outgoing import OutgoingError
from app.core.identity_providers import is_on_loopback, is_safe_address


@dataclass(frozen=True, slots=True)
class Metadata:
    """Where an issuer is asked for what."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    secret_in_form: bool
    names_itself: bool


def address_of(issuer: str) -> str:
    return issuer.rstrip("/") + "/.well-known/openid-configuration"


def metadata_of(document: Mapping[str, Any], issuer: str) -> Metadata:
    """The document, held against the issuer that it must be about.

    Raises:
        OutgoingError: it speaks of another issuer, or names an address that is not to be asked.
    """
    if document.get("issuer") != issuer:
        raise OutgoingError("its discovery document names another issuer")
    methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Metadata(
        authorization_endpoint=_endpoint(document, "authorization_endpoint", issuer),
        token_endpoint=_endpoint(document, "token_endpoint", issuer),
        jwks_uri=_endpoint(document, "jwks_uri", issuer),
        secret_in_form="client_secret_basic" not in methods,
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _endpoint(document: Mapping[str, Any], name: str, issuer: str) -> str:
    address = document.get(name)
    if (
        not isinstance(address, str)
        or not is_safe_address(address)
        or (is_on_loopback(address) and not is_on_loopback(issuer))
    ):
        raise OutgoingError(f"its {name} is missing, or not https")
    return address
