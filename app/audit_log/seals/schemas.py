"""What is received about seals."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from app.audit_log.seals.chain import Kind
from app.audit_log.seals.service import Standing, Verified


class AuditSealOut(BaseModel):
    """How far the audit log is sealed."""

    position: int = Field(description="How many events are sealed.")
    hash: str = Field(description="The hash of the last of them; it speaks for all before it.")
    sealed_at: datetime | None
    unsealed: int = Field(description="How many events are not sealed yet.")
    oldest_unsealed_at: datetime | None
    checkpoint: str | None = Field(
        description="The newest signed checkpoint, a compact JWS: keep it elsewhere."
    )
    public_keys: list[dict[str, Any]] = Field(
        description="Keys that verify checkpoints, as JWKs (RFC 8037); the first signs."
    )


class DifferenceOut(BaseModel):
    """The first place where the log differs from what was sealed."""

    kind: Kind
    position: int | None = Field(description="Null for an event beside the chain.")
    event_id: UUID | None


class SealVerificationOut(BaseModel):
    """Whether a part of the chain is as it was sealed."""

    after: int
    through: int = Field(description="Up to here everything is as it was sealed.")
    is_intact: bool
    checkpoints: int = Field(description="Signed checkpoints that it was held against.")
    difference: DifferenceOut | None
    next_after: int | None = Field(description="Where to go on; null at the end of the chain.")


def seal_out(standing: Standing, public_keys: list[dict[str, Any]]) -> AuditSealOut:
    """How the seal stands, as it is sent."""
    return AuditSealOut(
        position=standing.head.position,
        hash=standing.head.hash,
        sealed_at=standing.head.sealed_at,
        unsealed=standing.unsealed,
        oldest_unsealed_at=standing.oldest_unsealed_at,
        checkpoint=standing.checkpoint,
        public_keys=public_keys,
    )


def verification_out(verified: Verified) -> SealVerificationOut:
    """What came of a verification, as it is sent."""
    found = verified.difference
    goes_on = found is None and not verified.is_complete
    return SealVerificationOut(
        after=verified.after,
        through=verified.through,
        is_intact=found is None,
        checkpoints=verified.checkpoints,
        difference=found
        and DifferenceOut(kind=found.kind, position=found.position, event_id=found.event_id),
        next_after=verified.through if goes_on else None,
    )
