"""Tenancy by keys: held over the metadata, and tried against the database."""

import pytest
from sqlalchemy import ForeignKeyConstraint, PrimaryKeyConstraint, UniqueConstraint, text
from sqlalchemy.exc import IntegrityError

from app.core import schema
from app.core.database import Database
from app.core.errors import ConfigurationError
from app.core.models import GLOBAL_TABLES
from app.tables import metadata
from tests.council import Council, good
from tests.databases import settings_for

TENANT_TABLES = [table for table in metadata.sorted_tables if table.name not in GLOBAL_TABLES]
FIRST = "organisation_id"


@pytest.mark.parametrize("table", TENANT_TABLES, ids=lambda table: table.name)
def test_every_key_starts_with_the_organisation(table) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - a Table
    for constraint in table.constraints:
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint):
            assert constraint.columns[0].name == FIRST, constraint.name
        if isinstance(constraint, ForeignKeyConstraint):
            pairs = [(e.parent.name, e.column.name) for e in constraint.elements]
            assert pairs[0] == (FIRST, FIRST), constraint.name
    for index in table.indexes:
        assert next(iter(index.columns)).name == FIRST, index.name


def test_the_global_tables_are_those_that_are_listed() -> None:
    assert {"organisation"} == GLOBAL_TABLES
    assert len(TENANT_TABLES) == len(metadata.tables) - 1


async def test_a_row_cannot_point_into_another_organisation(
    council: Council, other_council: Council
) -> None:
    theirs = good(
        await (await other_council.admin()).post("/people", json={"external_id": "E1"}), 201
    )
    statement = text(
        "INSERT INTO api_key (organisation_id, id, name, digest, hint, scopes, person_id, created_at)"
        " SELECT :ours, id, name, digest, hint, scopes, person.pid, created_at FROM api_key,"
        " (SELECT id AS pid FROM person) AS person"
    )
    assert theirs["person_id"]
    ours = council.organisation.organisation_id
    values = {"ours": ours.hex if council.database.is_sqlite else ours}
    async with council.database.engine.connect() as connection:
        with pytest.raises(IntegrityError):
            await connection.execute(statement, values)


async def test_distribution_without_citus_says_what_is_missing(database_url: str) -> None:
    database = Database(settings_for(database_url))
    try:
        with pytest.raises(ConfigurationError, match="citus extension"):
            await schema.distribute(database)
    finally:
        await database.close()
