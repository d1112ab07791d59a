"""`pilotlight organisation`."""

import typer

from app import terminal
from app.cli import databases
from app.core.database import Database
from app.core.settings import get_settings
from app.organisations import service as organisations
from app.organisations.models import Organisation

app = typer.Typer(help="Organisations.", no_args_is_help=True)


@app.command("create")
def create_organisation(name: str) -> None:
    """Make an organisation."""
    if not name.strip() or len(name) > 200 or not name.isprintable():
        raise typer.BadParameter("a name has 1 to 200 printable characters")

    async def work(database: Database) -> Organisation:
        await databases.check_migrated(database)
        async with database.transaction() as session:
            return await organisations.create(session, name.strip())

    made = databases.run(databases.with_database(get_settings(), work))
    terminal.out.print(f"Made {made.name} ({made.organisation_id}).", highlight=False)
