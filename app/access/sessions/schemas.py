"""What is received about whoever asks."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from app.access.permissions import Role, Scope
from app.access.principals import PrincipalKind


class MeOut(BaseModel):
    """Who sends this request, and what they may do."""

    principal_id: UUID = Field(description="As in audit events.")
    kind: PrincipalKind
    name: str | None = Field(description="What the identity provider calls them.")
    person_id: UUID | None
    organisation_id: UUID
    role: Role | None = Field(description="The one in which they act.")
    roles: list[Role] = Field(description="Those in which they may act.")
    scopes: list[Scope]
    session_expires_at: datetime | None = Field(description="Null without a session.")
    csrf_token: str | None = Field(
        description="Sent as X-CSRF-Token with every change; null without a session."
    )
