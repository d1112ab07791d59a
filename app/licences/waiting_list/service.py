"""Rules about waiting lists: in, out, and who is next."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core.errors import Conflict, existing
from app.core.pagination import PageQuery
from app.events.service import Occurred
from app.events.types import SEAT_WAITING
from app.licences.allocations.ledger import Ledger
from app.licences.waiting_list import errors, repository
from app.licences.waiting_list.models import WaitingEntry, WaitingStatus


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry and its place on the list, None where it waits no longer."""

    entry: WaitingEntry
    place: int | None


async def enter(ledger: Ledger, person_id: UUID, priority: int, requested_on: date) -> WaitingEntry:
    """Put somebody on the list of a pool that is held.

    Raises:
        Conflict: the person waits already.
    """
    if await waiting(ledger, [person_id]):
        raise errors.already_waiting()
    position = await next_position(ledger)
    entry = new_entry(ledger, person_id, priority, requested_on, position)
    ledger.session.add(entry)
    await ledger.flush()
    return entry


def new_entry(
    ledger: Ledger, person_id: UUID, priority: int, requested_on: date, position: int
) -> WaitingEntry:
    """An entry to add; the ledger tells of it with its next flush."""
    pool = ledger.pool
    entry = WaitingEntry(
        organisation_id=pool.organisation_id,
        pool_id=pool.id,
        product=pool.product,
        person_id=person_id,
        priority=priority,
        requested_on=requested_on,
        position=position,
    )
    told = {"pool_id": pool.id, "waiting_id": entry.id}
    ledger.tell(Occurred(SEAT_WAITING, entry.id, told))
    return entry


async def waiting(ledger: Ledger, person_ids: Collection[UUID]) -> dict[UUID, WaitingEntry]:
    """The entries of those of these people who wait for a seat of the pool."""
    return await repository.waiting(ledger.session, ledger.principal, ledger.pool.id, person_ids)


async def next_position(ledger: Ledger) -> int:
    """The place in the order of recording that the next entry takes."""
    return 1 + await repository.last_position(ledger.session, ledger.principal, ledger.pool.id)


async def heads(
    ledger: Ledger, day: date, limit: int, skipped: Collection[UUID]
) -> list[WaitingEntry]:
    """Who is to be served next on a day, in order."""
    return await repository.heads(
        ledger.session, ledger.principal, ledger.pool.id, day, limit, skipped
    )


async def end(ledger: Ledger, seats: dict[UUID, tuple[date, UUID]]) -> None:
    """End every wait for the product of people who have a seat now: person to (day, allocation)."""
    await repository.end(ledger.session, ledger.principal, ledger.pool.product, seats)


async def pools_of_leavers(
    session: AsyncSession, principal: Principal, day: date, person_id: UUID | None = None
) -> set[tuple[str, UUID]]:
    """(product, pool) of every list that somebody, or one person, is on who has left by a day."""
    found = await repository.of_leavers(session, principal, day)
    return {
        (entry.product, entry.pool_id)
        for entry, _ in found
        if person_id is None or entry.person_id == person_id
    }


async def end_of_leavers(ledger: Ledger, day: date) -> int:
    """Take people off the list of a pool that is held who have left by a day. Returns how many."""
    found = await repository.of_leavers(ledger.session, ledger.principal, day)
    here = [(entry, left_on) for entry, left_on in found if entry.pool_id == ledger.pool.id]
    for entry, left_on in here:
        entry.status = WaitingStatus.LEFT
        entry.ended_on = max(left_on, entry.requested_on)
        entry.touch()
    return len(here)


async def withdraw(ledger: Ledger, entry_id: UUID) -> WaitingEntry:
    """Take somebody off the list.

    Raises:
        NotFound: there is no such entry in the pool.
        Conflict: the wait is over already.
    """
    session, principal = ledger.session, ledger.principal
    entry = existing(
        await repository.find(session, principal, ledger.pool.id, entry_id),
        "entry on the waiting list",
    )
    if entry.status is not WaitingStatus.WAITING:
        raise Conflict(f"This wait is over: {entry.status}.", code="not_waiting")
    entry.status = WaitingStatus.WITHDRAWN
    entry.ended_on = max(ledger.today(), entry.requested_on)
    entry.touch()
    await audit_log.record(session, principal, "waiting_entry.withdrawn", entry.id)
    return entry


async def page(
    session: AsyncSession, principal: Principal, pool_id: UUID, query: PageQuery, as_of: date | None
) -> tuple[list[Placed], str | None]:
    """Who waits for a seat of a pool, or waited on `as_of`, in the order in which they are served."""
    rows, cursor = await repository.page(session, principal, pool_id, query, as_of)
    if as_of is not None or not rows:
        return [Placed(row, None) for row in rows], cursor
    first = 1 + await repository.ahead_of(session, principal, rows[0])
    return [Placed(row, place) for place, row in enumerate(rows, start=first)], cursor


async def place_of(session: AsyncSession, principal: Principal, entry: WaitingEntry) -> int:
    """The place on the list of somebody who waits."""
    return 1 + await repository.ahead_of(session, principal, entry)


async def everybody(
    session: AsyncSession, principal: Principal, pool_ids: Collection[UUID]
) -> set[UUID]:
    """Who waits for a seat of one of these pools."""
    return await repository.everybody(session, principal, pool_ids)


async def counts(
    session: AsyncSession,
    principal: Principal,
    pool_ids: Collection[UUID],
    day: date,
    known_at: datetime | None = None,
) -> dict[UUID, int]:
    """How many people waited for a seat of each pool on a day."""
    return await repository.counts(session, principal, pool_ids, day, known_at)
