"""The frame around every bulk write: one batch with its counts, one audit event, all or nothing."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core.bulk.requests import BulkMode, BulkOptions
from app.core.bulk.results import BulkRejected, BulkResult, BulkTally, Outcome, result_of
from app.core.models import new_id
from app.core.pagination import PageQuery
from app.imports import repository
from app.imports.models import ImportBatch, ImportKind


@dataclass(slots=True)
class Intake:
    """A batch in the making."""

    batch_id: UUID
    tally: BulkTally
    dry_run: bool
    result: BulkResult | None = field(default=None)
    # For domains whose answer tells more of each row than the common one.
    describe: Callable[[BulkResult], BulkResult] = field(default=lambda result: result)

    @property
    def answer(self) -> BulkResult:
        """The result, once the intake has closed."""
        if self.result is None:
            raise RuntimeError("the intake is still open")
        return self.result


@asynccontextmanager
async def intake(
    session: AsyncSession,
    principal: Principal,
    kind: ImportKind,
    options: BulkOptions,
    *,
    origin: str = "api",
    about: UUID | None = None,
) -> AsyncIterator[Intake]:
    """Take rows in: write them inside the block and note each outcome in `tally`.

    A dry run does everything that the real one does, and is rolled back.

    Args:
        session: the transaction.
        principal: who brings the rows.
        kind: what they are.
        options: partial or atomic, dry run, a list of every row's outcome.
        origin: where they come from: `api`, or the name of a file.
        about: the thing that they belong to, for the audit event.

    Raises:
        BulkRejected: atomic, and a row cannot be written.
    """
    savepoint = await session.begin_nested()
    batch = ImportBatch(
        id=new_id(),
        organisation_id=principal.organisation_id,
        kind=kind,
        origin=origin[:200],
        principal_id=principal.id,
    )
    session.add(batch)
    await session.flush()
    tally = BulkTally(rows=[] if options.list_rows else None)
    opened = Intake(batch.id, tally, options.dry_run)
    yield opened
    common = result_of(
        tally, batch_id=None if options.dry_run else opened.batch_id, dry_run=options.dry_run
    )
    opened.result = opened.describe(common)
    if options.mode is BulkMode.ATOMIC and tally.rejected:
        raise BulkRejected(opened.result.model_copy(update={"batch_id": None}))
    if options.dry_run:
        await savepoint.rollback()
        return
    counts = {
        "accepted": tally.counts[Outcome.ACCEPTED],
        "updated": tally.counts[Outcome.UPDATED],
        "duplicates": tally.counts[Outcome.DUPLICATE],
        "rejected": tally.rejected,
    }
    for name, count in counts.items():
        setattr(batch, name, count)
    details = {"batch_id": str(batch.id), **counts}
    await audit_log.record(session, principal, f"{kind}.imported", about, details=details)
    await savepoint.commit()


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery, kind: ImportKind | None
) -> tuple[list[ImportBatch], str | None]:
    """The organisation's batches, newest first."""
    return await repository.page(session, principal, query, kind)
