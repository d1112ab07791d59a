"""Who was drawn to be compared with: by a seed, before the pilot starts."""

from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index
from sqlmodel import Field

from app.core.models import CreatedAt, IdentifiedRow


class ComparisonDraw(CreatedAt, IdentifiedRow, table=True):
    """A draw of comparison members; who was drawn are the members that came with its batch."""

    __tablename__ = "comparison_draw"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
        ForeignKeyConstraint(
            ["organisation_id", "batch_id"], ["import_batch.organisation_id", "import_batch.id"]
        ),
        Index("ix_comparison_draw_pilot", "organisation_id", "pilot_id"),
    )

    pilot_id: UUID
    batch_id: UUID
    seed: int = Field(sa_type=BigInteger)
    candidates: int
    drawn: int
    principal_id: UUID
