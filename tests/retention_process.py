"""A run of retention as a process of its own, to be killed: `python -m tests.retention_process ORGANISATION SLOT`.

It stops in the middle of its second part, when that has deleted its rows and not committed it, and says so.
"""

import asyncio
import sys
from datetime import datetime
from typing import Any
from uuid import UUID

import app.scheduler
import app.tables  # noqa: F401 - the jobs, and what tables refer to, must be known
from app.audit_log import service as audit_log
from app.core.database import Database
from app.core.jobs.registry import JOBS
from app.core.jobs.runner import run_slot
from app.core.settings import get_settings
from app.privacy.retention import service as retention

ROWS = 50
MIDDLE = "in the middle"
_record = audit_log.record
_parts: list[str] = []


async def _stop_in_the_second(session: Any, principal: Any, action: str, **more: Any) -> None:
    await _record(session, principal, action, **more)
    await session.flush()
    if action == "retention.applied":
        _parts.append(action)
    if len(_parts) == 2:
        print(MIDDLE, flush=True)  # noqa: T201 - whoever kills it waits for this
        await asyncio.Event().wait()


async def _run() -> None:
    retention.ROWS_AT_ONCE = ROWS  # type: ignore[misc]  # fewer, so that there are several parts
    audit_log.record = _stop_in_the_second  # type: ignore[assignment]  # it is to be caught there
    organisation_id, slot = UUID(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
    await run_slot(Database(get_settings()), JOBS["apply_retention"], organisation_id, slot)


if __name__ == "__main__":
    asyncio.run(_run())
