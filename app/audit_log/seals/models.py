"""The chain that events of the audit log are sealed into, and what is signed of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, text
from sqlmodel import Field

from app.core import clock
from app.core.models import TenantRow, UtcDateTime

HASH_LENGTH = 64

_UNWRITTEN = text("written_at IS NULL")


class AuditSeal(TenantRow, table=True):
    """The place of an event in the chain; append-only, held so by triggers as the events are.

    The hash covers the one before it (`chain.py`), so that the last speaks for all.
    """

    __tablename__ = "audit_seal"
    __table_args__ = (Index("uq_audit_seal_event", "organisation_id", "event_id", unique=True),)

    position: int = Field(primary_key=True, sa_type=BigInteger)
    event_id: UUID
    hash: str = Field(max_length=HASH_LENGTH)


class AuditSealHead(TenantRow, table=True):
    """The end of an organisation's chain, and what of it has been told to webhooks. Whoever seals holds it."""

    __tablename__ = "audit_seal_head"

    position: int = Field(default=0, sa_type=BigInteger)
    hash: str = Field(default="0" * HASH_LENGTH, max_length=HASH_LENGTH)
    sealed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    announced_position: int = Field(default=0, sa_type=BigInteger)
    announced_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AuditCheckpoint(TenantRow, table=True):
    """What was signed when the chain had come to a position; `written_at`: when the file got it."""

    __tablename__ = "audit_checkpoint"
    __table_args__ = (
        Index(
            "ix_audit_checkpoint_unwritten",
            "organisation_id",
            "position",
            postgresql_where=_UNWRITTEN,
            sqlite_where=_UNWRITTEN,
        ),
    )

    position: int = Field(primary_key=True, sa_type=BigInteger)
    statement: str
    created_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    written_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
