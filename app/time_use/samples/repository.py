"""All SQL about time samples."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, func, select, union, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped
from app.core.bulk.loading import Values, load
from app.core.bulk.versions import VersionedTable, Written, replace
from app.core.models import metadata
from app.core.pagination import PageQuery, paginate
from app.time_use.samples.models import TimeSample

_SAMPLES = metadata.tables["time_sample"]
_VERSIONS = metadata.tables["time_sample_version"]
_MARKS = metadata.tables["time_use_day_mark"]
_KEY = ("organisation_id", "pilot_id", "source", "source_ref")
_VALUES = ("person_id", "category", "started_at", "minutes", "method", "is_deleted")
_TARGET = VersionedTable(
    table=_SAMPLES,
    history=_VERSIONS,
    within=("organisation_id", "pilot_id"),
    key=("source", "source_ref"),
    compared=_VALUES,
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


async def pilots_of(session: AsyncSession, principal: Principal, batch_id: UUID) -> set[UUID]:
    """The pilots of which a batch brought samples."""
    found: set[UUID] = set()
    for table in (_SAMPLES, _VERSIONS):
        statement = select(table.c.pilot_id).where(
            table.c.organisation_id == principal.organisation_id, table.c.batch_id == batch_id
        )
        rows = await session.exec(statement.distinct())  # type: ignore[call-overload]  # SQLAlchemy's own
        found |= {row[0] for row in rows}
    return found


async def forget_replaced(session: AsyncSession, principal: Principal, batch_id: UUID) -> None:
    """Forget what later batches have replaced of a batch: it is nobody's earlier state any more."""
    v = _VERSIONS
    mine = (v.c.organisation_id == principal.organisation_id, v.c.batch_id == batch_id)
    await session.exec(delete(v).where(*mine))


async def states(
    session: AsyncSession, principal: Principal, batch_id: UUID
) -> AsyncIterator[tuple[UUID, datetime]]:
    """Pilot and beginning of what a batch brought and holds still, and of what it had replaced by that."""
    s, v = _SAMPLES, _VERSIONS
    mine, before = _earlier(principal, batch_id)
    now = select(s.c.pilot_id, s.c.started_at).where(*mine)
    then = select(v.c.pilot_id, v.c.started_at).where(*mine, before)
    rows = await session.stream(union(now, then))
    async for pilot_id, started_at in rows:
        yield pilot_id, started_at


def _earlier(
    principal: Principal, batch_id: UUID
) -> tuple[tuple[ColumnElement[bool], ...], ColumnElement[bool]]:
    """Which samples are as a batch brought them, and which version is the newest of each."""
    s, v, older = _SAMPLES, _VERSIONS, _VERSIONS.alias("older")
    newest = (
        select(func.max(older.c.revision))
        .where(*(older.c[name] == s.c[name] for name in _KEY))
        .correlate(s)
        .scalar_subquery()
    )
    mine = (s.c.organisation_id == principal.organisation_id, s.c.batch_id == batch_id)
    return mine, and_(*(v.c[name] == s.c[name] for name in _KEY), v.c.revision == newest)


async def take_back(
    session: AsyncSession, principal: Principal, batch_id: UUID, now: datetime
) -> tuple[int, int]:
    """Make the samples what they were without a batch; returns how many were removed and restored.

    Its versions that were replaced since are to be forgotten before.
    """
    s, v = _SAMPLES, _VERSIONS
    mine, before = _earlier(principal, batch_id)
    versions = and_(*(v.c[name] == s.c[name] for name in _KEY))
    removed = await session.exec(
        delete(s).where(*mine, ~exists(select(1).where(versions).correlate(s)))
    )
    restored = await session.exec(
        update(s)
        .where(*mine, before)
        .values(
            **{name: v.c[name] for name in (*_VALUES, "batch_id")},
            revision=s.c.revision + 1,
            updated_at=now,
        )
    )
    return removed.rowcount, restored.rowcount
