"""The audit log: append-only, held so by triggers (see the migrations)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index
from sqlmodel import Field

from app.core import clock
from app.core.models import IdentifiedRow, TenantRow, UtcDateTime


class AuditEvent(IdentifiedRow, table=True):
    """Who did what to which thing, when. No personal values: ids, names of fields, counts."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_resource", "organisation_id", "resource_id"),)

    occurred_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    principal_kind: str = Field(max_length=40)
    principal_id: UUID
    action: str = Field(max_length=100)
    resource_id: UUID | None = None
    request_id: str | None = Field(default=None, max_length=64)
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class UnsealedEvent(TenantRow, table=True):
    """An event that waits to be sealed: written with it, gone when it is in the chain.

    Looking for what is new by id or by time would miss what commits late.
    """

    __tablename__ = "audit_unsealed"

    event_id: UUID = Field(primary_key=True)
