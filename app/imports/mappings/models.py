"""Saved mappings: whose columns mean which fields of ours."""

from typing import Any

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from app.core.models import IdentifiedRow, Revised


class ImportMapping(Revised, IdentifiedRow, table=True):
    """How the columns of a file become ours: read whole, and held against its schema when it is.

    `kind` has no CHECK: which kinds can be mapped is declared by their domains.
    """

    __tablename__ = "import_mapping"
    __table_args__ = (UniqueConstraint("organisation_id", "name"),)

    name: str = Field(max_length=64)
    kind: str = Field(max_length=40)
    rules: dict[str, Any] = Field(sa_type=JSON)
