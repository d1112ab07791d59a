"""All SQL about connections."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns, within
from app.core.bulk.loading import load
from app.core.models import metadata
from app.core.pagination import PageQuery, paginate
from app.integrations.connections.models import (
    Connection,
    ConnectionFile,
    ConnectionRecord,
    ConnectionRun,
    FileState,
    SyncStatus,
)

_OPEN = (SyncStatus.QUEUED, SyncStatus.RUNNING)
_RECORDS = metadata.tables["connection_record"]


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery
) -> tuple[list[Connection], str | None]:
    return await paginate(session, scoped(principal, Connection), col(Connection.id), query)


async def names(session: AsyncSession, principal: Principal) -> set[str]:
    rows = await session.exec(scoped_columns(principal, Connection, col(Connection.name)))
    return {row[0] for row in rows}


async def find(
    session: AsyncSession, principal: Principal, connection_id: UUID, *, for_update: bool = False
) -> Connection | None:
    statement = scoped(principal, Connection).where(col(Connection.id) == connection_id)
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).one_or_none()


async def named(session: AsyncSession, principal: Principal, name: str) -> Connection | None:
    statement = scoped(principal, Connection).where(col(Connection.name) == name)
    return (await session.exec(statement)).one_or_none()


async def every(session: AsyncSession, principal: Principal) -> list[Connection]:
    """All of them, held until the transaction ends."""
    statement = scoped(principal, Connection).order_by(col(Connection.id)).with_for_update()
    return list((await session.exec(statement)).all())


async def due(
    session: AsyncSession, organisation_id: UUID, now: datetime, left_behind: datetime
) -> list[UUID]:
    """Connections whose time has come, whose run was asked for, or whose run has not moved since an instant."""
    c, r = Connection, ConnectionRun
    waiting = select(col(r.connection_id)).where(
        col(r.organisation_id) == organisation_id,
        or_(
            col(r.status) == SyncStatus.QUEUED,
            (col(r.status) == SyncStatus.RUNNING) & (col(r.seen_at) < left_behind),
        ),
    )
    statement = (
        select(col(c.id))
        .where(
            col(c.organisation_id) == organisation_id,
            or_(
                col(c.id).in_(waiting), col(c.is_enabled).is_(other=True) & (col(c.next_at) <= now)
            ),
        )
        .order_by(col(c.id))
    )
    return list((await session.exec(statement)).all())


async def delete_connection(
    session: AsyncSession, principal: Principal, connection: Connection
) -> None:
    """Forget a connection with its runs and what it has taken; the rows that it brought stay."""
    for model in (ConnectionRun, ConnectionFile, ConnectionRecord):
        await session.exec(
            delete(model).where(
                *within(principal, model), col(model.connection_id) == connection.id
            )
        )
    await session.delete(connection)
    await session.flush()


# --- runs ------------------------------------------------------------------------------------------


async def run_page(
    session: AsyncSession, principal: Principal, connection_id: UUID, query: PageQuery
) -> tuple[list[ConnectionRun], str | None]:
    r = ConnectionRun
    statement = scoped(principal, r).where(col(r.connection_id) == connection_id)
    return await paginate(session, statement, col(r.id), query, newest_first=True)


async def find_run(
    session: AsyncSession, principal: Principal, connection_id: UUID, run_id: UUID
) -> ConnectionRun | None:
    r = ConnectionRun
    statement = scoped(principal, r).where(
        col(r.connection_id) == connection_id, col(r.id) == run_id
    )
    return (await session.exec(statement)).one_or_none()


async def open_run(
    session: AsyncSession, principal: Principal, connection_id: UUID
) -> ConnectionRun | None:
    """The run of a connection that has not ended; there is one at most."""
    r = ConnectionRun
    statement = scoped(principal, r).where(
        col(r.connection_id) == connection_id, col(r.status).in_(_OPEN)
    )
    return (await session.exec(statement)).one_or_none()


async def last_runs(
    session: AsyncSession, principal: Principal, connection_ids: Collection[UUID]
) -> dict[UUID, ConnectionRun]:
    """The newest run of each of these connections."""
    found: dict[UUID, ConnectionRun] = {}
    r = ConnectionRun
    for connection_id in connection_ids:
        statement = (
            scoped(principal, r)
            .where(col(r.connection_id) == connection_id)
            .order_by(col(r.id).desc())
            .limit(1)
        )
        run = (await session.exec(statement)).one_or_none()
        if run is not None:
            found[connection_id] = run
    return found


async def last_told(
    session: AsyncSession, principal: Principal, connection_id: UUID
) -> ConnectionRun | None:
    """The newest run of a connection in which licences were told."""
    r = ConnectionRun
    statement = scoped(principal, r).where(
        col(r.connection_id) == connection_id, col(r.licences).is_not(None)
    )
    return (await session.exec(statement.order_by(col(r.id).desc()).limit(1))).one_or_none()


async def forget_runs(
    session: AsyncSession, principal: Principal, connection_id: UUID, before: datetime
) -> None:
    """Delete a connection's runs that ended before an instant."""
    r = ConnectionRun
    await session.exec(
        delete(r).where(
            *within(principal, r),
            col(r.connection_id) == connection_id,
            col(r.finished_at) < before,
        )
    )


# --- files and records -----------------------------------------------------------------------------


async def files(
    session: AsyncSession, principal: Principal, connection_id: UUID
) -> list[ConnectionFile]:
    f = ConnectionFile
    statement = scoped(principal, f).where(col(f.connection_id) == connection_id)
    return list((await session.exec(statement.order_by(col(f.created_at), col(f.digest)))).all())


async def forget_quarantined(
    session: AsyncSession, principal: Principal, connection_id: UUID
) -> None:
    """Let files that could not be taken be tried again."""
    f = ConnectionFile
    await session.exec(
        delete(f).where(
            *within(principal, f),
            col(f.connection_id) == connection_id,
            col(f.state) == FileState.QUARANTINED,
        )
    )


async def forget_files(session: AsyncSession, principal: Principal, connection_id: UUID) -> None:
    """Let every file be taken again."""
    f = ConnectionFile
    await session.exec(
        delete(f).where(*within(principal, f), col(f.connection_id) == connection_id)
    )


async def records(
    session: AsyncSession, principal: Principal, connection_id: UUID
) -> dict[str, tuple[str, date]]:
    """What the records of a connection became: the number of a person and a first day, by reference."""
    k = ConnectionRecord
    columns = (col(k.reference), col(k.person_external_id), col(k.starts_on))
    statement = scoped_columns(principal, k, *columns).where(col(k.connection_id) == connection_id)
    rows = await session.exec(statement)
    return {row[0]: (row[1], row[2]) for row in rows}


async def keep_records(
    session: AsyncSession,
    principal: Principal,
    connection_id: UUID,
    found: Mapping[str, tuple[str, date] | None],
) -> None:
    """Note what records have become; None forgets one."""
    k = ConnectionRecord
    for reference in found:
        await session.exec(
            delete(k).where(
                *within(principal, k),
                col(k.connection_id) == connection_id,
                col(k.reference) == reference,
            )
        )
    rows: list[tuple[Any, ...]] = [
        (principal.organisation_id, connection_id, reference, *key)
        for reference, key in found.items()
        if key is not None
    ]
    columns = ("organisation_id", "connection_id", "reference", "person_external_id", "starts_on")
    await load(session, _RECORDS, columns, rows)
