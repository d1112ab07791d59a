"""`pilotlight sync` and `pilotlight rekey`."""

from typing import Annotated

import typer
from rich.table import Table

from app import terminal
from app.access.principals import Principal
from app.cli import databases
from app.core.database import Database
from app.core.encryption import SecretsUnreadable, Vault
from app.core.errors import ConfigurationError, Conflict
from app.core.settings import get_settings
from app.integrations.connections import running, service, trying
from app.integrations.connections.models import ConnectionRun, SyncStatus
from app.integrations.webhooks import service as webhooks
from app.organisations import service as organisations


def sync(
    connection: Annotated[str, typer.Argument(help="The connection's name.")],
    organisation: databases.OrganisationOption = None,
    full: Annotated[
        bool, typer.Option("--full", help="Read everything again, not only what has changed.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Ask for the first pages, and write nothing.")
    ] = False,
) -> None:
    """Read a connection to another system here and now. Exit status 1: it failed."""

    async def work(database: Database) -> dict[str, object]:
        await databases.check_migrated(database)
        owner = await databases.organisation_named(database, organisation)
        principal = Principal.system(owner)
        async with database.transaction(read_only=True) as session:
            found = await service.named(session, principal, connection)
        if dry_run:
            return trying.as_logged(await trying.try_out(database, principal, found.id))
        run = await running.sync(database, principal, found.id, is_full=full)
        if run is None:
            raise Conflict("It is being read by another process, or was changed meanwhile.")
        return _as_logged(run)

    told = databases.run(databases.with_database(get_settings(), work))
    fate = " (dry run: nothing was written)" if dry_run else ""
    terminal.out.print(f"{connection}{fate}", highlight=False)
    terminal.out.print(_table(told))
    if told["error"] is not None:
        raise typer.Exit(1)


def rekey() -> None:
    """Encrypt the secrets of all connections and webhooks with the newest key, so that older ones may go."""

    async def work(database: Database) -> int:
        await databases.check_migrated(database)
        vault = Vault.of(database.settings)
        done = 0
        async with database.transaction(read_only=True) as session:
            owners = await organisations.every(session)
        for owner in owners:
            async with database.transaction() as session:
                done += await service.rekey(session, Principal.system(owner), vault)
                done += await webhooks.rekey(session, Principal.system(owner), vault)
        return done

    try:
        done = databases.run(databases.with_database(get_settings(), work))
    except SecretsUnreadable:
        raise ConfigurationError(
            "No key of PILOTLIGHT_ENCRYPTION_KEYS decrypts the secrets of a connection or webhook. List the older "
            "key as well."
        ) from None
    terminal.out.print(f"{done} encrypted anew.")


def _as_logged(run: ConnectionRun) -> dict[str, object]:
    error = run.error if run.status is SyncStatus.FAILED else None
    return {"counts": run.counts, "error": error, "troubles": run.troubles, "errors": run.errors}


def _table(told: dict[str, object]) -> Table:
    table = Table("", "", show_header=False)
    counts, troubles = told["counts"], told["troubles"]
    assert isinstance(counts, dict)  # noqa: S101 - as both logs have them
    assert isinstance(troubles, list)  # noqa: S101 - likewise
    for what, count in counts.items():
        table.add_row(what, str(count))
    for trouble in troubles:
        table.add_row(trouble["code"], f"{trouble['detail']} ({trouble['count']})")
    return table
