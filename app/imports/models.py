"""Import batches: what came from where."""

from enum import StrEnum
from uuid import UUID

from sqlmodel import Field

from app.core.models import CreatedAt, IdentifiedRow, text_enum


class ImportKind(StrEnum):
    """What a batch holds."""

    PEOPLE = "people"
    PILOT_MEMBERS = "pilot_members"
    LICENCE_ACTIVITY = "licence_activity"
    ABSENCES = "absences"
    SEAT_ALLOCATIONS = "seat_allocations"


class ImportBatch(CreatedAt, IdentifiedRow, table=True):
    """One bulk request or one kind of row in one imported file, with its counts."""

    __tablename__ = "import_batch"

    kind: ImportKind = Field(sa_type=text_enum(ImportKind))
    origin: str = Field(max_length=200)
    principal_id: UUID
    accepted: int = 0
    updated: int = 0
    duplicates: int = 0
    rejected: int = 0
