"""The seats of the simulated trial: snapped up in two days, waited for, handed back, and then fewer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core.bulk.formats import Parsed
from app.core.bulk.requests import BulkMode, BulkOptions
from app.core.pagination import PageQuery
from app.licences.allocations import bulk as many_seats
from app.licences.allocations import service as seats
from app.licences.allocations.schemas import AllocationFilter, AllocationRow, ReleaseIn
from app.licences.pools import service as pools
from app.licences.pools.models import LicencePool, Overallocation
from app.licences.pools.schemas import CapacityChangeIn, PoolFilter, PoolIn
from app.people import service as people
from app.pilots.models import Pilot

NAME: Final = "Microsoft 365 Copilot, trial licences (simulated)"
SEATS: Final = 300
WAITING: Final = 45
_SEAT_PRICE: Final = Decimal("74.10")
_FIRST_DAY: Final = date(2025, 1, 6)
_SECOND_DAY: Final = date(2025, 1, 7)
_ON_THE_FIRST_DAY: Final = 190

# (day, seats handed back, seats from then on): the first two go to those who wait, then there are fewer.
_HANDED_BACK: Final = (
    (date(2025, 2, 10), 20, 300),
    (date(2025, 2, 17), 25, 300),
    (date(2025, 3, 3), 40, 260),
    (date(2025, 3, 24), 20, 240),
)


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat as the story has it: somebody's from a day on, until another or to the end."""

    external_id: str
    liking: float
    allocated_on: date
    released_on: date | None = None


def story(asking: Sequence[tuple[str, float]]) -> list[Seat]:
    """Who gets a seat when, and who hands theirs back: those who like it least.

    Args:
        asking: 345 people in the order in which they ask, each with how much they will like it.
    """
    held = [
        Seat(who, liking, _FIRST_DAY if place < _ON_THE_FIRST_DAY else _SECOND_DAY)
        for place, (who, liking) in enumerate(asking[:SEATS])
    ]
    waiting = list(asking[SEATS:])
    done: list[Seat] = []
    for day, handed_back, _ in _HANDED_BACK:
        held.sort(key=lambda seat: (seat.liking, seat.external_id))
        done += [replace(seat, released_on=day) for seat in held[:handed_back]]
        next_ones, waiting = waiting[:handed_back], waiting[handed_back:]
        held = held[handed_back:] + [Seat(who, liking, day) for who, liking in next_ones]
    return sorted(done + held, key=lambda seat: seat.external_id)


async def load(
    session: AsyncSession,
    principal: Principal,
    pilot: Pilot,
    asking: Sequence[tuple[str, float]],
) -> LicencePool:
    """Let the story happen, through the same services as the API; where it has, nothing is done."""
    existing, _ = await pools.page(session, principal, PageQuery(limit=1), PoolFilter(name=NAME))
    if existing:
        return existing[0]
    pool = await pools.create(
        session,
        principal,
        PoolIn(
            name=NAME,
            product=pilot.product or "",
            pilot_id=pilot.id,
            overallocation=Overallocation.BLOCK,
            currency="GBP",
            seat_price=_SEAT_PRICE,
            term_starts_on=pilot.starts_on,
            term_ends_on=pilot.ends_on,
            seats=SEATS,
        ),
    )
    rows = [
        AllocationRow(
            person_external_id=who,
            allocated_on=_FIRST_DAY if place < _ON_THE_FIRST_DAY else _SECOND_DAY,
        )
        for place, (who, _) in enumerate(asking)
    ]
    chunk = [Parsed(place, row=row) for place, row in enumerate(rows)]
    options = BulkOptions(mode=BulkMode.ATOMIC)
    await many_seats.allocate_many(
        session, principal, pool.id, [chunk], options, queue=True, origin="simulation"
    )
    told = story(asking)
    for day, _, seats_from_then_on in _HANDED_BACK:
        leaving = [seat.external_id for seat in told if seat.released_on == day]
        await _hand_back(session, principal, pool, leaving, day)
        if seats_from_then_on < SEATS:
            change = CapacityChangeIn(
                effective_on=day, seats=seats_from_then_on, reason="Fewer than hoped use it."
            )
            await pools.change_capacity(session, principal, pool.id, change)
    return pool


async def _hand_back(
    session: AsyncSession,
    principal: Principal,
    pool: LicencePool,
    external_ids: Sequence[str],
    day: date,
) -> None:
    found = await people.resolve(session, principal, [(None, who) for who in external_ids])
    for who in external_ids:
        wanted = AllocationFilter(as_of=day, person_id=found[None, who])
        held, _ = await seats.page(session, principal, pool, PageQuery(limit=1), wanted)
        back = ReleaseIn(released_on=day, reason="Handed back: not used.")
        await seats.release(session, principal, pool.id, held[0].id, back)
