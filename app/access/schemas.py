"""What is sent and received about keys."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.access.permissions import Role, Scope
from app.core.fields import Input, Instant, Label, Output


class ApiKeyIn(Input):
    """A key to make: with a role's scopes, or with scopes of its own."""

    name: Label
    role: Role | None = None
    scopes: set[Scope] = Field(
        default_factory=set, max_length=len(Scope), description="Instead of a role."
    )
    person_id: UUID | None = Field(
        default=None, description="Whose key it is; a pilot lead reaches the pilots of this person."
    )
    expires_at: Instant | None = None

    @model_validator(mode="after")
    def one_of_role_and_scopes(self) -> Self:
        if (self.role is None) == (not self.scopes):
            raise PydanticCustomError("role_or_scopes", "give either a role or scopes")
        return self


class ApiKeyOut(Output):
    """A key, without its secret."""

    key_id: UUID = Field(validation_alias="id")
    name: str
    hint: str = Field(description="The last characters of the key.")
    role: Role | None
    scopes: list[Scope]
    person_id: UUID | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="To within five minutes.")


class ApiKeyCreated(ApiKeyOut):
    """A key that was just made."""

    key: str | None = Field(
        default=None,
        description="The key itself, shown this once; null where the answer is a replay.",
    )
