"""Jobs of the core itself."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.core import idempotency
from app.core.jobs.registry import job


@job("idempotency_cleanup", every=timedelta(hours=1))
async def idempotency_cleanup(
    session: AsyncSession, organisation_id: UUID, slot: datetime
) -> Mapping[str, int]:
    """Forget the answers to Idempotency-Keys that have expired."""
    return {"forgotten": await idempotency.forget_expired(session, organisation_id, slot)}
