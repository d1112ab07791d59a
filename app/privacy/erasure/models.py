"""That somebody was erased."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON
from sqlmodel import Field

from app.core import clock
from app.core.models import IdentifiedRow, UtcDateTime


class Erasure(IdentifiedRow, table=True):
    """When somebody was erased, and how many rows of each table; not who it was.

    `lifted_at`: since then whoever it was may be recorded again.
    """

    __tablename__ = "erasure"

    erased_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    principal_id: UUID
    counts: dict[str, int] = Field(sa_type=JSON)
    lifted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
