"""Accounts: who an identity provider says that somebody is."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint
from sqlmodel import Field

from app.core.models import IdentifiedRow, Revised, UtcDateTime, text_enum


class AccountKind(StrEnum):
    """What has an account."""

    PERSON = "person"
    PROGRAM = "program"


class Account(Revised, IdentifiedRow, table=True):
    """A subject of an issuer, for as long as that says it is the same; what the audit log names."""

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("organisation_id", "issuer", "subject"),
        ForeignKeyConstraint(
            ["organisation_id", "person_id"], ["person.organisation_id", "person.id"]
        ),
    )

    kind: AccountKind = Field(sa_type=text_enum(AccountKind))
    issuer: str = Field(max_length=500)
    subject: str = Field(max_length=255)
    name: str | None = Field(default=None, max_length=200)
    person_id: UUID | None = None
    is_blocked: bool = Field(default=False)
    last_seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
