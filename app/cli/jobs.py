"""`pilotlight jobs`."""

from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.table import Column, Table

from app import terminal
from app.access.principals import Principal
from app.cli import databases
from app.core import clock
from app.core.database import Database
from app.core.jobs.registry import JOBS
from app.core.jobs.runner import run_slot
from app.core.settings import get_settings
from app.jobs import service
from app.jobs.service import Standing
from app.organisations import service as organisations
from app.organisations.models import Organisation

app = typer.Typer(help="Scheduled jobs.", no_args_is_help=True)

EveryOrganisation = Annotated[
    str | None, typer.Option(help="The organisation's name; all of them by default.")
]


@app.command("list")
def list_jobs(organisation: EveryOrganisation = None) -> None:
    """List the jobs: when they run, how they ran last, and how far they lag behind."""

    async def work(database: Database) -> list[tuple[str, list[Standing]]]:
        await databases.check_migrated(database)
        owners = await _owners(database, organisation)
        async with database.transaction(read_only=True) as session:
            return [
                (owner.name, await service.standings(session, Principal.system(owner)))
                for owner in owners
            ]

    found = databases.run(databases.with_database(get_settings(), work))
    table = Table(Column("job", no_wrap=True), "schedule", "organisation", "last run", "lag")
    for name, job in sorted(JOBS.items()):
        if not found:
            table.add_row(name, job.schedule.words, "", "", "")
        for owner, standings in found:
            standing = next(each for each in standings if each.job is job)
            table.add_row(
                name, job.schedule.words, owner, _last_run(standing), _whole_seconds(standing.lag)
            )
    terminal.out.print(table)


@app.command("run")
def run_job(
    name: str,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="Run the newest slot by the end of this day (UTC)."
        ),
    ] = None,
    organisation: EveryOrganisation = None,
) -> None:
    """Run a job's newest slot here and now; a slot that has run is left alone."""
    if name not in JOBS:
        raise typer.BadParameter(f"there is no job {name}; see: pilotlight jobs list")
    job, now = JOBS[name], clock.now()
    if as_of is not None and as_of.date() > now.date():
        raise typer.BadParameter("--as-of must not lie in the future")
    slot = job.schedule.slot_at(now) if as_of is None else job.schedule.slot_of(as_of.date(), now)

    async def work(database: Database) -> list[str]:
        await databases.check_migrated(database)
        owners = await _owners(database, organisation)
        reports = [await run_slot(database, job, o.organisation_id, slot) for o in owners]
        return [report.status or "had run already" for report in reports]

    outcomes = databases.run(databases.with_database(get_settings(), work))
    terminal.out.print(f"{name}: {', '.join(outcomes) or 'no organisations'}")
    if "failed" in outcomes:
        raise typer.Exit(1)


async def _owners(database: Database, name: str | None) -> list[Organisation]:
    if name is not None:
        return [await databases.organisation_named(database, name)]
    async with database.transaction(read_only=True) as session:
        return await organisations.every(session)


def _last_run(standing: Standing) -> str:
    run = standing.last_run
    if run is None or run.started_at is None:
        return "never"
    return f"{run.status.value} {run.started_at:%Y-%m-%d %H:%M} UTC"


def _whole_seconds(lag: timedelta) -> str:
    return str(timedelta(seconds=int(lag.total_seconds()))) if lag else "none"
