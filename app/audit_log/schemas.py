"""What is received about audit events."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from app.core.fields import Output


class AuditEventOut(Output):
    """Who did what to which thing, when."""

    audit_event_id: UUID = Field(validation_alias="id")
    occurred_at: datetime
    principal_kind: str
    principal_id: UUID
    action: str
    resource_id: UUID | None
    request_id: str | None
    details: dict[str, Any] = Field(description="Names of fields, codes and counts.")
