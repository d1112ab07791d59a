"""What a directory says of the people that it keeps."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from app.core.models import CreatedAt, TenantRow, UtcDateTime

_LIVE = text("deleted_at IS NULL")


class DirectoryUser(CreatedAt, TenantRow, table=True):
    """A person as a directory keeps them: the person's id is that of the SCIM user.

    The row outlives the user (`deleted_at`), so that whoever comes back is the same person; what the
    directory said of them is emptied then. The person's revision counts the user's versions as well.
    """

    __tablename__ = "directory_user"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "person_id"], ["person.organisation_id", "person.id"]
        ),
        Index(
            "uq_directory_user_user_name",
            "organisation_id",
            "user_name_key",
            unique=True,
            postgresql_where=_LIVE,
            sqlite_where=_LIVE,
        ),
        Index("ix_directory_user_user_name", "organisation_id", "user_name_key"),
        Index("ix_directory_user_external_id", "organisation_id", "external_id"),
    )

    person_id: UUID = Field(primary_key=True)
    user_name: str = Field(max_length=200)
    user_name_key: str = Field(max_length=600)
    external_id: str | None = Field(default=None, max_length=200)
    attributes: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    deleted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
