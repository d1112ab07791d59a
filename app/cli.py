"""The `pilotlight` command."""

import asyncio
import gc
import json
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import uvicorn
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from app import terminal
from app.access import service as access
from app.access.permissions import Role
from app.access.principals import Principal
from app.access.schemas import ApiKeyIn
from app.core import clock, schema
from app.core.database import Database
from app.core.errors import ConfigurationError, Invalid, NotFound, ProblemError
from app.core.jobs.registry import JOBS
from app.core.jobs.runner import run_slot
from app.core.logging import configure_logging
from app.core.problems import invalid_input
from app.core.settings import Environment, Settings, get_settings
from app.demo import council as simulated
from app.integrations.microsoft import service as microsoft
from app.integrations.microsoft.viva import PersonQuery
from app.main import create_app
from app.metrics.adoption import service as adoption
from app.metrics.utilisation import renewal
from app.metrics.utilisation import service as utilisation
from app.organisations import service as organisations
from app.organisations.models import Organisation
from app.people import service as people
from app.scheduler import run_forever, tick

Result = TypeVar("Result")

app = typer.Typer(
    help="Pilotlight: pilot tracking for AI trials in the public sector.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
organisation_app = typer.Typer(help="Organisations.", no_args_is_help=True)
key_app = typer.Typer(help="API keys.", no_args_is_help=True)
import_app = typer.Typer(help="Import a file.", no_args_is_help=True)
jobs_app = typer.Typer(help="Scheduled jobs.", no_args_is_help=True)
for name, group in (
    ("organisation", organisation_app),
    ("key", key_app),
    ("import", import_app),
    ("jobs", jobs_app),
):
    app.add_typer(group, name=name)

out = Console()
err = Console(stderr=True)

OrganisationOption = Annotated[
    str | None,
    typer.Option(help="The organisation's name; may be left out where there is one only."),
]


def main() -> None:
    """Run the command; a problem is told in a sentence, without a trace."""
    try:
        app()
    except ConfigurationError as error:
        err.print(f"[red]{error}[/red]", highlight=False)
        sys.exit(1)
    except ProblemError as error:
        terminal.print_problem(err, error)
        sys.exit(1)
    except ValidationError as error:
        terminal.print_problem(err, invalid_input([dict(e) for e in error.errors()]))
        sys.exit(1)


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(work)


async def _with_database(
    settings: Settings, work: Callable[[Database], Awaitable[Result]]
) -> Result:
    database = Database(settings)
    try:
        return await work(database)
    finally:
        await database.close()


async def _check_reachable(database: Database) -> None:
    if not await database.is_reachable():
        raise ConfigurationError("The database cannot be reached. See PILOTLIGHT_DATABASE_URL.")


async def _check_migrated(database: Database) -> None:
    await _check_reachable(database)
    if await schema.Schema().missing(database):
        raise ConfigurationError("The database needs migrating first: pilotlight migrate")


async def _organisation(database: Database, name: str | None) -> Organisation:
    async with database.transaction(read_only=True) as session:
        if name is not None:
            found = await organisations.find_by_name(session, name)
            if found is None:
                raise NotFound(f"There is no organisation called {name}.")
            return found
        every = await organisations.every(session)
    if len(every) != 1:
        raise Invalid(
            "Say which organisation with --organisation NAME."
            if every
            else "There is no organisation yet: pilotlight organisation create NAME"
        )
    return every[0]


# --- running ---------------------------------------------------------------------------------------


@app.command()
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
    """Serve the API."""
    _serve(get_settings(), host, port, scheduler)


def _check_port(host: str, port: int) -> None:
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


def _serve(settings: Settings, host: str, port: int, scheduler: bool | None) -> None:
    settings.require_secrets()
    _check_port(host, port)
    _run(_with_database(settings, _check_migrated))
    on_sqlite = settings.database_url.startswith("sqlite")
    application = create_app(settings, with_scheduler=on_sqlite if scheduler is None else scheduler)
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


@app.command()
def scheduler() -> None:
    """Run the scheduled jobs until stopped."""
    settings = get_settings()
    settings.require_secrets()
    configure_logging(settings)

    async def work(database: Database) -> None:
        await _check_migrated(database)
        await run_forever(database)

    _run(_with_database(settings, work))


@app.command()
def migrate(
    distributed: Annotated[
        bool, typer.Option(help="Spread the tables over a Citus cluster by organisation.")
    ] = False,
) -> None:
    """Bring the database to this release's schema."""

    async def work(database: Database) -> list[str] | None:
        await _check_reachable(database)
        await schema.migrate(database)
        return await schema.distribute(database) if distributed else None

    spread = _run(_with_database(get_settings(), work))
    out.print("The database is up to date.")
    if spread is not None:
        out.print(f"Distributed now: {', '.join(spread) or 'nothing new'}.")


@app.command()
def openapi() -> None:
    """Print the API's specification."""
    application = create_app(Settings(environment=Environment.DEMO))
    sys.stdout.write(json.dumps(application.openapi(), indent=2, ensure_ascii=False) + "\n")


@app.command()
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
    _run(_with_database(settings, work))
    out.print(table)
    if not healthy:
        raise typer.Exit(1)


# --- organisations and keys ------------------------------------------------------------------------


@organisation_app.command("create")
def create_organisation(name: str) -> None:
    """Make an organisation."""
    if not name.strip() or len(name) > 200 or not name.isprintable():
        raise typer.BadParameter("a name has 1 to 200 printable characters")

    async def work(database: Database) -> Organisation:
        await _check_migrated(database)
        async with database.transaction() as session:
            return await organisations.create(session, name.strip())

    made = _run(_with_database(get_settings(), work))
    out.print(f"Made {made.name} ({made.organisation_id}).", highlight=False)


@key_app.command("create")
def create_key(
    role: Annotated[Role, typer.Option(help="What the key may do.")],
    organisation: OrganisationOption = None,
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
        await _check_migrated(database)
        owner = await _organisation(database, organisation)
        return await _new_key(database, owner, role, name, person, days)

    sys.stdout.write(_run(_with_database(get_settings(), work)) + "\n")


async def _new_key(
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


# --- importing -------------------------------------------------------------------------------------


@import_app.command("viva")
def import_viva(
    file: Annotated[Path, typer.Argument(help="The person query: CSV, gzipped or not.")],
    pilot: Annotated[
        str | None, typer.Option(help="Code of the pilot to enrol everybody in, in arm pilot.")
    ] = None,
    organisation: OrganisationOption = None,
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
        await _check_migrated(database)
        owner = await _organisation(database, organisation)
        with terminal.bar(err, f"Importing {file.name}", terminal.size_of(file) * 2) as advance:
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

    imported = _run(_with_database(get_settings(), work))
    out.print(terminal.import_table(imported, file.name, dry_run=dry_run))


# --- jobs ------------------------------------------------------------------------------------------


@jobs_app.command("list")
def list_jobs() -> None:
    """List the jobs and how often they run."""
    table = Table("job", "every")
    for job in JOBS.values():
        table.add_row(job.name, str(job.every))
    out.print(table)


@jobs_app.command("run")
def run_job(
    name: str,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Run the slot of this day (UTC).")
    ] = None,
) -> None:
    """Run a job's newest slot for every organisation; a slot that has run is left alone."""
    if name not in JOBS:
        raise typer.BadParameter(f"there is no job {name}; see: pilotlight jobs list")
    moment = as_of.replace(tzinfo=UTC) if as_of is not None else clock.now()

    async def work(database: Database) -> list[str]:
        await _check_migrated(database)
        async with database.transaction(read_only=True) as session:
            owners = await organisations.every(session)
        job = JOBS[name]
        reports = [
            await run_slot(database, job, o.organisation_id, job.slot_at(moment)) for o in owners
        ]
        return [report.status or "had run already" for report in reports]

    outcomes = _run(_with_database(get_settings(), work))
    out.print(f"{name}: {', '.join(outcomes) or 'no organisations'}")
    if "failed" in outcomes:
        raise typer.Exit(1)


# --- the demo --------------------------------------------------------------------------------------


@app.command()
def demo(
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the API after.")] = True,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
) -> None:
    """Load a simulated council, run the jobs, print the headline figures, and serve them."""
    settings = get_settings().model_copy(update={"environment": Environment.DEMO})
    if serve:
        _check_port(host, port)

    async def work(database: Database) -> None:
        await _check_reachable(database)
        await schema.migrate(database)
        with terminal.bars(err) as steps:
            async with database.transaction() as session:
                council = await simulated.load(session, steps)
        await tick(database)
        principal = Principal.system(council.organisation)
        async with database.transaction(read_only=True) as session:
            answers = {
                pilot.name: await adoption.adoption(
                    session, principal, pilot.id, adoption.Question()
                )
                for pilot in (council.copilot, council.children)
            }
            whole = utilisation.Question()
            seats = await utilisation.of_pool(session, principal, council.pool.id, whole)
            lately = utilisation.Question(starts_on=simulated.LATELY)
            advice = await renewal.advise(session, principal, council.pool.id, lately)
        key = await _new_key(database, council.organisation, Role.ADMIN, "demo", days=7)
        terminal.print_headlines(out, answers)
        terminal.print_seats(out, seats, advice)
        terminal.print_next_steps(out, f"http://{host}:{port}", key, council.copilot.id, serve)

    _run(_with_database(settings, work))
    if serve:
        _serve(settings, host, port, scheduler=None)
