"""API keys."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, ForeignKeyConstraint, LargeBinary, UniqueConstraint
from sqlmodel import Field

from app.access.permissions import Role
from app.core.models import CreatedAt, IdentifiedRow, UtcDateTime, text_enum


class ApiKey(CreatedAt, IdentifiedRow, table=True):
    """A key of one organisation; only a digest of its secret is kept."""

    __tablename__ = "api_key"
    __table_args__ = (
        UniqueConstraint("organisation_id", "digest"),
        ForeignKeyConstraint(
            ["organisation_id", "person_id"], ["person.organisation_id", "person.id"]
        ),
    )

    name: str = Field(max_length=200)
    digest: bytes = Field(sa_type=LargeBinary)
    hint: str = Field(max_length=8)
    role: Role | None = Field(default=None, sa_type=text_enum(Role))
    scopes: list[str] = Field(sa_type=JSON)
    person_id: UUID | None = None
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
