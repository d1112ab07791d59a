"""Who has completed which training for a pilot."""

from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlmodel import Field

from app.core.models import Revised, TenantRow


class TrainingCompletion(Revised, TenantRow, table=True):
    """A course that a person has completed, for a pilot."""

    __tablename__ = "training_completion"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
        ForeignKeyConstraint(
            ["organisation_id", "person_id"], ["person.organisation_id", "person.id"]
        ),
        Index("ix_training_completion_person", "organisation_id", "person_id"),
    )

    pilot_id: UUID = Field(primary_key=True)
    person_id: UUID = Field(primary_key=True)
    course: str = Field(primary_key=True, max_length=64)
    completed_on: date
    batch_id: UUID
