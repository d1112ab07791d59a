"""One read answers everybody who asks for the same before it begins."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Found = TypeVar("Found")


@dataclass(slots=True)
class SharedReads(Generic[Key, Found]):
    """Reads that many ask for at once, as one.

    An answer is never older than its question: who asks while a read runs waits for the one after it.
    """

    _running: dict[Key, asyncio.Task[Found]] = field(default_factory=dict)
    _next: dict[Key, asyncio.Task[Found]] = field(default_factory=dict)

    async def get(self, key: Key, read: Callable[[], Awaitable[Found]]) -> Found:
        """What the read finds; it is the first one's read that answers the others with the same key.

        Raises:
            Exception: what the read raises, for all who share it.
        """
        upcoming = self._next.get(key)
        if upcoming is None:
            running = self._running.get(key)
            # A task of its own: the first one's client may go away, the others still wait.
            upcoming = asyncio.create_task(self._read(key, read, running))
            self._next[key] = upcoming
        return await asyncio.shield(upcoming)

    async def _read(
        self,
        key: Key,
        read: Callable[[], Awaitable[Found]],
        before: asyncio.Task[Found] | None,
    ) -> Found:
        if before is not None:
            await asyncio.wait([before])
        self._running[key] = self._next.pop(key)
        try:
            return await read()
        finally:
            # The next one has taken no place yet: it waits for this to end.
            del self._running[key]
