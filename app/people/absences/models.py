"""When staff are away."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlmodel import Field

from app.core import clock
from app.core.models import Revised, TenantRow, UtcDateTime


class Absence(Revised, TenantRow, table=True):
    """A person is away over `[starts_on, ends_on)`; until further notice where `ends_on` is null."""

    __tablename__ = "absence"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "person_id"], ["person.organisation_id", "person.id"]
        ),
        ForeignKeyConstraint(
            ["organisation_id", "batch_id"], ["import_batch.organisation_id", "import_batch.id"]
        ),
        CheckConstraint("ends_on IS NULL OR ends_on > starts_on", name="interval"),
        Index("ix_absence_batch", "organisation_id", "batch_id"),
    )

    person_id: UUID = Field(primary_key=True)
    starts_on: date = Field(primary_key=True)
    ends_on: date | None = None
    kind: str | None = Field(default=None, max_length=64)
    batch_id: UUID


class AbsenceVersion(TenantRow, table=True):
    """What an absence was before an import changed it; `revision` is the number that it had then."""

    __tablename__ = "absence_version"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "person_id", "starts_on"],
            ["absence.organisation_id", "absence.person_id", "absence.starts_on"],
        ),
        Index("ix_absence_version_batch", "organisation_id", "batch_id"),
    )

    person_id: UUID = Field(primary_key=True)
    starts_on: date = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    ends_on: date | None = None
    kind: str | None = Field(default=None, max_length=64)
    batch_id: UUID
    replaced_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
