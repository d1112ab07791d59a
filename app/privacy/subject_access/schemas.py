"""What is sent about everything that is held of somebody."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from app.core.fields import Output
from app.privacy.register.holdings import DataClass


class TableOfPersonOut(Output):
    """The rows of one table that are somebody's."""

    table: str
    data_class: DataClass
    what: str
    rows: list[dict[str, Any]] = Field(
        description="As stored, without keys, digests, and ids of whoever acted."
    )
    texts_by_others: int = Field(
        description="Texts in these rows that somebody else wrote. They may speak of others, and are left "
        "out: read them, and add what is to be shown."
    )


class SubjectAccessOut(Output):
    """Everything that is held of somebody."""

    person_id: UUID
    made_at: datetime
    tables: list[TableOfPersonOut]
