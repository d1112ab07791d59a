"""`pilotlight import`."""

import typer

from app.cli.viva import import_viva

app = typer.Typer(help="Import a file.", no_args_is_help=True)
app.command("viva")(import_viva)
