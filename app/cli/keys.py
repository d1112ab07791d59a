"""`pilotlight key`."""

import sys
from datetime import timedelta
from typing import Annotated

import typer

from app.access import service as access
from app.access.permissions import Role
from app.access.principals import Principal
from app.access.schemas import ApiKeyIn
from app.cli import databases
from app.core import clock
from app.core.database import Database
from app.core.errors import NotFound
from app.core.settings import get_settings
from app.organisations.models import Organisation
from app.people import service as people

app = typer.Typer(help="API keys.", no_args_is_help=True)


@app.command("create")
def create_key(
    role: Annotated[Role, typer.Option(help="What the key may do.")],
    organisation: databases.OrganisationOption = None,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "made on the command line",
    person: Annotated[
        str | None, typer.Option(help="HR number of whose key it is (for pilot leads).")
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="Days until it expires; never by default.")
    ] = None,
) -> None:
    """Make a key and print it, alone, on standard output: it is shown this once."""

    async def work(database: Database) -> str:
        await databases.check_migrated(database)
        owner = await databases.organisation_named(database, organisation)
        return await new_key(database, owner, role, name, person, days)

    sys.stdout.write(databases.run(databases.with_database(get_settings(), work)) + "\n")


async def new_key(
    database: Database,
    owner: Organisation,
    role: Role,
    name: str,
    person: str | None = None,
    days: int | None = None,
) -> str:
    principal = Principal.system(owner)
    async with database.transaction() as session:
        person_id = None
        if person is not None:
            found = await people.resolve(session, principal, [(None, person)])
            if not found:
                raise NotFound(f"Nobody is recorded under the number {person}.")
            person_id = found[None, person]
        expires_at = clock.now() + timedelta(days=days) if days is not None else None
        wanted = ApiKeyIn(name=name, role=role, person_id=person_id, expires_at=expires_at)
        _, key = await access.create_key(session, principal, wanted)
        return key
