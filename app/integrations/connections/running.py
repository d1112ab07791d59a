"""Reading a connection: pages are asked for outside any transaction, and each is written in one.

See docs/decisions/0032-connections.md for what keeps two who read the same connection apart.
"""

from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core import clock
from app.core.database import Database
from app.core.encryption import SecretsUnreadable
from app.core.errors import ProblemError, Unavailable
from app.core.outward.client import Traffic
from app.core.outward.errors import OutwardError
from app.integrations.connections import repository, service
from app.integrations.connections.catalogue import KINDS
from app.integrations.connections.kinds import Kind, Opening
from app.integrations.connections.models import (
    Connection,
    ConnectionFile,
    ConnectionRun,
    FileState,
    SyncStatus,
)
from app.integrations.connections.sources import AnyPage, Cursor, Note, RemoteFile, pages
from app.integrations.connections.taking import Account, take

LEFT_BEHIND = timedelta(minutes=15)
MOST_PAGES = 500
LONGEST_RUN = timedelta(minutes=15)
_RUNS_KEPT = timedelta(days=90)
_FIRST_RETRY = timedelta(minutes=5)

_log = structlog.get_logger(__name__)


class Overtaken(Exception):
    """The connection was changed, deleted, or read by somebody else since a page was asked for."""


@dataclass(slots=True)
class _Reading:
    """A run under way."""

    database: Database
    principal: Principal
    connection_id: UUID
    run_id: UUID
    place: int
    kind: Kind
    opening: Opening
    cursor: Cursor
    began_at: datetime
    account: Account = field(default_factory=Account)
    goes_on: bool = False

    @property
    def traffic(self) -> Traffic:
        return self.opening.traffic


async def sync(
    database: Database,
    principal: Principal,
    connection_id: UUID,
    *,
    is_full: bool = False,
) -> ConnectionRun | None:
    """Read a connection, from where the last run stopped, and log it as a run.

    Args:
        database: no transaction of which is open.
        principal: who asks for it, or the system.
        connection_id: which.
        is_full: read everything again.

    Returns:
        The run as it ended; None where there is no such connection, or it is being read.

    Raises:
        Unavailable: the database is busy; what was committed stays, and the next run goes on.
    """
    began = await _begin(database, principal, connection_id, is_full=is_full)
    if not isinstance(began, _Reading):
        return began
    try:
        failure = await _failure_of(began)
        return await _end(began, failure)
    except Overtaken:
        return await _abandon(began)


async def _failure_of(began: _Reading) -> Note | None:
    """Read it; what went wrong, where something did."""
    try:
        await _read(began)
    except Overtaken:
        raise
    except Unavailable:
        raise
    except (OutwardError, ProblemError) as error:
        return Note(error.code, error.detail)
    except Exception as error:  # noqa: BLE001 - one connection's failure must not stop the others
        _log.error("sync_failed", kind=began.kind.name, exc_info=error)
        return Note("internal_error", "A defect of ours; it has been logged.")
    return None


async def _begin(
    database: Database, principal: Principal, connection_id: UUID, *, is_full: bool
) -> _Reading | ConnectionRun | None:
    """Take the run that was asked for, or make one; a run that failed at once is returned."""
    async with database.transaction() as session:
        connection = await repository.find(session, principal, connection_id, for_update=True)
        if connection is None:
            return None
        now = clock.now()
        run = await _run_to_do(session, principal, connection, now, is_full=is_full)
        if run is None:
            return None
        run.status, run.started_at, run.seen_at = SyncStatus.RUNNING, now, now
        if run.is_full:
            connection.cursor = {}
            await repository.forget_files(session, principal, connection.id)
        connection.place += 1
        if connection.every_minutes is not None:
            connection.next_at = now + timedelta(minutes=connection.every_minutes)
        await repository.forget_runs(session, principal, connection.id, now - _RUNS_KEPT)
        try:
            opening = await service.opening_of(session, principal, database.settings, connection)
        except SecretsUnreadable:
            note = Note(
                "secrets_unreadable",
                "No key of PILOTLIGHT_ENCRYPTION_KEYS decrypts its secrets. Set them again.",
            )
            _finish(connection, run, Account(), note, retries=0)
            return run
        except ProblemError as error:
            _finish(connection, run, Account(), Note(error.code, error.detail), retries=0)
            return run
        return _Reading(
            database,
            principal,
            connection.id,
            run.id,
            connection.place,
            KINDS[connection.kind],
            opening,
            dict(connection.cursor),
            now,
        )


async def _run_to_do(
    session: AsyncSession,
    principal: Principal,
    connection: Connection,
    now: datetime,
    *,
    is_full: bool,
) -> ConnectionRun | None:
    """The run that waits, or a new one; None where somebody is at it. One that was left behind is ended."""
    run = await repository.open_run(session, principal, connection.id)
    if run is not None and run.status is SyncStatus.RUNNING:
        if run.seen_at is not None and run.seen_at > now - LEFT_BEHIND:
            return None
        run.status, run.finished_at, run.error = SyncStatus.FAILED, now, "left_behind"
        detail = "Whoever did it ended in the middle. What it had written stays."
        run.troubles = [*run.troubles, {"code": "left_behind", "detail": detail, "count": 1}]
        await session.flush()
        run = None
    if run is None:
        run = ConnectionRun(organisation_id=principal.organisation_id, connection_id=connection.id)
        if principal.id != Principal.system(principal.organisation).id:
            run.requested_by = principal.id
        session.add(run)
    run.is_full = run.is_full or is_full
    return run


async def _read(reading: _Reading) -> None:
    """Ask for page after page, and write each."""
    async with (
        reading.kind.open(reading.opening) as source,
        aclosing(pages(source, reading.cursor)) as found,
    ):
        async for cursor, page in found:
            await _write(reading, cursor, page)
            reading.place += 1
            late = clock.now() - reading.began_at > LONGEST_RUN
            if late or reading.account.counts["pages"] >= MOST_PAGES:
                reading.account.note("to_be_continued", "There is more; the next run goes on.")
                reading.goes_on = True
                return


async def _write(reading: _Reading, cursor: Cursor, page: AnyPage) -> None:
    """One page: its rows, the cursor and the counts so far are committed together."""
    async with reading.database.transaction() as session:
        connection, run = await _held(session, reading)
        account = reading.account
        if page.file is None:
            await take(session, reading.principal, connection, page, account)
        else:
            await _take_file(session, reading, connection, page, page.file)
        connection.cursor = dict(cursor)
        connection.place += 1
        run.seen_at = clock.now()
        _tell(run, account, reading.traffic.retries)


async def _held(session: AsyncSession, reading: _Reading) -> tuple[Connection, ConnectionRun]:
    """The connection, held, where it is as it was when the page was asked for.

    Raises:
        Overtaken: it is not.
    """
    principal = reading.principal
    connection = await repository.find(session, principal, reading.connection_id, for_update=True)
    if connection is None or connection.place != reading.place:
        raise Overtaken
    run = await repository.find_run(session, principal, connection.id, reading.run_id)
    if run is None or run.status is not SyncStatus.RUNNING:
        raise Overtaken
    return connection, run


async def _take_file(
    session: AsyncSession,
    reading: _Reading,
    connection: Connection,
    page: AnyPage,
    file: RemoteFile,
) -> None:
    """Take a file, or put it aside where it cannot be read as a whole; either is noted by its checksum."""
    why = file.refused
    if why is None:
        before = Account(reading.account.counts.copy(), reading.account.troubles.copy())
        before.errors = list(reading.account.errors)
        try:
            async with session.begin_nested():
                await take(session, reading.principal, connection, page, reading.account)
        except ProblemError as error:
            if isinstance(error, Unavailable):
                raise
            reading.account = before
            why = Note(error.code, error.detail)
    if why is not None:
        reading.account.counts.update(pages=1, read=page.read)
        reading.account.note("file_quarantined", f"{file.name}: {why.detail}")
    session.add(
        ConnectionFile(
            organisation_id=connection.organisation_id,
            connection_id=connection.id,
            digest=file.digest,
            name=file.name,
            size=file.size,
            modified_at=file.modified_at,
            state=FileState.TAKEN if why is None else FileState.QUARANTINED,
            code=None if why is None else why.code,
            detail=None if why is None else why.detail[:500],
        )
    )
    await session.flush()


async def _abandon(reading: _Reading) -> ConnectionRun | None:
    """End a run whose connection was changed; None where it is gone, or somebody else's by now."""
    async with reading.database.transaction() as session:
        principal = reading.principal
        where = (session, principal, reading.connection_id)
        connection = await repository.find(*where, for_update=True)
        run = await repository.find_run(*where, reading.run_id)
        if connection is None or run is None or run.status is not SyncStatus.RUNNING:
            return None
        note = Note(
            "overtaken", "The connection was changed meanwhile. The next run reads it anew."
        )
        _finish(connection, run, reading.account, note, retries=reading.traffic.retries)
        return run


async def _end(reading: _Reading, failure: Note | None) -> ConnectionRun | None:
    async with reading.database.transaction() as session:
        connection, run = await _held(session, reading)
        for code, count in reading.traffic.troubles.items():
            reading.account.note(
                code, "Answers of the other system that were asked for again.", count
            )
        _finish(connection, run, reading.account, failure, retries=reading.traffic.retries)
        if failure is None and reading.goes_on and connection.every_minutes is not None:
            connection.next_at = clock.now()
        return run


def _finish(
    connection: Connection,
    run: ConnectionRun,
    account: Account,
    failure: Note | None,
    *,
    retries: int,
) -> None:
    now = clock.now()
    run.finished_at = run.seen_at = now
    run.status = SyncStatus.SUCCEEDED if failure is None else SyncStatus.FAILED
    if failure is None:
        connection.failures = 0
    else:
        account.note(failure.code, failure.detail)
        run.error = failure.code[:64]
        connection.failures += 1
        again: datetime = now + _FIRST_RETRY * 2 ** min(connection.failures - 1, 10)
        if connection.next_at is not None:
            connection.next_at = min(connection.next_at, again)
    _tell(run, account, retries)


def _tell(run: ConnectionRun, account: Account, retries: int) -> None:
    run.counts = account.told_counts(retries)
    run.troubles = account.told_troubles()
    run.errors = list(account.errors)
    run.licences = account.licences
