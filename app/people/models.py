"""Staff."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from app.core.models import IdentifiedRow, Revised


class Person(Revised, IdentifiedRow, table=True):
    """A member of staff, known to other systems by `external_id` (the HR number)."""

    __tablename__ = "person"
    __table_args__ = (
        UniqueConstraint("organisation_id", "external_id"),
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
