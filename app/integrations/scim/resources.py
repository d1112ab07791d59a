"""What the protocol calls a user and a group: the core schemas, as a directory sends them."""

from typing import Annotated, Any

import scim2_models
from pydantic import Field
from scim2_models import (
    URN,
    CaseExact,
    ComplexAttribute,
    Mutability,
    Path,
    Reference,
    Required,
    Resource,
    Returned,
    ScimPolicy,
    default_comparison_key,
)
from scim2_models.resources.resource import AnyExtension
from scim2_models.resources.user import Email as CoreEmail

# Microsoft Entra departs from the RFC in these three; each is a tolerance that confuses nothing.
POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


class Email(CoreEmail):
    """An address as it is: the library refuses those of a council's inner domain (`.local`)."""

    value: str | None = None


class User(scim2_models.User[AnyExtension]):
    """The core schema of users (RFC 7643, 4.1)."""

    emails: list[Email] | None = None  # type: ignore[assignment]  # a list of a subclass of theirs


class Manager(ComplexAttribute):
    """Somebody's manager, by their id alone as well: the library demands its address beside it."""

    value: Annotated[str | None, CaseExact.true] = None
    ref: Annotated[Reference["User"] | None, Mutability.read_write] = Field(  # type: ignore[type-arg]  # its name is what is announced
        default=None, serialization_alias="$ref", validation_alias="$ref"
    )
    display_name: Annotated[str | None, Mutability.read_only] = None


class EnterpriseUser(scim2_models.EnterpriseUser):
    """What organisations add to a user (RFC 7643, 4.3)."""

    manager: Manager | None = None  # type: ignore[assignment]  # not one of theirs


Account = User[EnterpriseUser]


class GroupMember(ComplexAttribute):
    """Who is in a group. Their name is ours to tell, and told to whoever asks for it alone."""

    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    ref: Annotated[Reference["User"] | None, Mutability.immutable] = Field(  # type: ignore[type-arg]  # its name is what is announced
        default=None, serialization_alias="$ref", validation_alias="$ref"
    )
    type: Annotated[str | None, Mutability.immutable] = Field(default=None, examples=["User"])
    display: Annotated[str | None, Mutability.read_only, Returned.request] = None


class Group(Resource[Any]):
    """The core schema of groups (RFC 7643, 4.2)."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true] = None
    members: list[GroupMember] | None = None


_USER_NAME = Path[Account]("userName").resolve()


def user_name_key(user_name: str) -> str:
    """What a userName is compared by: whatever its case, it is the same one."""
    return default_comparison_key(_USER_NAME, user_name)
