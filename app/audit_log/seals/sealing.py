"""The sealer: seals what has been committed, announces it, and writes checkpoints to the file.

Any number of them share a database. Checkpoints go to the file after the commit, at least once: whoever dies
in between leaves them to the next, and a line that is there twice says the same.
"""

import asyncio
import os
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog

from app.audit_log.seals import repository, service
from app.audit_log.seals.checkpoints import Signer
from app.core import clock
from app.core.database import Database
from app.core.errors import Unavailable

_MOST_LINES = 200

_log = structlog.get_logger(__name__)


class Sealer:
    """Seals from one process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._signer = Signer.of(database.settings)
        self._file = database.settings.checkpoint_file

    async def seal_audit_log(self) -> None:
        """Seal every organisation's events, announce what is due, and write what no file has."""
        await self._guarded(self._tick())

    async def _tick(self) -> None:
        async with self._database.transaction(read_only=True) as session:
            waiting = await repository.with_unsealed(session)
        for organisation_id in waiting:
            await self._guarded(self._seal(organisation_id))
        async with self._database.transaction(read_only=True) as session:
            before = clock.now() - service.ANNOUNCED_EVERY
            due = await repository.to_announce(session, before)
        for organisation_id in due:
            await self._guarded(self._announce(organisation_id))
        if self._file is not None:
            await self._write(Path(self._file))

    async def _seal(self, organisation_id: UUID) -> None:
        more = True
        while more:
            async with self._database.transaction() as session:
                sealed = await service.seal(session, organisation_id, self._signer)
            more = sealed == service.MOST_AT_ONCE

    async def _announce(self, organisation_id: UUID) -> None:
        async with self._database.transaction() as session:
            await service.announce(session, organisation_id, self._signer)

    async def _write(self, path: Path) -> None:
        more = True
        while more:
            async with self._database.transaction(read_only=True) as session:
                unwritten = await repository.unwritten(session, _MOST_LINES)
            if unwritten:
                lines = [each.statement for each in unwritten]
                await asyncio.to_thread(_append, path, lines)
                async with self._database.transaction() as session:
                    await repository.mark_written(session, unwritten, clock.now())
            more = len(unwritten) == _MOST_LINES

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """The failure of one organisation, or of the file, must not stop the others."""
        try:
            await work
        except Unavailable as error:
            _log.info("sealing_put_off", reason=error.code)
        except Exception as error:  # noqa: BLE001 - see above
            _log.error("sealing_failed", error=type(error).__name__)


def _append(path: Path, lines: Sequence[str]) -> None:
    """Add lines, in one write, and see them on the disk. What was cut off before stays a line of its own."""
    text = "".join(f"{line}\n" for line in lines).encode()
    with path.open("ab+") as file:
        if file.tell() and _last_byte(file.fileno(), file.tell()) != b"\n":
            text = b"\n" + text
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _last_byte(descriptor: int, size: int) -> bytes:
    return os.pread(descriptor, 1, size - 1)
