"""Staff."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from app.core import clock
from app.core.models import IdentifiedRow, Revised, TenantRow, UtcDateTime


class Person(Revised, IdentifiedRow, table=True):
    """A member of staff, known to other systems by `external_id` (the HR number)."""

    __tablename__ = "person"
    __table_args__ = (
        UniqueConstraint("organisation_id", "external_id"),
        # Sign-in names are looked up in whatever case.
        Index("ix_person_user_name", "organisation_id", text("lower(user_name)")),
        CheckConstraint("fte > 0 AND fte <= 1.5", name="fte"),
        CheckConstraint(
            "left_on IS NULL OR started_on IS NULL OR left_on >= started_on", name="dates"
        ),
    )

    external_id: str = Field(max_length=100)
    user_name: str | None = Field(default=None, max_length=200)
    display_name: str | None = Field(default=None, max_length=200)
    department: str | None = Field(default=None, max_length=200)
    team: str | None = Field(default=None, max_length=200)
    job_family: str | None = Field(default=None, max_length=200)
    fte: float | None = None
    started_on: date | None = None
    left_on: date | None = None
    batch_id: UUID | None = None


class PersonVersion(TenantRow, table=True):
    """What was recorded of a person before an import changed it, or before what an import brought was changed.

    `revision` is the number that it had then. The number that HR knows the person by is not kept: no import changes it.
    """

    __tablename__ = "person_version"
    __table_args__ = (
        ForeignKeyConstraint(["organisation_id", "id"], ["person.organisation_id", "person.id"]),
        Index("ix_person_version_batch", "organisation_id", "batch_id"),
    )

    id: UUID = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    user_name: str | None = Field(default=None, max_length=200)
    display_name: str | None = Field(default=None, max_length=200)
    department: str | None = Field(default=None, max_length=200)
    team: str | None = Field(default=None, max_length=200)
    job_family: str | None = Field(default=None, max_length=200)
    fte: float | None = None
    started_on: date | None = None
    left_on: date | None = None
    batch_id: UUID | None = None
    replaced_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
