"""What is sent about who has read somebody's data."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from app.access.permissions import Role
from app.core.fields import Output


class Concerns(StrEnum):
    """How sure it is that somebody was among what was read."""

    PERSON = "person"
    GROUP = "group"


class AccessOut(Output):
    """One reading of data of named people."""

    audit_event_id: UUID
    occurred_at: datetime
    action: str
    route: str
    what: str
    concerns: Concerns = Field(
        description="`person`: of this person alone; `group`: of a pilot or pool that the person is or was in, "
        "a page of whose rows may have held theirs."
    )
    principal_kind: str
    principal_id: UUID
    role: Role | None = Field(
        description="The role of the key, or of the account's last session; null where that is not known any more."
    )
