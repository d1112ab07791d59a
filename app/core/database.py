"""Engine, session and the one transaction of a request or job.

SQLite and PostgreSQL are the same to the rest of the code but for two things kept here:
how a transaction begins, and how their errors are read.
"""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint, event, text
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    InterfaceError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.ext.asyncio import async_sessionmaker as sessionmaker
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.errors import ConfigurationError, ProblemError, Unavailable, problem_of_constraint
from app.core.models import metadata
from app.core.settings import Settings

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}

# SQLSTATE classes and codes that a retry may well get past: connection lost, serialisation failure,
# deadlock, out of resources, shutting down, lock not available, statement timed out.
_TRANSIENT = ("08", "40001", "40P01", "53", "57P", "55P03", "57014")


def async_url(url: str) -> URL:
    """The URL with the asynchronous driver of its database.

    Raises:
        ConfigurationError: the URL is not one of SQLite or PostgreSQL.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    driver = _DRIVERS.get(parsed.drivername.partition("+")[0]) if parsed is not None else None
    if parsed is None or driver is None:
        raise ConfigurationError(
            "PILOTLIGHT_DATABASE_URL must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
        )
    return parsed.set(drivername=driver)


class Database:
    """The connections of one process to one database."""

    def __init__(self, settings: Settings) -> None:
        url = async_url(settings.database_url)
        self.settings = settings
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.engine = _create_engine(url, settings)
        reading: dict[str, Any] = (
            {"sqlite_begin": "BEGIN"} if self.is_sqlite else {"postgresql_readonly": True}
        )
        hurried: dict[str, Any] = {"sqlite_busy_ms": 0} if self.is_sqlite else {}
        self._hurried = sessionmaker(
            self.engine.execution_options(**hurried), class_=AsyncSession, expire_on_commit=False
        )
        self._write = sessionmaker(self.engine, class_=AsyncSession, expire_on_commit=False)
        self._read = sessionmaker(
            self.engine.execution_options(**reading), class_=AsyncSession, expire_on_commit=False
        )
        # SQLite's BEGIN costs nothing and takes no lock.
        alone: dict[str, Any] = reading if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        self._look = sessionmaker(
            self.engine.execution_options(**alone), class_=AsyncSession, expire_on_commit=False
        )

    @asynccontextmanager
    async def transaction(
        self, *, read_only: bool = False, wait: bool = True
    ) -> AsyncIterator[AsyncSession]:
        """One transaction: committed where the block ends, rolled back where it raises.

        Args:
            read_only: it writes nothing, and waits for no writer.
            wait: false where it is not worth waiting for SQLite's one writer.

        Raises:
            ProblemError: what a broken constraint or a database that is busy means to the caller.
        """
        make = self._read if read_only else self._write if wait else self._hurried
        async with self._session(make) as session:
            yield session

    @asynccontextmanager
    async def look_up(self) -> AsyncIterator[AsyncSession]:
        """A single SELECT without a transaction around it, which would be three more journeys."""
        async with self._session(self._look) as session:
            yield session

    @asynccontextmanager
    async def _session(self, make: sessionmaker[AsyncSession]) -> AsyncIterator[AsyncSession]:
        try:
            async with make() as session, session.begin():
                await self._connect(session)
                yield session
        except (DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            problem = problem_of(error)
            if problem is None:
                raise
            raise problem from error

    @staticmethod
    async def _connect(session: AsyncSession) -> None:
        """Connect now, so that a database out of reach is told from any other fault of the system."""
        try:
            await session.connection()
        except (OSError, TimeoutError, PoolTimeout) as error:
            raise _out_of_reach() from error

    async def is_reachable(self) -> bool:
        """Whether the database answers at all."""
        try:
            async with self.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (DBAPIError, OSError, TimeoutError):
            return False
        return True

    async def close(self) -> None:
        await self.engine.dispose()


def _create_engine(url: URL, settings: Settings) -> AsyncEngine:
    if url.get_backend_name() == "sqlite":
        engine = create_async_engine(
            url,
            pool_size=settings.database_pool_size,
            max_overflow=0,
            connect_args={"timeout": settings.database_busy_seconds},
            hide_parameters=True,
        )
        _prepare_sqlite(engine, int(settings.database_busy_seconds * 1000))
        return engine
    milliseconds = str(int(settings.database_busy_seconds * 1000))
    engine = create_async_engine(
        url,
        pool_size=settings.database_pool_size,
        max_overflow=0,
        pool_timeout=settings.database_busy_seconds,
        hide_parameters=True,
        connect_args={
            "server_settings": {
                "lock_timeout": milliseconds,
                "idle_in_transaction_session_timeout": "300000",
                "timezone": "UTC",
                "application_name": "pilotlight",
            }
        },
    )
    event.listens_for(engine.sync_engine, "checkout")(_replace_if_closed)
    return engine


def _replace_if_closed(connection: Any, _record: Any, _proxy: Any) -> None:
    """Let the pool make another where the server has closed one, as after its restart.

    The driver knows without asking: a ping before every transaction would be two journeys to the server.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _prepare_sqlite(engine: AsyncEngine, busy_ms: int) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        # The driver's own transaction handling begins too late and never IMMEDIATE: ours replaces it.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Connection) -> None:
        # A writer takes the write lock at once: upgrading later can fail however long one waits.
        options = connection.get_execution_options()
        connection.exec_driver_sql(f"PRAGMA busy_timeout={options.get('sqlite_busy_ms', busy_ms)}")
        connection.exec_driver_sql(options.get("sqlite_begin", "BEGIN IMMEDIATE"))


def _out_of_reach() -> Unavailable:
    return Unavailable("The database cannot be reached.", code="database_unavailable")


def problem_of(error: BaseException) -> ProblemError | None:
    """What a database error means to the caller; None where it is a defect of ours."""
    if isinstance(error, IntegrityError):
        return problem_of_constraint(constraint_of(error))
    if isinstance(error, InterfaceError | asyncpg.InterfaceError):
        return _out_of_reach()
    # COPY goes to the driver itself, so its errors come without SQLAlchemy's wrapping.
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, BaseException):
        state = getattr(original, "sqlstate", None) or ""
        busy = isinstance(original, sqlite3.OperationalError) and "locked" in str(original)
        if busy or state.startswith(_TRANSIENT) or getattr(error, "connection_invalidated", False):
            return Unavailable(
                "The database is busy or restarting; nothing was written. Try again.",
                code="database_busy",
            )
    return None


def constraint_of(error: IntegrityError) -> str | None:
    """The name of the constraint that a statement broke.

    PostgreSQL says it; SQLite names the columns of a unique one, from which the name follows.
    """
    original = getattr(error.orig, "__cause__", None) or error.orig
    name = getattr(original, "constraint_name", None)
    if isinstance(name, str):
        return name
    message = str(error.orig)
    if "CHECK constraint failed: " in message:
        return message.rpartition("CHECK constraint failed: ")[2].strip()
    if "UNIQUE constraint failed: " not in message:
        return None
    columns = message.rpartition("UNIQUE constraint failed: ")[2].split(", ")
    table_name = columns[0].partition(".")[0]
    names = [column.partition(".")[2] for column in columns]
    table = metadata.tables.get(table_name)
    if table is None:
        return None
    unique = [
        (c.name, [x.name for x in c.columns])
        for c in table.constraints
        if isinstance(c, PrimaryKeyConstraint | UniqueConstraint)
    ]
    unique += [(i.name, [x.name for x in i.columns]) for i in table.indexes if i.unique]
    return next((str(name) for name, parts in unique if parts == names and name), None)
