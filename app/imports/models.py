"""Import batches: what came from where."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Field

from app.access.permissions import Scope
from app.core.models import CreatedAt, IdentifiedRow, UtcDateTime, text_enum


class ImportKind(StrEnum):
    """What a batch holds."""

    PEOPLE = "people"
    PILOT_MEMBERS = "pilot_members"
    LICENCE_ACTIVITY = "licence_activity"
    ABSENCES = "absences"
    SEAT_ALLOCATIONS = "seat_allocations"
    TIME_SAMPLES = "time_samples"
    FEEDBACK = "feedback"
    AI_OUTPUTS = "ai_outputs"
    TRAINING = "training"


# Who may take a batch back: whoever may bring one.
SCOPE_OF_KIND = {
    ImportKind.PEOPLE: Scope.PEOPLE_WRITE,
    ImportKind.PILOT_MEMBERS: Scope.PILOTS_WRITE,
    ImportKind.LICENCE_ACTIVITY: Scope.LICENCES_WRITE,
    ImportKind.ABSENCES: Scope.PEOPLE_WRITE,
    ImportKind.SEAT_ALLOCATIONS: Scope.LICENCES_WRITE,
    ImportKind.TIME_SAMPLES: Scope.TIME_WRITE,
    ImportKind.FEEDBACK: Scope.FEEDBACK_WRITE,
    ImportKind.AI_OUTPUTS: Scope.GOVERNANCE_WRITE,
    ImportKind.TRAINING: Scope.GOVERNANCE_WRITE,
}


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
    undone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
