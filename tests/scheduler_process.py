"""A scheduler as a process of its own, with a job of short slots: `python -m tests.scheduler_process NUMBER`.

Each part of a run leaves an event of the audit log, in the transaction of the part. So what was done twice
is there twice, and what was done by halves is missing.
"""

import asyncio
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core.database import Database
from app.core.jobs.registry import JOBS, job
from app.core.jobs.schedules import Schedule
from app.core.settings import get_settings
from app.organisations import service as organisations
from app.scheduler import alone, run_forever

EVERY = timedelta(seconds=2)
PARTS = ("first", "second", "third")
ACTION = "slot.done"
_WORK_SECONDS = 0.2
# Of another length in each process, so that now one and now another is the first to find a slot due.
_TICK, _LONGER = timedelta(milliseconds=230), timedelta(milliseconds=37)


async def _parts(_session: AsyncSession, _organisation_id: UUID, _slot: datetime) -> list[str]:
    return list(PARTS)


async def _work(
    session: AsyncSession, organisation_id: UUID, slot: datetime, part: str
) -> Mapping[str, int]:
    """Leave an event of the part and who did it, and take a while."""
    organisation = await organisations.get(session, organisation_id)
    details = {"slot": slot.isoformat(), "part": part, "by": sys.argv[1]}
    await audit_log.record(session, Principal.system(organisation), ACTION, details=details)
    await session.flush()
    await asyncio.sleep(_WORK_SECONDS)  # so that a process is killed in the middle of it
    return {part: 1}


async def _run() -> None:
    database = Database(get_settings())
    try:
        await run_forever(database, _TICK + int(sys.argv[1]) * _LONGER)
    finally:
        await database.close()


if __name__ == "__main__":
    JOBS.clear()
    job("of_two_seconds", Schedule(EVERY, words="every 2 seconds"), parts=_parts)(_work)
    with alone(get_settings()):
        asyncio.run(_run())
