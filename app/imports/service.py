"""The frame around every bulk write: one batch with its counts, one audit event, all or nothing."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access import service as access
from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core import clock
from app.core.bulk.requests import BulkMode, BulkOptions
from app.core.bulk.results import BulkRejected, BulkResult, BulkTally, Outcome, result_of
from app.core.errors import Conflict, existing
from app.core.models import new_id
from app.core.pagination import PageQuery
from app.imports import repository
from app.imports.models import SCOPE_OF_KIND, ImportBatch, ImportKind

Answer = TypeVar("Answer", bound=BulkResult)


@dataclass(frozen=True, slots=True)
class Stayed:
    """Whom a batch had brought and who could not be taken back, and why."""

    person_id: UUID
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class TakenBack:
    """How many rows a batch had brought, how many it had replaced, and who stays as it brought them."""

    removed: int
    restored: int
    stayed: Sequence[Stayed] = ()


Undo = Callable[[AsyncSession, Principal, ImportBatch], Awaitable[TakenBack]]

_UNDO: dict[ImportKind, Undo] = {}


def undone_by(kind: ImportKind, undo: Undo) -> None:
    """Declare what takes the rows of a batch back."""
    _UNDO[kind] = undo


def can_be_undone(kind: ImportKind) -> bool:
    """Whether batches of a kind can be taken back."""
    return kind in _UNDO


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

    def answer_as(self, kind: type[Answer]) -> Answer:
        """The result as `describe` was told to make it."""
        if not isinstance(self.answer, kind):
            raise TypeError(f"the intake does not describe a {kind.__name__}")
        return self.answer


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
    tried = await session.begin_nested() if options.dry_run else None
    batch = ImportBatch(
        id=new_id(),
        organisation_id=principal.organisation_id,
        kind=kind,
        origin=origin[:200],
        principal_id=principal.id,
    )
    session.add(batch)
    await session.flush()
    tally = BulkTally(rows=[] if options.list_rows else None, restate=options.restate)
    opened = Intake(batch.id, tally, options.dry_run)
    yield opened
    common = result_of(
        tally, batch_id=None if options.dry_run else opened.batch_id, dry_run=options.dry_run
    )
    opened.result = opened.describe(common)
    if options.mode is BulkMode.ATOMIC and tally.rejected:
        raise BulkRejected(opened.result.model_copy(update={"batch_id": None}))
    if tried is not None:
        await tried.rollback()
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


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery, kind: ImportKind | None
) -> tuple[list[ImportBatch], str | None]:
    """The organisation's batches, newest first."""
    return await repository.page(session, principal, query, kind)


async def undo(
    session: AsyncSession, principal: Principal, batch_id: UUID
) -> tuple[ImportBatch, TakenBack]:
    """Take a batch back: what it brought goes, what it replaced returns.

    Raises:
        NotFound: there is no such batch within reach.
        Forbidden: the caller may not write what the batch holds.
        Conflict: it was taken back already, or is of a kind that cannot be.
    """
    batch = existing(await repository.find(session, principal, batch_id), "import batch")
    access.authorise(principal, SCOPE_OF_KIND[batch.kind])
    take_back = _UNDO.get(batch.kind)
    if take_back is None:
        raise Conflict(
            "A batch of this kind cannot be taken back. Correct its rows.", code="not_undoable"
        )
    if batch.undone_at is not None:
        raise Conflict("This batch was taken back already.", code="already_undone")
    await repository.hold_kind(session, principal, batch.kind)
    done = await take_back(session, principal, batch)
    batch.undone_at = clock.now()
    counts = {"removed": done.removed, "restored": done.restored, "stayed": len(done.stayed)}
    details = {"kind": batch.kind.value, **counts}
    await audit_log.record(session, principal, "import_batch.undone", batch.id, details=details)
    return batch, done
