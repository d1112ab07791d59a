"""Runs the migrations, on the connection that `app.core.schema` hands over or on the settings' own."""

import asyncio
import sys
from typing import Any

from alembic import context
from sqlalchemy import Connection, text

from app.core import schema
from app.core.database import Database
from app.core.settings import get_settings
from app.tables import metadata

# A migration that waits for a lock holds up everything behind it: better that it gives up.
LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "15min"


def _render_item(kind: str, item: Any, _autogen: Any) -> str | bool:
    """Migrations name the plain column type, so that they do not change with our code."""
    if kind == "type" and type(item).__name__ == "UtcDateTime":
        return "sa.DateTime(timezone=True)"
    if kind == "type" and type(item).__name__ == "AutoString":
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    if kind == "type" and type(item).__name__ == "Money":
        return 'sa.Numeric(12, 2).with_variant(sa.String(14), "sqlite")'
    return False


def run(connection: Connection) -> None:
    """Run in one transaction, on either database."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=_render_item,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_on_own_connection() -> None:
    database = Database(get_settings())
    try:
        async with schema.migrating(database) as connection:
            await connection.run_sync(run)
    finally:
        await database.close()


def print_sql() -> None:
    """Print the SQL for PostgreSQL instead of running it, for the linter."""
    context.configure(dialect_name="postgresql", target_metadata=metadata, output_buffer=sys.stdout)
    with context.begin_transaction():
        context.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        context.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'")
        context.run_migrations()


given = context.config.attributes.get("connection")
if context.is_offline_mode():
    print_sql()
elif given is not None:
    run(given)
else:
    asyncio.run(run_on_own_connection())
