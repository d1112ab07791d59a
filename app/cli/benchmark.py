"""`pilotlight benchmark`."""

from typing import Annotated

import typer

from app import terminal
from app.benchmarking.releases import publication
from app.benchmarking.releases.publication import Published
from app.cli import databases
from app.core.database import Database
from app.core.settings import get_settings

app = typer.Typer(help="The comparison between organisations.", no_args_is_help=True)


@app.command("release")
def release_benchmark(
    year: Annotated[
        int, typer.Option(min=2000, max=2100, help="The financial year, by its first April.")
    ],
    simulated: Annotated[
        bool, typer.Option("--simulated", help="Of simulated organisations, and of no real one.")
    ] = False,
) -> None:
    """Make a release from the returns submitted for a year; it is never changed."""

    async def work(database: Database) -> Published:
        await databases.check_migrated(database)
        async with database.transaction() as session:
            return await publication.publish(session, year, simulated=simulated)

    made = databases.run(databases.with_database(get_settings(), work))
    terminal.out.print(
        f"Release {made.release_id}: {made.organisations} organisations, {made.shown} cells shown, "
        f"{made.kept} of them as in an earlier release.",
        highlight=False,
        soft_wrap=True,
    )
