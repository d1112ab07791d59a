"""Trying a connection out: its first pages are asked for and written, and then taken back."""

from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core.database import Database
from app.core.encryption import SecretsUnreadable
from app.core.errors import ProblemError, Unavailable
from app.core.outward.errors import OutwardError
from app.integrations.connections import service
from app.integrations.connections.catalogue import KINDS
from app.integrations.connections.kinds import Kind, Opening
from app.integrations.connections.sources import AnyPage, Note, pages
from app.integrations.connections.taking import Account, take

MOST_PAGES = 20


@dataclass(slots=True)
class DryRun:
    """What a run would do."""

    account: Account = field(default_factory=Account)
    retries: int = 0
    complete: bool = False
    failure: Note | None = None


async def try_out(database: Database, principal: Principal, connection_id: UUID) -> DryRun:
    """Ask for the first pages of everything, write them, and take it back; recorded as tried.

    Raises:
        NotFound: there is no such connection within reach.
    """
    async with database.transaction() as session:
        connection = await service.find(session, principal, connection_id)
        await audit_log.record(
            session, principal, "connection.tried", connection.id, details={"name": connection.name}
        )
        try:
            opening = await service.opening_of(session, principal, database.settings, connection)
        except SecretsUnreadable:
            return DryRun(failure=Note("secrets_unreadable", "No listed key decrypts its secrets."))
        except ProblemError as error:
            return DryRun(failure=Note(error.code, error.detail))
    found, dry = await _first_pages(KINDS[connection.kind], opening)
    async with database.transaction() as session:
        connection = await service.find(session, principal, connection_id)
        for page in found:
            if page.file is not None and page.file.refused is not None:
                dry.account.note(page.file.refused.code, page.file.refused.detail)
                continue
            try:
                await take(session, principal, connection, page, dry.account)
            except ProblemError as error:
                if isinstance(error, Unavailable):
                    raise
                named = f"{page.file.name}: " if page.file is not None else ""
                dry.account.note(error.code, named + error.detail)
                break
        await session.rollback()
    return dry


async def _first_pages(kind: Kind, opening: Opening) -> tuple[list[AnyPage], DryRun]:
    found: list[AnyPage] = []
    dry = DryRun()
    try:
        async with kind.open(opening) as source, aclosing(pages(source, {})) as asked:
            async for _, page in asked:
                if len(found) == MOST_PAGES:
                    break
                found.append(page)
            else:
                dry.complete = True
    except OutwardError as error:
        dry.failure = Note(error.code, error.detail)
        dry.account.note(error.code, error.detail)
    dry.retries = opening.traffic.retries
    return found, dry


def as_logged(dry: DryRun) -> dict[str, Any]:
    """A dry run as it is told."""
    return {
        "reached": dry.failure is None,
        "complete": dry.complete,
        "counts": dry.account.told_counts(dry.retries),
        "error": dry.failure.code if dry.failure is not None else None,
        "troubles": dry.account.told_troubles(),
        "errors": dry.account.errors,
    }
