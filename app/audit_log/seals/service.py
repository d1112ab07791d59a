"""Sealing events into the chain, and showing that nobody has changed it since."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log.seals import repository
from app.audit_log.seals.chain import GENESIS, Difference, Kind, Raw, Walk, link
from app.audit_log.seals.checkpoints import (
    Checkpoint,
    NotACheckpoint,
    Signer,
    UnknownKey,
    expected_of,
)
from app.audit_log.seals.models import AuditCheckpoint, AuditSeal, AuditSealHead
from app.core import clock
from app.events import service as events
from app.events.service import Occurred
from app.events.types import AUDIT_LOG_SEALED

MOST_AT_ONCE = 1000
ANNOUNCED_EVERY = timedelta(minutes=5)
_PAGE = 2000

_log = structlog.get_logger(__name__)


async def seal(session: AsyncSession, organisation_id: UUID, signer: Signer) -> int:
    """Seal the next committed events, in the order of their ids, and sign where the chain has come to.

    Whoever does it holds the end of the organisation's chain, so positions have no gap and no position is
    given twice; who writes events does not meet that lock.

    Args:
        session: a transaction of its own.
        organisation_id: whose.
        signer: signs the checkpoint.

    Returns:
        How many; `MOST_AT_ONCE` where there may be more.
    """
    head = await repository.hold_head(session, organisation_id)
    seals = []
    for event_id, event in await repository.unsealed(session, organisation_id, MOST_AT_ONCE):
        sealed = _sealed(head, event_id, event)
        if sealed is not None:
            seals.append(sealed)
            head.position, head.hash = sealed.position, sealed.hash
    if not seals:
        return 0
    await repository.append(session, organisation_id, seals)
    head.sealed_at = clock.now()
    checkpoint = _checkpoint(head, [each.hash for each in seals])
    session.add(
        AuditCheckpoint(
            organisation_id=organisation_id,
            position=head.position,
            statement=signer.sign(checkpoint),
        )
    )
    await session.flush()
    return len(seals)


def _sealed(head: AuditSealHead, event_id: UUID, event: Raw) -> AuditSeal | None:
    position = head.position + 1
    try:
        told = link(head.organisation_id, position, head.hash, event)
    except (ValueError, TypeError):
        # Somebody has written into its row. It stays in the tail, where its age is seen.
        _log.error("audit_event_unreadable", event_id=str(event_id))
        return None
    return AuditSeal(
        organisation_id=head.organisation_id, position=position, event_id=event_id, hash=told
    )


def _checkpoint(head: AuditSealHead, hashes: list[str]) -> Checkpoint:
    sealed_at = head.sealed_at or clock.now()
    return Checkpoint(head.organisation_id, head.position, head.hash, sealed_at, hashes)


async def announce(session: AsyncSession, organisation_id: UUID, signer: Signer) -> None:
    """Publish where the chain has come to, for webhooks."""
    head = await repository.hold_head(session, organisation_id)
    data = {
        "position": head.position,
        "hash": head.hash,
        "checkpoint": signer.sign(_checkpoint(head, [])),
    }
    await events.publish(
        session, organisation_id, [Occurred(AUDIT_LOG_SEALED, organisation_id, data)]
    )
    head.announced_position, head.announced_at = head.position, clock.now()


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the chain is, what waits, and the newest checkpoint."""

    head: AuditSealHead
    unsealed: int
    oldest_unsealed_at: datetime | None
    checkpoint: str | None


async def standing(session: AsyncSession, principal: Principal) -> Standing:
    """How the seal of the organisation's audit log stands."""
    newest = await repository.newest_checkpoint(session, principal)
    count, first = await repository.tail_of(session, principal)
    return Standing(
        head=await repository.head(session, principal),
        unsealed=count,
        oldest_unsealed_at=made_at(first) if first else None,
        checkpoint=newest.statement if newest else None,
    )


def made_at(event_id: UUID) -> datetime:
    """When an event was written, as its id (UUIDv7) says, to the millisecond."""
    return datetime.fromtimestamp((event_id.int >> 80) / 1000, UTC)


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of a verification: positions after `after` up to `through` are as they were sealed."""

    after: int
    through: int
    is_complete: bool
    checkpoints: int
    difference: Difference | None


async def verify(
    session: AsyncSession,
    principal: Principal,
    signer: Signer,
    *,
    kept: Mapping[int, str] | None = None,
    after: int = 0,
    most: int | None = None,
) -> Verified:
    """Hold the chain against its events, its end, its checkpoints, and those that were kept elsewhere.

    Args:
        session: a transaction that may only read.
        principal: whose.
        signer: verifies the checkpoints in the database.
        kept: what other checkpoints say of positions.
        after: the position to start after; what lies before it is taken as verified.
        most: positions to look at; all of them by default.
    """
    # What is expected is read before the chain, which may grow meanwhile.
    newest = await repository.newest_checkpoint(session, principal)
    head = await repository.head(session, principal)
    come_to = max(head.position, newest.position if newest else 0)
    through = come_to if most is None else after + most
    stored, forged = await _own(session, principal, signer, after, through)
    # Those kept elsewhere speak first: nobody who holds the database could change them.
    expected = {**expected_of(stored), **(kept or {})}
    previous = GENESIS
    if after:
        start = await repository.seal_at(session, principal, after)
        if start is None:
            difference = Difference(Kind.SEAL_MISSING, after)
            return Verified(after, after, is_complete=False, checkpoints=0, difference=difference)
        previous = start.hash
    walk = Walk(principal.organisation_id, expected, after, previous)
    found, is_complete = await _walk(session, principal, walk, most)
    if is_complete:
        found = found or walk.end(come_to) or await _strays(session, principal)
    if forged is not None and (found is None or (found.position or forged) >= forged):
        found = Difference(Kind.CHECKPOINT_FORGED, forged)
    return Verified(after, walk.position, is_complete, len(stored), found)


async def _walk(
    session: AsyncSession, principal: Principal, walk: Walk, most: int | None
) -> tuple[Difference | None, bool]:
    """Go along the chain: what differs first, and whether its end was reached."""
    left = most
    while left is None or left > 0:
        limit = _PAGE if left is None else min(_PAGE, left)
        page = await repository.links(session, principal, walk.position, limit)
        for each in page:
            found = walk.take(each)
            if found is not None:
                return found, False
        if len(page) < limit:
            return None, True
        left = None if left is None else left - limit
    return None, False


async def _strays(session: AsyncSession, principal: Principal) -> Difference | None:
    """Events beside the chain: put in around the service, or gone before they were sealed."""
    inserted = await repository.inserted(session, principal)
    if inserted is not None:
        return Difference(Kind.EVENT_INSERTED, None, inserted)
    lost = await repository.lost(session, principal)
    return Difference(Kind.EVENT_MISSING, None, lost) if lost is not None else None


async def _own(
    session: AsyncSession, principal: Principal, signer: Signer, after: int, through: int
) -> tuple[list[Checkpoint], int | None]:
    """The checkpoints in the database that a listed key verifies, and the position of the first forged one."""
    read: list[Checkpoint] = []
    for stored in await repository.checkpoints(session, principal, after, through):
        try:
            checkpoint = signer.verify(stored.statement)
        except UnknownKey:
            continue  # of a key that is retired: it says nothing any more
        except NotACheckpoint:
            return read, stored.position
        if (checkpoint.organisation_id, checkpoint.position) != (
            principal.organisation_id,
            stored.position,
        ):
            return read, stored.position
        read.append(checkpoint)
    return read, None
