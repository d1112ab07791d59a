"""Migrations: one line of them, up and down on both databases, the same as the models, keeping data."""

import ast
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from app.core import schema
from app.core.database import Database
from app.tables import TABLES, metadata
from tests.databases import settings_for

SCRIPTS = ScriptDirectory.from_config(schema.alembic_config())


@pytest.fixture
async def database(empty_database_url: str) -> AsyncIterator[Database]:
    database = Database(settings_for(empty_database_url))
    yield database
    await database.close()


async def run(database: Database, to: str, *, down: bool = False) -> None:
    def work(connection: Connection) -> None:
        config = schema.alembic_config(connection)
        (command.downgrade if down else command.upgrade)(config, to)

    async with schema.migrating(database) as connection:
        await connection.run_sync(work)


def test_there_is_one_head() -> None:
    assert len(SCRIPTS.get_heads()) == 1


def test_every_migration_is_named_by_date_and_slug_and_goes_both_ways() -> None:
    for script in SCRIPTS.walk_revisions():
        name = Path(script.path).stem
        assert name == script.revision
        date, _, slug = name.partition("_")
        assert len(date) == 8
        assert date.isdigit()
        assert slug.isidentifier()
        tree = ast.parse(Path(script.path).read_text(encoding="utf-8"))
        functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
        for direction in ("upgrade", "downgrade"):
            assert not isinstance(functions[direction].body[0], ast.Pass), name


# Neither SQLAlchemy nor Alembic reads this one from SQLite; tests/test_sample_lookups.py sees that it is used.
@pytest.mark.filterwarnings(
    "ignore:Skipped unsupported reflection of expression-based index ix_person_user_name"
)
@pytest.mark.filterwarnings(
    "ignore:autogenerate skipping metadata-specified expression-based index 'ix_person_user_name'"
)
async def test_the_migrated_database_is_what_the_models_say(database: Database) -> None:
    await schema.migrate(database)

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_up_down_up_leaves_nothing_behind(database: Database) -> None:
    def tables(connection: Connection) -> set[str]:
        return set(inspect(connection).get_table_names()) - {"alembic_version"}

    for _ in range(2):
        await run(database, "head")
        async with database.engine.connect() as connection:
            assert await connection.run_sync(tables) == {str(t.__tablename__) for t in TABLES}
        await run(database, "base", down=True)
        async with database.engine.connect() as connection:
            assert await connection.run_sync(tables) == set()
    assert await schema.Schema().missing(database) == sorted(
        script.revision for script in SCRIPTS.walk_revisions()
    )


async def test_data_survive_each_step_down_and_up_again(database: Database) -> None:
    """From the first migration on: an organisation, its people and runs of jobs stay through later ones."""
    revisions = [script.revision for script in reversed(list(SCRIPTS.walk_revisions()))]
    await run(database, revisions[0])
    async with database.engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO organisation (organisation_id, name, zone, minimum_group_size,"
                " working_hours_per_week, currency, is_simulated, created_at, updated_at, revision)"
                " VALUES ('00000000000000000000000000000001', 'Council', 'Europe/London', 5, 37,"
                " 'GBP', false, '2024-01-01', '2024-01-01', 1)"
            )
        )
        await connection.execute(
            text(
                "INSERT INTO person (organisation_id, id, external_id, created_at, updated_at,"
                " revision) VALUES ('00000000000000000000000000000001',"
                " '00000000000000000000000000000002', 'E1', '2024-01-01', '2024-01-01', 1)"
            )
        )
        await connection.execute(
            text(
                "INSERT INTO job_run (organisation_id, id, job, slot, status, started_at,"
                " finished_at, counts) VALUES ('00000000000000000000000000000001',"
                " '00000000000000000000000000000003', 'cleanup', '2024-01-01', 'succeeded',"
                " '2024-01-01', '2024-01-01', '{}')"
            )
        )
    for _ in range(2):
        await run(database, "head")
        async with database.engine.connect() as connection:
            assert await connection.scalar(text("SELECT external_id FROM person")) == "E1"
            assert await connection.scalar(text("SELECT name FROM organisation")) == "Council"
            ran = await connection.execute(text("SELECT job, status, failures FROM job_run"))
            assert tuple(ran.one()) == ("cleanup", "succeeded", 0)
        await run(database, revisions[0], down=len(revisions) > 1)


async def test_a_database_that_a_newer_release_migrated_is_served(database: Database) -> None:
    await schema.migrate(database)
    async with database.engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'of_tomorrow'"))
    assert await schema.Schema().missing(database) == []
