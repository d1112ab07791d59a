"""The scheduler: APScheduler fires ticks and holds no state; what is due stands in the database."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from app.core import clock
from app.core.database import Database
from app.core.jobs import housekeeping as housekeeping  # noqa: PLC0414 - registers its jobs
from app.core.jobs.runner import RunReport, run_due
from app.licences.allocations import jobs as seat_jobs  # noqa: F401 - likewise
from app.organisations import service as organisations
from app.time_use.daily import jobs as time_use_jobs  # noqa: F401 - likewise

TICK_SECONDS = 30


async def tick(database: Database) -> list[RunReport]:
    """Run everything that is due, for every organisation."""
    async with database.transaction(read_only=True) as session:
        owners = [o.organisation_id for o in await organisations.every(session)]
    return await run_due(database, owners, clock.now())


@asynccontextmanager
async def scheduled(database: Database) -> AsyncIterator[None]:
    """Ticks while the block runs."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    scheduler.add_job(
        tick,
        "interval",
        args=[database],
        seconds=TICK_SECONDS,
        next_run_time=clock.now(),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,  # a late tick is a tick: what is due does not depend on it
    )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)


async def run_forever(database: Database) -> None:
    """Tick until the process is told to stop."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # not on Windows
            loop.add_signal_handler(number, stopped.set)
    async with scheduled(database):
        await stopped.wait()
