"""What is sent and received about accounts."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from app.access.accounts.models import AccountKind
from app.core.fields import Change, Output


class AccountChange(Change):
    """What may be changed; what is left out stays."""

    is_blocked: bool = Field(
        default=False,
        strict=True,
        description="A blocked account opens nothing; its sessions end.",
    )


class AccountOut(Output):
    """Somebody whom an identity provider vouches for; `principal_id` of audit events."""

    account_id: UUID = Field(validation_alias="id")
    kind: AccountKind
    name: str | None = Field(description="What the identity provider calls them.")
    issuer: str
    person_id: UUID | None = Field(description="The member of staff; a pilot lead leads as them.")
    is_blocked: bool
    created_at: datetime
    last_seen_at: datetime | None = Field(description="To within five minutes.")


class SignedOut(BaseModel):
    """What a sign-out has ended."""

    sessions: int
