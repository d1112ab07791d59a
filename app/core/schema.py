"""The database's schema version: Alembic run from code, and Citus."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import Database
from app.core.errors import ConfigurationError
from app.core.models import GLOBAL_TABLES, metadata

_PACKAGE = Path(__file__).resolve().parent.parent


def migrations_folder() -> Path:
    """Where the migrations lie: beside the package in a checkout, inside it when installed."""
    inside = _PACKAGE / "migrations"
    return inside if inside.is_dir() else _PACKAGE.parent / "migrations"


def alembic_config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


class Schema:
    """What this program expects of the database."""

    def __init__(self) -> None:
        self._scripts = ScriptDirectory.from_config(alembic_config())

    async def missing(self, database: Database) -> list[str]:
        """Revisions that the database still lacks; newer ones than ours are no obstacle."""
        async with database.engine.connect() as connection:
            current = await connection.run_sync(
                lambda sync: MigrationContext.configure(sync).get_current_heads()
            )
        known = {script.revision for script in self._scripts.walk_revisions()}
        if current and not set(current) <= known:
            return []  # migrated by a newer release, additive first: this one can still serve
        applied = {
            script.revision
            for head in current
            for script in self._scripts.iterate_revisions(head, "base")
        }
        return sorted(known - applied)


@asynccontextmanager
async def migrating(database: Database) -> AsyncIterator[AsyncConnection]:
    """A connection to run migrations on, committed where the block ends.

    SQLite alters a table by making it anew, during which its foreign keys must look away; they are
    checked before the commit.
    """
    async with database.engine.connect() as connection:
        if not database.is_sqlite:
            yield connection
            await connection.commit()
            return
        await _enforce_foreign_keys(connection, "OFF")
        try:
            yield connection
            broken = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).all()
            if broken:
                raise RuntimeError(f"the migration left rows that point nowhere: {broken[:5]}")
            await connection.commit()
        finally:
            await connection.rollback()
            await _enforce_foreign_keys(connection, "ON")


async def _enforce_foreign_keys(connection: AsyncConnection, state: str) -> None:
    # Straight to the driver: within a transaction, which SQLAlchemy would begin, it has no effect.
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection
    await driver.execute(f"PRAGMA foreign_keys={state}")


async def migrate(database: Database, revision: str = "head") -> None:
    """Bring the database to a revision (default: the newest)."""
    async with migrating(database) as connection:
        await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), revision))


async def distribute(database: Database) -> list[str]:
    """Spread the tables over a Citus cluster by organisation; running it again changes nothing.

    Global tables become reference tables. A trigger that only ever refuses (the audit log's) is safe
    on shards, which is what the Citus setting below asks us to vouch for.

    Returns:
        The names of the tables that were not distributed before.

    Raises:
        ConfigurationError: the database is not PostgreSQL with the citus extension.
    """
    if database.is_sqlite:
        raise ConfigurationError(
            "migrate --distributed needs PostgreSQL with the citus extension; this is SQLite."
        )
    async with database.engine.begin() as connection:
        present = await connection.scalar(
            text("SELECT count(*) FROM pg_extension WHERE extname = 'citus'")
        )
        if not present:
            raise ConfigurationError(
                "migrate --distributed needs the citus extension in this database. "
                "Install Citus, then: CREATE EXTENSION citus;"
            )
        return await _distribute_tables(connection)


async def _distribute_tables(connection: AsyncConnection) -> list[str]:
    await connection.execute(text("SET LOCAL citus.enable_unsafe_triggers = 'on'"))
    known = set(
        (await connection.scalars(text("SELECT logicalrelid::text FROM pg_dist_partition"))).all()
    )
    changed = []
    for table in metadata.sorted_tables:
        if table.name in known:
            continue
        if table.name in GLOBAL_TABLES:
            await connection.execute(
                text("SELECT create_reference_table(:name)"), {"name": table.name}
            )
        else:
            await connection.execute(
                text(
                    "SELECT create_distributed_table(:name, 'organisation_id', colocate_with => :with)"
                ),
                {"name": table.name, "with": "default"},
            )
        changed.append(table.name)
    return changed
