"""What kinds of work there are."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKeyConstraint, UniqueConstraint
from sqlmodel import Field

from app.core.models import CreatedAt, IdentifiedRow, Revised, TenantRow


class WorkClass(StrEnum):
    """What a category counts as in the ratio of admin to direct work."""

    DIRECT = "direct"
    ADMIN = "admin"
    INDIRECT = "indirect"
    SUPPORT = "support"
    TRAVEL = "travel"
    EXCLUDED = "excluded"


class Taxonomy(CreatedAt, IdentifiedRow, table=True):
    """A version of categories and of the codes that map to them; never changed, and read whole."""

    __tablename__ = "time_use_taxonomy"
    __table_args__ = (UniqueConstraint("organisation_id", "version"),)

    version: str = Field(max_length=64)
    name: str = Field(max_length=200)
    categories: list[dict[str, Any]] = Field(sa_type=JSON)
    mappings: list[dict[str, Any]] = Field(sa_type=JSON)
    principal_id: UUID


class PilotTaxonomy(Revised, TenantRow, table=True):
    """The version that a pilot's samples are read with, where it is not that of its kind."""

    __tablename__ = "pilot_taxonomy"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
    )

    pilot_id: UUID = Field(primary_key=True)
    version: str = Field(max_length=64)
