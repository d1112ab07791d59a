"""Daily facts of time use, made anew where samples have changed."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core.jobs.registry import job
from app.organisations import service as organisations
from app.time_use.daily import repository, service


@job("recompute_daily_facts", every=timedelta(minutes=5))
async def recompute_daily_facts(
    session: AsyncSession,
    organisation_id: UUID,
    slot: datetime,  # noqa: ARG001 - marks have no date of their own
) -> Mapping[str, int]:
    """Make the facts of marked days anew."""
    principal = Principal.system(await organisations.get(session, organisation_id))
    outdated = await repository.outdated_pilots(session, principal)
    days = [await service.recompute(session, principal, pilot_id) for pilot_id in outdated]
    return {"pilots": len(outdated), "days": sum(days)}
