"""All SQL about time samples."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns
from app.core.bulk.loading import Values, load
from app.core.bulk.undo import forget_replaced, states, take_back, touched_by
from app.core.bulk.versions import VersionedTable, Written, replace
from app.core.lookup import find_each
from app.core.models import metadata
from app.core.pagination import PageQuery, paginate
from app.time_use.samples.models import SampleMethod, TimeSample

# The source of a sample that answers a prompt; its `source_ref` is the prompt's id.
ANSWERS = "prompt"
_ROWS_AT_A_TIME = 5_000

_MARKS = metadata.tables["time_use_day_mark"]
_TARGET = VersionedTable(
    table=metadata.tables["time_sample"],
    history=metadata.tables["time_sample_version"],
    within=("organisation_id", "pilot_id"),
    key=("source", "source_ref"),
    compared=("person_id", "category", "started_at", "minutes", "method", "is_deleted"),
    carried=("updated_at", "batch_id"),
    on_insert=("id", "created_at"),
)
COLUMNS = _TARGET.columns


@dataclass(frozen=True, slots=True)
class SampleFilter:
    """Which samples are asked for."""

    person_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    source: str | None = None


async def upsert_samples(session: AsyncSession, rows: Sequence[Values]) -> Written:
    """Write samples.

    Args:
        session: the transaction.
        rows: their values, in the order of `COLUMNS`.
    """
    return await replace(session, _TARGET, rows)


async def mark(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    days: Collection[date],
    mark_id: UUID,
) -> None:
    """Mark local days of a pilot, of which this writer has marked none before."""
    rows = [(principal.organisation_id, pilot_id, day, mark_id) for day in sorted(days)]
    await load(session, _MARKS, ("organisation_id", "pilot_id", "local_day", "mark_id"), rows)


async def page(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    query: PageQuery,
    wanted: SampleFilter,
) -> tuple[list[TimeSample], str | None]:
    s = TimeSample
    statement = scoped(principal, s).where(col(s.pilot_id) == pilot_id)
    if wanted.person_id is not None:
        statement = statement.where(col(s.person_id) == wanted.person_id)
    if wanted.source is not None:
        statement = statement.where(col(s.source) == wanted.source)
    if wanted.since is not None:
        statement = statement.where(col(s.started_at) >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(col(s.started_at) < wanted.until)
    return await paginate(session, statement, col(s.id), query)


_STANDING = (
    TimeSample.source_ref,
    TimeSample.person_id,
    TimeSample.category,
    TimeSample.started_at,
    TimeSample.minutes,
    TimeSample.method,
)


async def standing(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    source: str,
    refs: Collection[str] | None,
) -> Sequence[Any]:
    """What counts of these samples of a source, or of all of them: reference, person, and what it was."""
    s = TimeSample
    statement = scoped_columns(principal, s, *(col(column) for column in _STANDING)).where(
        col(s.pilot_id) == pilot_id,
        col(s.source) == source,
        col(s.is_deleted).is_(other=False),
    )
    if refs is None:
        return (await session.exec(statement.order_by(col(s.source_ref)))).all()
    return await find_each(session, statement, [col(s.source_ref)], [(ref,) for ref in refs])


@dataclass(frozen=True, slots=True)
class Recorded:
    """What of a sample is looked at to say how good the samples are."""

    person_id: UUID
    started_at: datetime
    minutes: float | None
    method: SampleMethod
    source: str
    category: str


async def recorded(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    since: datetime | None = None,
    until: datetime | None = None,
) -> AsyncIterator[Sequence[Recorded]]:
    """What is recorded of a pilot in `[since, until)`, some at a time: by person, in the order of time."""
    s = TimeSample
    columns = (s.person_id, s.started_at, s.minutes, s.method, s.source, s.category)
    statement = scoped_columns(principal, s, *(col(column) for column in columns)).where(
        col(s.pilot_id) == pilot_id, col(s.is_deleted).is_(other=False)
    )
    if since is not None:
        statement = statement.where(col(s.started_at) >= since)
    if until is not None:
        statement = statement.where(col(s.started_at) < until)
    statement = statement.order_by(col(s.person_id), col(s.started_at))
    rows = await session.stream(statement)
    async for part in rows.partitions(_ROWS_AT_A_TIME):
        yield [Recorded(*row) for row in part]


async def answered(
    session: AsyncSession, principal: Principal, pilot_id: UUID
) -> set[tuple[UUID, str]]:
    """Person and `source_ref` of every sample that answers a prompt, or says so."""
    s = TimeSample
    statement = scoped_columns(principal, s, col(s.person_id), col(s.source_ref)).where(
        col(s.pilot_id) == pilot_id,
        col(s.source) == ANSWERS,
        col(s.method) == SampleMethod.RANDOM_MOMENT,
        col(s.is_deleted).is_(other=False),
    )
    return {(row[0], row[1]) for row in await session.exec(statement)}


async def pilots_of(session: AsyncSession, principal: Principal, batch_id: UUID) -> set[UUID]:
    """The pilots of which a batch brought samples."""
    return await touched_by(session, _TARGET, "pilot_id", (principal.organisation_id, batch_id))


async def undo(
    session: AsyncSession,
    principal: Principal,
    batch_id: UUID,
    now: datetime,
    note: Callable[[UUID, datetime], None],
) -> tuple[int, int]:
    """Make the samples what they were without a batch.

    Args:
        session: the transaction.
        principal: within whose reach they are.
        batch_id: the batch.
        now: when.
        note: told the pilot and the beginning of each sample that changes, before and after.

    Returns:
        How many were removed and restored.
    """
    batch = (principal.organisation_id, batch_id)
    await forget_replaced(session, _TARGET, batch)
    async for row in states(session, _TARGET, ("pilot_id", "started_at"), batch):
        note(row[0], row[1])
    return await take_back(session, _TARGET, batch, now)
