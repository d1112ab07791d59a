"""Sessions of people in browsers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from app.access.permissions import Role
from app.core.models import CreatedAt, IdentifiedRow, UtcDateTime, text_enum


class SignInSession(CreatedAt, IdentifiedRow, table=True):
    """From a sign-in to a sign-out or the end of its time; only a digest of its token is kept."""

    __tablename__ = "sign_in_session"
    __table_args__ = (
        UniqueConstraint("organisation_id", "digest"),
        ForeignKeyConstraint(
            ["organisation_id", "account_id"], ["account.organisation_id", "account.id"]
        ),
        Index("ix_sign_in_session_account", "organisation_id", "account_id"),
        Index("ix_sign_in_session_expiry", "organisation_id", "expires_at"),
    )

    account_id: UUID
    digest: bytes = Field(sa_type=LargeBinary)
    role: Role = Field(sa_type=text_enum(Role))
    roles: list[str] = Field(sa_type=JSON)
    last_seen_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
