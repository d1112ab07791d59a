"""What is sent about erasures."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from app.core.fields import Input, Output
from app.privacy.register.holdings import DataClass, Treatment


class ErasureIn(Input):
    """Whom to erase. It cannot be taken back: look at GET /people/{person_id}/erasure first."""

    person_id: UUID


class TableOut(Output):
    """What an erasure does to one table."""

    table: str
    data_class: DataClass
    what: str
    rows: int
    treatment: Treatment


class MentionOut(Output):
    """Texts of others in which the person is named."""

    table: str
    rows: int


class ErasurePlanOut(Output):
    """What an erasure would do, counted and not done."""

    person_id: UUID
    legal_hold_ids: list[UUID] = Field(description="Holds in force: with one it is refused.")
    tables: list[TableOut]
    mentions: list[MentionOut] = Field(
        description="Where the whole name, the number, the sign-in name or an address stand in texts of others: "
        "they are taken out. A first name alone is not looked for."
    )
    mentions_kept: list[MentionOut] = Field(
        description="Where they stand in sealed records (decisions, submitted returns), which stay as they were made."
    )
    stored_answers: int = Field(description="Kept answers to requests that name the person.")
    groups_kept: list[str] = Field(
        description="Attributes that the pseudonym keeps, because enough others share them."
    )
    values_not_searched: int = Field(
        description="Values too short to be looked for in texts without hitting others."
    )


class ErasureOut(Output):
    """That somebody was erased; not who."""

    erasure_id: UUID = Field(validation_alias="id")
    erased_at: datetime
    principal_id: UUID
    counts: dict[str, int] = Field(description="Rows by table.")
    lifted_at: datetime | None = Field(
        description="Since when whoever it was may be recorded again."
    )
