"""Groups of a directory, who is in them, and what the organisation takes them for."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from app.core import clock
from app.core.models import IdentifiedRow, Revised, UtcDateTime, text_enum


class GroupUse(StrEnum):
    """What membership of a group means here."""

    NONE = "none"
    TEAM = "team"
    LICENCES = "licences"


_CURRENT = text("removed_at IS NULL")


class DirectoryGroup(Revised, IdentifiedRow, table=True):
    """A group. As `team` its members work in that team (`team`, or the group's name).

    As `licences` membership is evidence that somebody was assigned a seat of the pool: it is held
    beside the seat ledger, and never gives or takes a seat.
    """

    __tablename__ = "directory_group"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pool_id"], ["licence_pool.organisation_id", "licence_pool.id"]
        ),
        CheckConstraint("(pool_id IS NOT NULL) = (use = 'licences')", name="pool"),
        Index("ix_directory_group_external_id", "organisation_id", "external_id"),
        Index("ix_directory_group_pool", "organisation_id", "pool_id"),
    )

    display_name: str = Field(max_length=200)
    external_id: str | None = Field(default=None, max_length=200)
    use: GroupUse = Field(default=GroupUse.NONE, sa_type=text_enum(GroupUse))
    team: str | None = Field(default=None, max_length=200)
    pool_id: UUID | None = None
    deleted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class DirectoryMembership(IdentifiedRow, table=True):
    """Somebody in a group over `[added_at, removed_at)`; a member now where `removed_at` is null."""

    __tablename__ = "directory_membership"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "group_id"],
            ["directory_group.organisation_id", "directory_group.id"],
        ),
        ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["directory_user.organisation_id", "directory_user.person_id"],
        ),
        Index(
            "uq_directory_membership_current",
            "organisation_id",
            "group_id",
            "person_id",
            unique=True,
            postgresql_where=_CURRENT,
            sqlite_where=_CURRENT,
        ),
        Index("ix_directory_membership_person", "organisation_id", "person_id"),
    )

    group_id: UUID
    person_id: UUID
    added_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
