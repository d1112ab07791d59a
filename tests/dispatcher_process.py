"""A dispatcher as a process of its own, to be killed: `python -m tests.dispatcher_process`."""

import asyncio

import app.tables  # noqa: F401 - what events refer to must be known
from app.core.database import Database
from app.core.settings import get_settings
from app.integrations.webhooks.dispatching import Dispatcher


async def _run() -> None:
    dispatcher = Dispatcher(Database(get_settings()))
    while True:
        await dispatcher.tick()
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(_run())
