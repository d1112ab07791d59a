"""Seats of people who have left."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core.jobs.registry import job
from app.core.jobs.schedules import every
from app.licences.allocations import repository, service
from app.licences.allocations.ledger import hold
from app.licences.allocations.models import SeatSource
from app.licences.waiting_list import service as waiting_list
from app.organisations import service as organisations

REASON = "left"


@job("seats_of_leavers", every(minutes=60))
async def seats_of_leavers(
    session: AsyncSession, organisation_id: UUID, slot: datetime
) -> Mapping[str, int]:
    """Release the seats of people who have left, hand them on, and take leavers off waiting lists."""
    organisation = await organisations.get(session, organisation_id)
    principal = Principal.system(organisation)
    today = slot.astimezone(ZoneInfo(organisation.zone)).date()
    seats = defaultdict(list)
    for pool_id, product, allocation_id, left_on in await repository.of_leavers(
        session, principal, today
    ):
        seats[product, pool_id].append((allocation_id, left_on))
    waits = await waiting_list.pools_of_leavers(session, principal, today)
    counts = {"released": 0, "handed_on": 0, "waits_ended": 0}
    # Product by product, in the one order in which whoever holds several takes them.
    for product, pool_id in sorted({*seats, *waits}):
        ledger = await hold(session, principal, pool_id)
        counts["waits_ended"] += await waiting_list.end_of_leavers(ledger, today)
        for allocation_id, left_on in seats[product, pool_id]:
            seat = await service.get(session, principal, pool_id, allocation_id)
            end = max(left_on, seat.allocated_on)
            # Read again under the lock: somebody may have released it meanwhile.
            if seat.released_on is None or seat.released_on > end:
                given = await service.end_seat(ledger, seat, end, REASON, SeatSource.LEAVERS)
                counts["released"] += 1
                counts["handed_on"] += len(given)
    if any(counts.values()):
        await audit_log.record(session, principal, "seats.released_of_leavers", details=counts)
    return counts
