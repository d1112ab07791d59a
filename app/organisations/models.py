"""The organisation: the tenant that owns every other row."""

from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from app.core.models import Revised, new_id


class Organisation(Revised, table=True):
    """A council. The one global table: the first part of everybody's keys."""

    __tablename__ = "organisation"
    __table_args__ = (
        CheckConstraint("minimum_group_size BETWEEN 5 AND 10", name="minimum_group_size"),
        CheckConstraint("working_hours_per_week > 0", name="working_hours_per_week"),
    )

    organisation_id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(max_length=200, unique=True)
    zone: str = Field(default="Europe/London", max_length=64)
    minimum_group_size: int = Field(default=5)
    working_hours_per_week: float = Field(default=37.0)
    currency: str = Field(default="GBP", max_length=3)
    is_simulated: bool = Field(default=False)
