"""Daily facts of time use, made anew where samples have changed."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core.jobs.registry import job
from app.core.jobs.schedules import every
from app.organisations import service as organisations
from app.time_use.daily import repository, service

# Whoever writes samples of a pilot waits for a part that it is in: a second or two.
_MARKS_A_PART = 100


async def _pilots(session: AsyncSession, organisation_id: UUID, _slot: datetime) -> list[str]:
    """The pilots of which a day is to be made anew, several a part where there is little to do for each."""
    principal = Principal.system(await organisations.get(session, organisation_id))
    parts: list[list[str]] = []
    room = 0
    for pilot_id, marks in (await repository.outdated_pilots(session, principal)).items():
        needed = _MARKS_A_PART if marks is None else marks
        if needed > room:
            parts.append([])
            room = _MARKS_A_PART
        parts[-1].append(str(pilot_id))
        room -= needed
    return [_BETWEEN.join(part) for part in parts]


_BETWEEN = " "


@job("recompute_daily_facts", every(minutes=5), parts=_pilots)
async def recompute_daily_facts(
    session: AsyncSession, organisation_id: UUID, _slot: datetime, pilots: str
) -> Mapping[str, int]:
    """Add up anew the days of pilots whose time samples have changed."""
    principal = Principal.system(await organisations.get(session, organisation_id))
    ids = [UUID(pilot) for pilot in pilots.split(_BETWEEN)]
    days = [await service.recompute(session, principal, pilot_id) for pilot_id in ids]
    return {"pilots": len(ids), "days": sum(days)}
