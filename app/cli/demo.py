"""`pilotlight demo`."""

from typing import Annotated

import typer
from sqlmodel.ext.asyncio.session import AsyncSession

from app import terminal
from app.access.permissions import Role
from app.access.principals import Principal
from app.benefits import service as benefits
from app.benefits.models import BenefitClaim
from app.benefits.position import proven
from app.cli import databases
from app.cli.keys import new_key
from app.cli.serving import check_port, serve_at
from app.core import schema
from app.core.database import Database
from app.core.settings import Environment, get_settings
from app.demo import benchmark
from app.demo import council as simulated
from app.metrics.adoption import service as adoption
from app.metrics.feedback import service as feedback
from app.metrics.questions import Question
from app.metrics.time_use import service as time_use
from app.metrics.utilisation import renewal
from app.metrics.utilisation import service as utilisation
from app.scheduler import tick


def demo(
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Serve the API and the dashboard after.")
    ] = True,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
) -> None:
    """Load a simulated council, run the jobs, print the headline figures, and serve them."""
    settings = get_settings().model_copy(
        update={"environment": Environment.DEMO, "public_url": f"http://{host}:{port}"}
    )
    if serve:
        check_port(host, port)

    async def work(database: Database) -> None:
        await databases.check_reachable(database)
        await schema.migrate(database)
        with terminal.bars(terminal.err) as steps:
            async with database.transaction() as session:
                council = await simulated.load(session, steps)
        await tick(database)
        principal = Principal.system(council.organisation)
        async with database.transaction() as session:
            compared = await benchmark.load(session, principal)
        async with database.transaction(read_only=True) as session:
            answers = {
                pilot.name: await adoption.adoption(session, principal, pilot.id, Question())
                for pilot in (council.copilot, council.children)
            }
            children = council.children.id
            ratio = await time_use.time_use(session, principal, children, Question())
            said = await feedback.feedback(session, principal, children, Question())
            whole = utilisation.Question()
            seats = await utilisation.of_pool(session, principal, council.pool.id, whole)
            lately = utilisation.Question(starts_on=simulated.LATELY)
            advice = await renewal.advise(session, principal, council.pool.id, lately)
            claims = await _claims(session, principal, council)
        key = await new_key(database, council.organisation, Role.ADMIN, "demo", days=7)
        terminal.print_headlines(terminal.out, answers)
        terminal.print_time_use(terminal.out, council.children.name, ratio, said)
        terminal.print_seats(terminal.out, seats, advice)
        first = answers[council.copilot.name]
        cash = proven(claims, council.organisation.currency)
        terminal.print_headline(terminal.out, first, ratio, said, seats)
        decided, renewal_on = council.decided.by_name, council.pool.term_ends_on
        terminal.print_decisions(terminal.out, cash, decided, renewal_on)
        terminal.print_positions(terminal.out, compared)
        terminal.print_next_steps(
            terminal.out,
            f"http://{host}:{port}",
            key,
            council.copilot.id,
            council.children.id,
            serve,
        )

    databases.run(databases.with_database(settings, work))
    if serve:
        serve_at(settings, host, port, scheduler=None)


async def _claims(
    session: AsyncSession, principal: Principal, council: simulated.DemoCouncil
) -> list[BenefitClaim]:
    """What is claimed for both pilots."""
    of_copilot = await benefits.counting(session, principal, council.copilot.id)
    return of_copilot + await benefits.counting(session, principal, council.children.id)
