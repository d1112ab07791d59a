"""Daily facts of time use, made anew where samples have changed."""

from collections.abc import Mapping
from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core.jobs.registry import job
from app.core.jobs.schedules import daily, every
from app.core.local_days import day_of
from app.core.periods import WEEK, Window
from app.organisations import service as organisations
from app.pilots import service as pilots
from app.time_use.daily import repository, service

# Whoever writes samples of a pilot waits for a part that it is in: a second or two.
_MARKS_A_PART = 100
# How far back facts are held against their samples: as far as corrections usually reach.
VERIFIED = 5 * WEEK


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
    days = await service.recompute(session, principal, *ids)
    return {"pilots": len(ids), "days": days}


async def _pilots_of_late(
    session: AsyncSession, organisation_id: UUID, slot: datetime
) -> list[str]:
    """The pilots of which one of the days that are looked at counts."""
    principal = Principal.system(await organisations.get(session, organisation_id))
    found = await pilots.over(session, principal, _verified(principal, slot))
    return [str(pilot.id) for pilot in found]


def _verified(principal: Principal, slot: datetime) -> Window:
    """The days up to the one before the slot's."""
    today = day_of(slot, ZoneInfo(principal.organisation.zone))
    return Window(today - VERIFIED, today)


@job("verify_facts", daily(time(2, 20)), parts=_pilots_of_late)
async def verify_facts(
    session: AsyncSession, organisation_id: UUID, slot: datetime, pilot: str
) -> Mapping[str, int]:
    """Hold the daily facts of the last five weeks against their samples, and have made anew what differs."""
    principal = Principal.system(await organisations.get(session, organisation_id))
    wanted = await pilots.get(session, principal, UUID(pilot))
    days = _verified(principal, slot)
    found = await service.verify(session, principal, wanted, days)
    return {"pilots": 1, "days": days.days, "differences": len(found)}
