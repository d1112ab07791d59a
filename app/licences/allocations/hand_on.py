"""A seat that has become free goes to whoever is next, where the pool says so."""

from datetime import date
from uuid import UUID

from app.core.periods import Window
from app.licences.allocations import repository
from app.licences.allocations.ledger import Grant, Ledger, in_the_way
from app.licences.allocations.models import SeatSource
from app.licences.waiting_list import service as waiting_list
from app.people import service as people

_AT_A_TIME = 500


async def hand_on(ledger: Ledger, from_day: date) -> list[UUID]:
    """Give the seats that are free from a day on to the people who wait; returns the allocations."""
    pool = ledger.pool
    day = ledger.acting_day(max(from_day, pool.term_starts_on))
    if not pool.hands_on_released_seats or day >= pool.term_ends_on:
        return []
    given: list[UUID] = []
    skipped: set[UUID] = set()
    wanted = ledger.interval(day, None)
    while (room := min(ledger.headroom.free(wanted), _AT_A_TIME)) > 0:
        heads = await waiting_list.heads(ledger, day, room, skipped)
        if not heads:
            break
        served = await _serve(ledger, [entry.person_id for entry in heads], wanted)
        given += [allocation_id for _, allocation_id in served.values()]
        await ledger.flush()
        await waiting_list.end(ledger, served)
        skipped |= {entry.id for entry in heads if entry.person_id not in served}
    return given


async def _serve(
    ledger: Ledger, person_ids: list[UUID], wanted: Window
) -> dict[UUID, tuple[date, UUID]]:
    """A seat for each who may have one: not for who left, or has one of the product by then."""
    session, principal, pool = ledger.session, ledger.principal, ledger.pool
    seats = await repository.seats_of(session, principal, pool.product, person_ids)
    employed = await people.employment(session, principal, person_ids)
    served: dict[UUID, tuple[date, UUID]] = {}
    for person_id in person_ids:
        left_on = employed[person_id].left_on
        if (left_on is not None and left_on <= wanted.starts_on) or in_the_way(
            seats.get(person_id, []), wanted
        ):
            continue
        grant = Grant(person_id, wanted.starts_on, source=SeatSource.WAITING_LIST)
        served[person_id] = (wanted.starts_on, ledger.give(grant)["id"])
    return served
