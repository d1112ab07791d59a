"""Where events are sent, what is still to be sent there, and every attempt."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, BigInteger, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from app.core import clock
from app.core.models import IdentifiedRow, Revised, TenantRow, UtcDateTime, text_enum


class DisabledReason(StrEnum):
    """Why an endpoint gets nothing."""

    ADMINISTRATOR = "administrator"
    FAILING = "failing"
    GONE = "gone"


class WebhookEndpoint(Revised, IdentifiedRow, table=True):
    """An address that events are sent to; no types are all of them.

    `held_by` sends to it until `held_until`, and nobody else does. Sending does not count as a version of the
    row; `revision` is an administrator's.
    """

    __tablename__ = "webhook_endpoint"

    url: str = Field(max_length=2000)
    description: str | None = Field(default=None, max_length=200)
    event_types: list[str] = Field(default_factory=list, sa_type=JSON)
    is_enabled: bool = True
    disabled_reason: DisabledReason | None = Field(default=None, sa_type=text_enum(DisabledReason))
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    secrets: str
    old_secret_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failing_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failures: int = 0
    held_by: UUID | None = None
    held_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class DeliveryState(StrEnum):
    """How far an event has come on its way to an endpoint."""

    PENDING = "pending"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


_PENDING = text("state = 'pending'")


class WebhookDelivery(TenantRow, table=True):
    """An event on its way to an endpoint. Of one subject the next is sent when the one before is through."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "endpoint_id"],
            ["webhook_endpoint.organisation_id", "webhook_endpoint.id"],
        ),
        ForeignKeyConstraint(
            ["organisation_id", "event_id"], ["event.organisation_id", "event.id"]
        ),
        Index(
            "uq_webhook_delivery_number", "organisation_id", "endpoint_id", "number", unique=True
        ),
        Index(
            "ix_webhook_delivery_pending",
            "organisation_id",
            "endpoint_id",
            "subject",
            "number",
            postgresql_where=_PENDING,
            sqlite_where=_PENDING,
        ),
        Index("ix_webhook_delivery_event", "organisation_id", "event_id"),
    )

    endpoint_id: UUID = Field(primary_key=True)
    event_id: UUID = Field(primary_key=True)
    number: int = Field(sa_type=BigInteger)
    subject: str = Field(max_length=120)
    state: DeliveryState = Field(default=DeliveryState.PENDING, sa_type=text_enum(DeliveryState))
    attempts: int = 0
    queued_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    next_attempt_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class WebhookAttempt(IdentifiedRow, table=True):
    """One attempt to deliver: what was answered, how fast, and the beginning of the answer where it was no success."""

    __tablename__ = "webhook_attempt"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "endpoint_id", "event_id"],
            [
                "webhook_delivery.organisation_id",
                "webhook_delivery.endpoint_id",
                "webhook_delivery.event_id",
            ],
        ),
        Index("ix_webhook_attempt_delivery", "organisation_id", "endpoint_id", "event_id"),
    )

    endpoint_id: UUID
    event_id: UUID
    started_at: datetime = Field(sa_type=UtcDateTime)
    milliseconds: int
    status: int | None = None
    code: str = Field(max_length=40)
    excerpt: str | None = Field(default=None, max_length=500)
