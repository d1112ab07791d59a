"""Running the service: `serve`, `scheduler`, `migrate`, `openapi`, `doctor`."""

import gc
import json
import socket
import sys
from contextlib import nullcontext
from typing import Annotated

import typer
import uvicorn
from rich.table import Table

from app import terminal
from app.cli import databases
from app.core import schema
from app.core.database import Database
from app.core.errors import ConfigurationError
from app.core.logging import configure_logging
from app.core.settings import Environment, Settings, get_settings
from app.main import create_app
from app.organisations import service as organisations
from app.scheduler import alone, run_forever


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    scheduler: Annotated[
        bool | None,
        typer.Option(
            "--scheduler/--no-scheduler", help="Run the jobs in this process; on SQLite by default."
        ),
    ] = None,
) -> None:
    """Serve the API and the dashboard."""
    serve_at(get_settings(), host, port, scheduler)


def check_port(host: str, port: int) -> None:
    """Say so now where the address is taken, and not after minutes of loading."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigurationError(
                f"{host}:{port} cannot be listened on ({error.strerror}). Choose another with --port."
            ) from error


def serve_at(settings: Settings, host: str, port: int, scheduler: bool | None) -> None:
    settings.require_secrets()
    check_port(host, port)
    databases.run(databases.with_database(settings, databases.check_migrated))
    on_sqlite = settings.database_url.startswith("sqlite")
    with_scheduler = on_sqlite if scheduler is None else scheduler
    with alone(settings) if with_scheduler else nullcontext():
        application = create_app(settings, with_scheduler=with_scheduler)
        # Thousands of rows live for the length of a chunk; looking for cycles among them finds none.
        gc.freeze()
        gc.set_threshold(100_000, 20, 50)
        uvicorn.run(
            application,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
        )


def scheduler() -> None:
    """Run the scheduled jobs until stopped."""
    settings = get_settings()
    settings.require_secrets()
    configure_logging(settings)

    async def work(database: Database) -> None:
        await databases.check_migrated(database)
        await run_forever(database)

    with alone(settings):
        databases.run(databases.with_database(settings, work))


def migrate(
    distributed: Annotated[
        bool, typer.Option(help="Spread the tables over a Citus cluster by organisation.")
    ] = False,
) -> None:
    """Bring the database to this release's schema."""

    async def work(database: Database) -> list[str] | None:
        await databases.check_reachable(database)
        await schema.migrate(database)
        return await schema.distribute(database) if distributed else None

    spread = databases.run(databases.with_database(get_settings(), work))
    terminal.out.print("The database is up to date.")
    if spread is not None:
        terminal.out.print(f"Distributed now: {', '.join(spread) or 'nothing new'}.")


def openapi() -> None:
    """Print the API's specification."""
    application = create_app(Settings(environment=Environment.DEMO))
    sys.stdout.write(json.dumps(application.openapi(), indent=2, ensure_ascii=False) + "\n")


def doctor() -> None:
    """Check settings and database, and say what to do about what is wrong."""
    settings = get_settings()
    table = Table("check", "state", "what to do")
    healthy = True

    def note(check: str, *, good: bool, remedy: str = "") -> None:
        nonlocal healthy
        healthy = healthy and good
        table.add_row(
            check, "[green]good[/green]" if good else "[red]bad[/red]", "" if good else remedy
        )

    async def work(database: Database) -> None:
        reachable = await database.is_reachable()
        note("database answers", good=reachable, remedy="see PILOTLIGHT_DATABASE_URL")
        if reachable:
            missing = await schema.Schema().missing(database)
            note("database is migrated", good=not missing, remedy="pilotlight migrate")
            if not missing:
                async with database.transaction(read_only=True) as session:
                    some = bool(await organisations.every(session))
                note("organisation", good=some, remedy="pilotlight organisation create NAME")

    try:
        settings.require_secrets()
        note("secret key", good=True)
    except ConfigurationError as error:
        note("secret key", good=False, remedy=str(error))
    databases.run(databases.with_database(settings, work))
    terminal.out.print(table)
    if not healthy:
        raise typer.Exit(1)
