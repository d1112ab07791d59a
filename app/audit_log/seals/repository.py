"""All SQL about seals."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import String, and_, delete, func, insert, or_, tuple_, type_coerce, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, exists, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns
from app.audit_log.models import AuditEvent, UnsealedEvent
from app.audit_log.seals.chain import FIELDS, Raw, Sealed
from app.audit_log.seals.models import AuditCheckpoint, AuditSeal, AuditSealHead
from app.core.models import in_parts, metadata

# As they are stored: what somebody has written into a row must not keep it from being read.
_STORED = [type_coerce(getattr(AuditEvent, name), String).label(name) for name in FIELDS]


async def with_unsealed(session: AsyncSession) -> list[UUID]:
    """The organisations that have events which wait: for those who seal them."""
    statement = select(col(UnsealedEvent.organisation_id)).distinct()
    return list((await session.exec(statement)).all())


async def tail(session: AsyncSession) -> tuple[int, UUID | None]:
    """How many events of all organisations wait, and the first of them: for figures about the service itself."""
    counted = select(func.count(col(UnsealedEvent.organisation_id))).select_from(UnsealedEvent)
    first = (
        select(UnsealedEvent)
        .order_by(col(UnsealedEvent.event_id), col(UnsealedEvent.organisation_id))
        .limit(1)
    )
    found = (await session.exec(first)).one_or_none()
    return (await session.exec(counted)).one(), found.event_id if found else None


async def tail_of(session: AsyncSession, principal: Principal) -> tuple[int, UUID | None]:
    """The same for one organisation."""
    counted = scoped_columns(principal, UnsealedEvent, func.count())
    first = scoped(principal, UnsealedEvent).order_by(col(UnsealedEvent.event_id)).limit(1)
    found = (await session.exec(first)).one_or_none()
    return int((await session.exec(counted)).one()[0]), found.event_id if found else None


async def hold_head(session: AsyncSession, organisation_id: UUID) -> AuditSealHead:
    """The end of the organisation's chain, held until the transaction ends; made where there is none."""
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    first = AuditSealHead(organisation_id=organisation_id)
    await session.exec(make(AuditSealHead).values(**first.model_dump()).on_conflict_do_nothing())
    statement = (
        select(AuditSealHead)
        .where(col(AuditSealHead.organisation_id) == organisation_id)
        .with_for_update()
    )
    return (await session.exec(statement)).one()


async def unsealed(
    session: AsyncSession, organisation_id: UUID, limit: int
) -> list[tuple[UUID, Raw]]:
    """Committed events that wait, by id."""
    w = UnsealedEvent
    columns: Select[*tuple[Any, ...]] = Select(col(w.event_id), *_STORED)
    statement = (
        columns.select_from(w)
        .join(AuditEvent, _is_event_of(w))
        .where(col(w.organisation_id) == organisation_id)
        .order_by(col(w.event_id))
        .limit(limit)
    )
    rows = (await session.exec(statement)).all()
    return [(row[0], dict(zip(FIELDS, row[1:], strict=True))) for row in rows]


async def append(session: AsyncSession, organisation_id: UUID, seals: Sequence[AuditSeal]) -> None:
    """Write seals; their events wait no more."""
    connection = await session.connection()
    rows = [seal.model_dump() for seal in seals]
    await connection.execute(insert(metadata.tables["audit_seal"]), rows)
    for part in in_parts([seal.event_id for seal in seals]):
        await session.exec(
            delete(UnsealedEvent).where(
                col(UnsealedEvent.organisation_id) == organisation_id,
                col(UnsealedEvent.event_id).in_(part),
            )
        )


async def head(session: AsyncSession, principal: Principal) -> AuditSealHead:
    """The end of the organisation's chain as it stands."""
    found = (await session.exec(scoped(principal, AuditSealHead))).one_or_none()
    return found or AuditSealHead(organisation_id=principal.organisation_id)


async def seal_at(session: AsyncSession, principal: Principal, position: int) -> AuditSeal | None:
    statement = scoped(principal, AuditSeal).where(col(AuditSeal.position) == position)
    return (await session.exec(statement)).one_or_none()


async def links(
    session: AsyncSession, principal: Principal, after: int, limit: int
) -> list[Sealed]:
    """The chain after a position, in order, with its events."""
    s = AuditSeal
    columns = (
        col(s.position),
        type_coerce(col(s.event_id), String),
        type_coerce(col(s.hash), String),
        *_STORED,
    )
    statement = (
        scoped_columns(principal, s, *columns)
        .outerjoin(AuditEvent, _is_event_of(s))
        .where(col(s.position) > after)
        .order_by(col(s.position))
        .limit(limit)
    )
    return [
        Sealed(
            position,
            event_id,
            str(told),
            dict(zip(FIELDS, stored, strict=True)) if stored[0] is not None else None,
        )
        for position, event_id, told, *stored in (await session.exec(statement)).all()
    ]


async def inserted(session: AsyncSession, principal: Principal) -> UUID | None:
    """The first event that is neither sealed nor waits for it."""
    e = AuditEvent
    statement = (
        scoped_columns(principal, e, col(e.id))
        .where(
            ~exists().where(_is_event_of(AuditSeal)), ~exists().where(_is_event_of(UnsealedEvent))
        )
        .order_by(col(e.id))
        .limit(1)
    )
    return (await session.exec(statement)).scalar_one_or_none()


async def lost(session: AsyncSession, principal: Principal) -> UUID | None:
    """The first that waits to be sealed and is no more."""
    w = UnsealedEvent
    statement = (
        scoped_columns(principal, w, col(w.event_id))
        .where(~exists().where(_is_event_of(w)))
        .order_by(col(w.event_id))
        .limit(1)
    )
    return (await session.exec(statement)).scalar_one_or_none()


async def checkpoints(
    session: AsyncSession, principal: Principal, after: int, through: int
) -> list[AuditCheckpoint]:
    """Checkpoints made after a position and up to another, in order."""
    position = col(AuditCheckpoint.position)
    statement = scoped(principal, AuditCheckpoint).where(position > after, position <= through)
    return list((await session.exec(statement.order_by(position))).all())


async def newest_checkpoint(session: AsyncSession, principal: Principal) -> AuditCheckpoint | None:
    statement = scoped(principal, AuditCheckpoint)
    newest = statement.order_by(col(AuditCheckpoint.position).desc()).limit(1)
    return (await session.exec(newest)).one_or_none()


async def to_announce(session: AsyncSession, before: datetime) -> list[UUID]:
    """The organisations whose chain has grown since it was announced, which was before an instant or never."""
    h = AuditSealHead
    statement = select(col(h.organisation_id)).where(
        col(h.position) > col(h.announced_position),
        or_(col(h.announced_at).is_(None), col(h.announced_at) <= before),
    )
    return list((await session.exec(statement)).all())


async def unwritten(session: AsyncSession, limit: int) -> list[AuditCheckpoint]:
    """Checkpoints of all organisations that no file has, each organisation's in order."""
    c = AuditCheckpoint
    statement = (
        select(c)
        .where(col(c.written_at).is_(None))
        .order_by(col(c.organisation_id), col(c.position))
        .limit(limit)
    )
    return list((await session.exec(statement)).all())


async def unwritten_count(session: AsyncSession) -> int:
    """How many checkpoints of all organisations no file has."""
    c = AuditCheckpoint
    statement = select(func.count(col(c.organisation_id))).where(col(c.written_at).is_(None))
    return (await session.exec(statement)).one()


async def mark_written(
    session: AsyncSession, written: Iterable[AuditCheckpoint], at: datetime
) -> None:
    keys = [(each.organisation_id, each.position) for each in written]
    c = AuditCheckpoint
    await session.exec(
        update(c)
        .where(tuple_(col(c.organisation_id), col(c.position)).in_(keys))
        .values(written_at=at)
    )


def _is_event_of(row: type[AuditSeal] | type[UnsealedEvent]) -> Any:
    return and_(
        col(AuditEvent.organisation_id) == col(row.organisation_id),
        col(AuditEvent.id) == col(row.event_id),
    )
