"""The `pilotlight` command; each noun of it has its own file."""

import sys

import typer
from pydantic import ValidationError

from app import terminal
from app.cli import audit, benchmark, connections, imports, jobs, keys, organisations, serving
from app.cli.demo import demo
from app.core.errors import ConfigurationError, ProblemError
from app.core.problems import invalid_input

app = typer.Typer(
    help="Pilotlight: pilot tracking for AI trials in the public sector.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in (
    serving.serve,
    serving.scheduler,
    serving.migrate,
    serving.openapi,
    serving.doctor,
    connections.sync,
    connections.rekey,
    audit.verify_audit,
    demo,
):
    app.command()(command)
for name, group in (
    ("organisation", organisations.app),
    ("key", keys.app),
    ("import", imports.app),
    ("jobs", jobs.app),
    ("benchmark", benchmark.app),
):
    app.add_typer(group, name=name)


def main() -> None:
    """Run the command; a problem is told in a sentence, without a trace."""
    try:
        app()
    except ConfigurationError as error:
        terminal.err.print(f"[red]{error}[/red]", highlight=False)
        sys.exit(1)
    except ProblemError as error:
        terminal.print_problem(terminal.err, error)
        sys.exit(1)
    except ValidationError as error:
        terminal.print_problem(terminal.err, invalid_input([dict(e) for e in error.errors()]))
        sys.exit(1)
