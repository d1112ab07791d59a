"""Taking seats back from people who have left, and handing them on."""

from collections import defaultdict
from datetime import date
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.licences.allocations import repository, service
from app.licences.allocations.ledger import hold
from app.licences.allocations.models import SeatSource
from app.licences.waiting_list import service as waiting_list

REASON = "left"


async def release(
    session: AsyncSession, principal: Principal, today: date, person_id: UUID | None = None
) -> dict[str, int]:
    """Release the seats of people who have left by `today`, hand them on, and end their waits.

    `person_id`: of one of them alone; of the pools that this touches, others' waits end as well.
    """
    seats = defaultdict(list)
    for pool_id, product, allocation_id, left_on in await repository.of_leavers(
        session, principal, today, person_id
    ):
        seats[product, pool_id].append((allocation_id, left_on))
    waits = await waiting_list.pools_of_leavers(session, principal, today, person_id)
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
    return counts
