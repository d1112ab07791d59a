"""The scheduler: APScheduler fires ticks and holds no state; what is due stands in the database."""

import asyncio
import signal
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from datetime import timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from app.access.sessions import jobs as session_jobs  # noqa: F401 - registers its jobs, as those below
from app.assurance.governance.gates import jobs as governance_jobs  # noqa: F401 - likewise
from app.audit_log.seals.sealing import Sealer
from app.core import clock
from app.core.database import Database, async_url
from app.core.errors import ConfigurationError
from app.core.jobs import housekeeping as housekeeping  # noqa: PLC0414 - likewise
from app.core.jobs.runner import RunReport, run_due
from app.core.settings import Settings
from app.integrations.connections import jobs as connection_jobs  # noqa: F401
from app.integrations.webhooks import jobs as webhook_jobs  # noqa: F401
from app.integrations.webhooks.dispatching import Dispatcher
from app.licences.activity import jobs as activity_jobs  # noqa: F401
from app.licences.allocations import jobs as seat_jobs  # noqa: F401
from app.licences.reclaim import jobs as reclaim_jobs  # noqa: F401
from app.metrics.feedback import jobs as feedback_jobs  # noqa: F401
from app.metrics.snapshots import jobs as snapshot_jobs  # noqa: F401
from app.organisations import service as organisations
from app.privacy.retention import jobs as retention_jobs  # noqa: F401
from app.time_use.daily import jobs as time_use_jobs  # noqa: F401 - likewise

TICK = timedelta(seconds=30)
DISPATCH = timedelta(seconds=3)
SEAL = timedelta(seconds=3)
LOCK_SUFFIX = ".scheduler"


async def tick(database: Database) -> list[RunReport]:
    """Run everything that is due, for every organisation."""
    async with database.transaction(read_only=True) as session:
        owners = [o.organisation_id for o in await organisations.every(session)]
    return await run_due(database, owners, clock.now())


@asynccontextmanager
async def scheduled(database: Database, every: timedelta = TICK) -> AsyncIterator[None]:
    """Ticks while the block runs, events that are sent, and an audit log that is sealed."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    dispatcher = Dispatcher(database)
    scheduler.add_job(
        tick,
        "interval",
        args=[database],
        seconds=every.total_seconds(),
        next_run_time=clock.now(),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,  # a late tick is a tick: what is due does not depend on it
    )
    scheduler.add_job(
        dispatcher.tick,
        "interval",
        seconds=DISPATCH.total_seconds(),
        next_run_time=clock.now(),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    scheduler.add_job(
        Sealer(database).seal_audit_log,
        "interval",
        seconds=SEAL.total_seconds(),
        next_run_time=clock.now(),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)
        await dispatcher.close()


async def run_forever(database: Database, every: timedelta = TICK) -> None:
    """Tick until the process is told to stop."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # not on Windows
            loop.add_signal_handler(number, stopped.set)
    async with scheduled(database, every):
        await stopped.wait()


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """While the block runs, the only scheduler of an SQLite file; of PostgreSQL there may be many.

    The lock is SQLite's own, on an empty file beside the database: the system drops it with the process,
    however that ends, and it works wherever SQLite does.

    Raises:
        ConfigurationError: another process runs the jobs of this file.
    """
    url = async_url(settings.database_url)
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        yield
        return
    with closing(
        sqlite3.connect(f"{url.database}{LOCK_SUFFIX}", timeout=0, isolation_level=None)
    ) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise ConfigurationError(
                "Another process runs the jobs of this database. SQLite takes one scheduler: "
                "stop that one, or serve with --no-scheduler."
            ) from error
        yield
