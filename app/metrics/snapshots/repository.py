"""All SQL about snapshots: they are added and read, and nothing else."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.orm import load_only
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns
from app.core.models import in_parts
from app.core.pagination import PageQuery, paginate
from app.core.periods import Window
from app.metrics.snapshots.models import Snapshot, SnapshotInput, SnapshotReason
from app.pilots.models import Pilot

_HEAD: Any = (
    *(Snapshot.organisation_id, Snapshot.id, Snapshot.pilot_id, Snapshot.reason),
    *(Snapshot.starts_on, Snapshot.ends_on, Snapshot.as_of, Snapshot.made_at),
    *(Snapshot.follows_id, Snapshot.fingerprint),
)


def is_alone(session: AsyncSession) -> bool:
    """Whether nobody else can write before the transaction ends, as on SQLite, once it writes itself."""
    return session.get_bind().dialect.name == "sqlite"


def _within_reach(principal: Principal) -> ColumnElement[bool]:
    """Snapshots are within reach as their pilots are."""
    return col(Snapshot.pilot_id).in_(scoped_columns(principal, Pilot, col(Pilot.id)))


async def find(session: AsyncSession, principal: Principal, snapshot_id: UUID) -> Snapshot | None:
    statement = scoped(principal, Snapshot).where(
        col(Snapshot.id) == snapshot_id, _within_reach(principal)
    )
    return (await session.exec(statement)).one_or_none()


async def page(
    session: AsyncSession, principal: Principal, pilot_id: UUID, query: PageQuery
) -> tuple[list[Snapshot], str | None]:
    """The snapshots of a pilot, newest first, without what they hold."""
    statement = (
        scoped(principal, Snapshot)
        .where(col(Snapshot.pilot_id) == pilot_id, _within_reach(principal))
        .options(load_only(*_HEAD, raiseload=True))
    )
    return await paginate(session, statement, col(Snapshot.id), query, newest_first=True)


async def newest(
    session: AsyncSession, principal: Principal, pilot_id: UUID, window: Window, as_of: date
) -> Snapshot | None:
    """The newest snapshot of a window up to the end of a day."""
    s = Snapshot
    statement = scoped(principal, s).where(*_of(pilot_id, window), col(s.as_of) == as_of)
    return (await session.exec(statement.order_by(col(s.id).desc()).limit(1))).one_or_none()


async def newest_before(
    session: AsyncSession, principal: Principal, pilot_id: UUID, as_of: date
) -> Snapshot | None:
    """The newest snapshot up to the end of the last earlier day of which there is one."""
    s = Snapshot
    statement = scoped(principal, s).where(col(s.pilot_id) == pilot_id, col(s.as_of) < as_of)
    statement = statement.order_by(col(s.as_of).desc(), col(s.id).desc())
    return (await session.exec(statement.limit(1))).one_or_none()


async def has_closed(
    session: AsyncSession, principal: Principal, pilot_id: UUID, window: Window
) -> bool:
    """Whether a window has a snapshot of its end."""
    s = Snapshot
    statement = scoped_columns(principal, s, col(s.id)).where(
        *_of(pilot_id, window), col(s.reason) == SnapshotReason.WINDOW_END
    )
    return (await session.exec(statement.limit(1))).first() is not None


def _of(pilot_id: UUID, window: Window) -> list[ColumnElement[bool]]:
    s = Snapshot
    return [
        col(s.pilot_id) == pilot_id,
        col(s.starts_on) == window.starts_on,
        col(s.ends_on) == window.ends_on,
    ]


async def rows(
    session: AsyncSession, principal: Principal, pilot_id: UUID, digests: Collection[str]
) -> dict[str, bytes]:
    """The rows that some digests are of."""
    i = SnapshotInput
    found: dict[str, bytes] = {}
    for part in in_parts(digests):
        statement = scoped_columns(principal, i, col(i.digest), col(i.rows)).where(
            col(i.pilot_id) == pilot_id, col(i.digest).in_(part)
        )
        found |= {row[0]: row[1] for row in await session.exec(statement)}
    return found


async def keep(
    session: AsyncSession, principal: Principal, pilot_id: UUID, rows_of: Mapping[str, bytes]
) -> None:
    """Keep rows by their digests, as far as they are not kept yet. Nobody else may do so meanwhile."""
    i = SnapshotInput
    known: set[str] = set()
    for part in in_parts(rows_of.keys()):
        statement = scoped_columns(principal, i, col(i.digest)).where(
            col(i.pilot_id) == pilot_id, col(i.digest).in_(part)
        )
        known |= {row[0] for row in await session.exec(statement)}
    session.add_all(
        SnapshotInput(
            organisation_id=principal.organisation_id, pilot_id=pilot_id, digest=digest, rows=each
        )
        for digest, each in rows_of.items()
        if digest not in known
    )
    await session.flush()
