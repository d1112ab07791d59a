"""Releases of the comparison as each organisation has them; held as they were made by triggers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKeyConstraint, UniqueConstraint
from sqlmodel import Field

from app.benchmarking.participation.models import CouncilKind, SizeBand
from app.core import clock
from app.core.models import IdentifiedRow, UtcDateTime, text_enum


class BenchmarkRelease(IdentifiedRow, table=True):
    """An organisation's copy of a release that its return went into.

    Attributes:
        release_id: the same in every organisation's copy.
        cells: what is shown, alike in every copy; nothing in it is of one organisation.
        own: the organisation's own part of the cells, by question and group; in no other copy.
    """

    __tablename__ = "benchmark_release"
    __table_args__ = (
        UniqueConstraint("organisation_id", "release_id"),
        ForeignKeyConstraint(
            ["organisation_id", "return_id"],
            ["benchmark_return.organisation_id", "benchmark_return.id"],
        ),
    )

    release_id: UUID
    year: int
    made_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    rule_version: int
    catalogue_version: int
    return_id: UUID
    kind: CouncilKind = Field(sa_type=text_enum(CouncilKind, "benchmark_release_kind"))
    size: SizeBand = Field(sa_type=text_enum(SizeBand, "benchmark_release_size"))
    cells: list[dict[str, Any]] = Field(sa_type=JSON)
    own: dict[str, dict[str, list[float | None]]] = Field(sa_type=JSON)
