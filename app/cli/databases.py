"""The database that a command works on, and the organisation that it works for."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any, TypeVar

import typer

from app.core import schema
from app.core.database import Database
from app.core.errors import ConfigurationError, Invalid, NotFound
from app.core.settings import Settings
from app.organisations import service as organisations
from app.organisations.models import Organisation

Result = TypeVar("Result")

OrganisationOption = Annotated[
    str | None,
    typer.Option(help="The organisation's name; may be left out where there is one only."),
]


def run(work: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(work)


async def with_database(
    settings: Settings, work: Callable[[Database], Awaitable[Result]]
) -> Result:
    database = Database(settings)
    try:
        return await work(database)
    finally:
        await database.close()


async def check_reachable(database: Database) -> None:
    if not await database.is_reachable():
        raise ConfigurationError("The database cannot be reached. See PILOTLIGHT_DATABASE_URL.")


async def check_migrated(database: Database) -> None:
    await check_reachable(database)
    if await schema.Schema().missing(database):
        raise ConfigurationError("The database needs migrating first: pilotlight migrate")


async def organisation_named(database: Database, name: str | None) -> Organisation:
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
