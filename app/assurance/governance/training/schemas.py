"""What is sent and received about training."""

from datetime import date
from uuid import UUID

import msgspec
from pydantic import BaseModel, Field

from app.core.rows import BareCode
from app.core.rows import ExternalId as ExternalIdRow


class TrainingRow(msgspec.Struct, forbid_unknown_fields=True):
    """A course that somebody has completed; the same course again replaces the day."""

    course: BareCode
    completed_on: date
    person_external_id: ExternalIdRow | None = None
    person_id: UUID | None = None


class TrainingOut(BaseModel):
    """How far the people of a pilot are trained."""

    members: int = Field(description="People of arm `pilot` who have not left.")
    trained: int = Field(description="Of them, those who have completed a course.")
    is_complete: bool = Field(description="True where there are members, and all are trained.")
    courses: list[str]
