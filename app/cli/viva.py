"""`pilotlight import viva`."""

from pathlib import Path
from typing import Annotated

import typer

from app import terminal
from app.access.principals import Principal
from app.cli import databases
from app.core.database import Database
from app.core.settings import get_settings
from app.integrations.microsoft import service as microsoft
from app.integrations.microsoft.viva import PersonQuery


def import_viva(
    file: Annotated[Path, typer.Argument(help="The person query: CSV, gzipped or not.")],
    pilot: Annotated[
        str | None, typer.Option(help="Code of the pilot to enrol everybody in, in arm pilot.")
    ] = None,
    organisation: databases.OrganisationOption = None,
    product: Annotated[
        str, typer.Option(help="Product code of the activity.")
    ] = "Microsoft_365_Copilot",
    date_format: Annotated[
        str, typer.Option(help="How dates are written, e.g. %d/%m/%Y; never guessed.")
    ] = "%Y-%m-%d",
    without: Annotated[
        list[str] | None, typer.Option(help="A column that the file is known not to have.")
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Check everything and write nothing.")] = False,
) -> None:
    """Import a Viva Insights person query: people, departments and activity, all or nothing."""
    query = PersonQuery(file, date_format, frozenset(without or ()))

    async def work(database: Database) -> microsoft.VivaImport:
        await databases.check_migrated(database)
        owner = await databases.organisation_named(database, organisation)
        with terminal.bar(
            terminal.err, f"Importing {file.name}", terminal.size_of(file) * 2
        ) as advance:
            found = query.check(advance)
            async with database.transaction() as session:
                imported = await microsoft.import_person_query(
                    session,
                    Principal.system(owner),
                    query,
                    found,
                    product=product,
                    pilot_code=pilot,
                    on_progress=advance,
                )
                if dry_run:
                    await session.rollback()
                return imported

    imported = databases.run(databases.with_database(get_settings(), work))
    terminal.out.print(terminal.import_table(imported, file.name, dry_run=dry_run))
