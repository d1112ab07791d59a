"""`pilotlight jobs`."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from app import terminal
from app.cli import databases
from app.core import clock
from app.core.database import Database
from app.core.jobs.registry import JOBS
from app.core.jobs.runner import run_slot
from app.core.settings import get_settings
from app.organisations import service as organisations

app = typer.Typer(help="Scheduled jobs.", no_args_is_help=True)


@app.command("list")
def list_jobs() -> None:
    """List the jobs and how often they run."""
    table = Table("job", "every")
    for job in JOBS.values():
        table.add_row(job.name, str(job.every))
    terminal.out.print(table)


@app.command("run")
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
        await databases.check_migrated(database)
        async with database.transaction(read_only=True) as session:
            owners = await organisations.every(session)
        job = JOBS[name]
        reports = [
            await run_slot(database, job, o.organisation_id, job.slot_at(moment)) for o in owners
        ]
        return [report.status or "had run already" for report in reports]

    outcomes = databases.run(databases.with_database(get_settings(), work))
    terminal.out.print(f"{name}: {', '.join(outcomes) or 'no organisations'}")
    if "failed" in outcomes:
        raise typer.Exit(1)
