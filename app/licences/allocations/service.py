"""Rules about seats: given, released, corrected, one at a time. Many at once: `bulk`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.gathering import Asked
from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core import sentences
from app.core.errors import Conflict, Invalid, ProblemError, existing
from app.core.etags import check_if_match, etag_of
from app.core.pagination import PageQuery
from app.core.periods import DAY, Window
from app.licences.allocations import errors, repository
from app.licences.allocations.giving import Given, Giving, Verdict
from app.licences.allocations.hand_on import hand_on
from app.licences.allocations.ledger import Grant, Ledger, hold, in_the_way
from app.licences.allocations.models import (
    SeatAllocation,
    SeatEvent,
    SeatEventKind,
    SeatSource,
)
from app.licences.allocations.schemas import (
    AllocationChange,
    AllocationFilter,
    AllocationIn,
    ReleaseIn,
)
from app.licences.pools.models import LicencePool
from app.licences.waiting_list import service as waiting_list
from app.licences.waiting_list.models import WaitingEntry
from app.licences.waiting_list.schemas import WaitingIn
from app.licences.waiting_list.service import Placed
from app.people import service as people
from app.people.schemas import Employment, PersonNamed
from app.people.service import Reference


@dataclass(frozen=True, slots=True)
class Allocated:
    """A seat that was given, and by how many the pool is short at worst (policy `warn`)."""

    seat: SeatAllocation
    deficit: int


@dataclass(frozen=True, slots=True)
class Request:
    """One request for a seat; `queue` asks for a place on the waiting list where none is free."""

    wanted: AllocationIn
    queue: bool


@dataclass(frozen=True, slots=True)
class Released:
    """A seat that was released, and the seats that were given from the waiting list for it."""

    seat: SeatAllocation
    handed_on: list[SeatAllocation]


async def allocate(
    session: AsyncSession, pool_id: UUID, requests: Sequence[Asked[Request]]
) -> list[Allocated | Placed | ProblemError]:
    """Give seats of a pool, request by request in order; a problem is that of one request.

    Args:
        session: the transaction.
        pool_id: the pool.
        requests: of principals of one organisation, one at least.

    Raises:
        NotFound: there is no such pool.
    """
    ledger = await hold(session, requests[0].principal, pool_id)
    references = {_reference(asked.wanted.wanted) for asked in requests}
    giving = await Giving.to(
        ledger, references, waits=any(asked.wanted.queue for asked in requests)
    )
    given = [_give(giving, asked) for asked in requests]
    await giving.finish()
    shortage = ledger.shortage()
    outcomes: list[Allocated | Placed | ProblemError] = []
    for asked, done in zip(requests, given, strict=True):
        if isinstance(done, ProblemError):
            outcomes.append(done)
        elif done.seat is not None:
            seat = SeatAllocation(**done.seat)
            await _note(session, asked, "seat.allocated", seat.id)
            outcomes.append(Allocated(seat, shortage.seats if shortage else 0))
        elif done.entry is not None:
            await _note(session, asked, "waiting_entry.created", done.entry.id)
            place = await waiting_list.place_of(session, asked.principal, done.entry)
            outcomes.append(Placed(done.entry, place))
    return outcomes


async def _note(session: AsyncSession, asked: Asked[Request], action: str, about: UUID) -> None:
    await audit_log.record(session, asked.principal, action, about, request=asked.request_id)


def _give(giving: Giving, asked: Asked[Request]) -> Given | ProblemError:
    wanted, ledger = asked.wanted.wanted, giving.ledger
    person = giving.person(_reference(wanted))
    allocated_on = wanted.allocated_on or ledger.today()
    problem = giving.problem(0, person, allocated_on, wanted.released_on)
    if person is None:
        return unknown_person(wanted)
    if problem is not None:
        if problem.code == errors.HAS_LEFT:
            return errors.has_left()
        return Invalid.field(problem.pointer, problem.code, problem.detail)
    grant = Grant(
        person.person_id,
        allocated_on,
        wanted.released_on,
        wanted.reason,
        principal_id=asked.principal.id,
    )
    given = giving.give(grant, queue=asked.wanted.queue, priority=wanted.priority)
    if given.verdict in (Verdict.RECORDED_ALREADY, Verdict.HOLDS_ANOTHER):
        return errors.already_allocated()
    if given.verdict is Verdict.NO_SEAT or (
        given.verdict is Verdict.WAITED_ALREADY and not asked.wanted.queue
    ):
        return errors.pool_exhausted()
    return given


def _reference(wanted: PersonNamed) -> Reference:
    return (wanted.person_id, wanted.person_external_id)


def unknown_person(wanted: PersonNamed) -> Invalid:
    """The problem with a request that names nobody."""
    field = "person_external_id" if wanted.person_external_id is not None else "person_id"
    return Invalid.field("/" + field, "unknown_person", people.nobody(0).detail)


async def _named(session: AsyncSession, principal: Principal, wanted: PersonNamed) -> Employment:
    reference = _reference(wanted)
    found = (await people.find_many(session, principal, [reference])).get(reference)
    if found is None:
        raise unknown_person(wanted)
    return found


def check_days(ledger: Ledger, allocated_on: date, released_on: date | None) -> None:
    """Hold the days of a seat against the pool's term.

    Raises:
        Invalid: it begins outside the term, or ends after it.
    """
    term = ledger.term
    if allocated_on not in term:
        raise errors.outside_term("/allocated_on", term.starts_on, term.ends_on)
    if released_on is not None and released_on > term.ends_on:
        raise errors.outside_term("/released_on", term.starts_on, term.ends_on)


def _out_of_order(detail: str) -> Invalid:
    return Invalid.field("/released_on", "dates_out_of_order", detail)


async def check_free_of_seats(
    ledger: Ledger, person_id: UUID, days: Window, but_for: UUID | None = None
) -> None:
    """Hold days against the seats of the product that the person has, in whatever pool.

    Raises:
        Conflict: one is held on one of the days.
    """
    seats = await repository.seats_of(
        ledger.session, ledger.principal, ledger.pool.product, [person_id]
    )
    if in_the_way(seats.get(person_id, []), days, but_for) is not None:
        raise errors.already_allocated()


async def wait(
    session: AsyncSession, principal: Principal, pool_id: UUID, wanted: WaitingIn
) -> WaitingEntry:
    """Put somebody on the waiting list.

    Raises:
        NotFound: there is no such pool.
        Invalid: nobody of that name.
        Conflict: the person waits already, or has a seat of the product.
    """
    ledger = await hold(session, principal, pool_id)
    person = await _named(session, principal, wanted)
    requested_on = wanted.requested_on or ledger.today()
    if requested_on >= ledger.term.ends_on:
        term = ledger.term
        raise errors.outside_term("/requested_on", term.starts_on, term.ends_on)
    if person.left_on is not None and person.left_on <= requested_on:
        raise errors.has_left()
    await check_free_of_seats(ledger, person.person_id, Window(requested_on, requested_on + DAY))
    entry = await waiting_list.enter(ledger, person.person_id, wanted.priority, requested_on)
    await audit_log.record(session, principal, "waiting_entry.created", entry.id)
    return entry


async def withdraw(
    session: AsyncSession, principal: Principal, pool_id: UUID, waiting_id: UUID
) -> WaitingEntry:
    """Take somebody off the waiting list.

    Raises:
        NotFound: there is no such entry in the pool.
        Conflict: the wait is over already.
    """
    return await waiting_list.withdraw(await hold(session, principal, pool_id), waiting_id)


async def release(
    session: AsyncSession,
    principal: Principal,
    pool_id: UUID,
    allocation_id: UUID,
    wanted: ReleaseIn,
) -> Released:
    """End a seat, and hand it on where the pool says so.

    Raises:
        NotFound: there is no such seat in the pool.
        Invalid: it would end before it began, or after the term.
        Conflict: it has an end already.
    """
    ledger = await hold(session, principal, pool_id)
    seat = await get(session, principal, pool_id, allocation_id)
    if seat.released_on is not None:
        raise Conflict(
            f"This seat ends on {sentences.day(seat.released_on)} already. To change that, correct it (PATCH).",
            code="already_released",
        )
    today = min(max(ledger.today(), seat.allocated_on), ledger.term.ends_on)
    released_on = wanted.released_on or today
    if released_on < seat.allocated_on:
        raise _out_of_order(
            f"released_on lies before allocated_on ({sentences.day(seat.allocated_on)}); the same day "
            "takes the seat back altogether"
        )
    check_days(ledger, seat.allocated_on, released_on)
    handed_on = await end_seat(ledger, seat, released_on, wanted.reason, SeatSource.API)
    await audit_log.record(
        session, principal, "seat.released", seat.id, details={"handed_on": len(handed_on)}
    )
    return Released(seat, await _seats(ledger, handed_on))


async def end_seat(
    ledger: Ledger,
    seat: SeatAllocation,
    released_on: date,
    reason: str | None,
    source: SeatSource,
) -> list[UUID]:
    """End a seat of a ledger that is held; returns the seats that were handed on."""
    days = (seat.allocated_on, released_on)
    ledger.change(seat, SeatEventKind.RELEASED, days, reason, source)
    await ledger.flush()
    return await hand_on(ledger, released_on)


async def _seats(ledger: Ledger, allocation_ids: Collection[UUID]) -> list[SeatAllocation]:
    if not allocation_ids:
        return []
    return await repository.held(ledger.session, ledger.principal, ledger.pool.id, allocation_ids)


async def correct(
    session: AsyncSession,
    principal: Principal,
    pool_id: UUID,
    allocation_id: UUID,
    wanted: AllocationChange,
    if_match: str | None,
) -> Released:
    """Correct the dates of a seat; what was recorded before stays among its events.

    Raises:
        NotFound: there is no such seat in the pool.
        Invalid: the dates are out of order, or outside the term.
        Conflict: no seat is free on the new days, or the person has another then.
    """
    ledger = await hold(session, principal, pool_id)
    seat = await get(session, principal, pool_id, allocation_id)
    check_if_match(if_match, etag_of(seat.id, seat.revision))
    stated = wanted.model_dump(exclude_unset=True)
    before = (seat.allocated_on, seat.released_on)
    days = (stated.get("allocated_on", before[0]), stated.get("released_on", before[1]))
    if days[1] is not None and days[1] < days[0]:
        raise _out_of_order("released_on lies before allocated_on")
    check_days(ledger, *days)
    await check_free_of_seats(ledger, seat.person_id, ledger.interval(*days), but_for=seat.id)
    ledger.headroom.take(ledger.interval(*before), -1)
    room = ledger.has_room(ledger.interval(*days)) or days[0] == days[1]
    ledger.headroom.take(ledger.interval(*before))
    if not room:
        raise errors.pool_exhausted()
    ledger.change(seat, SeatEventKind.CORRECTED, days, wanted.reason, SeatSource.API)
    await ledger.flush()
    handed_on = []
    if days[0] > before[0]:
        handed_on += await hand_on(ledger, before[0])
    if days[1] is not None and (before[1] is None or days[1] < before[1]):
        handed_on += await hand_on(ledger, days[1])
    await audit_log.record(
        session,
        principal,
        "seat.corrected",
        seat.id,
        details={"fields": sorted(set(stated) - {"reason"}), "handed_on": len(handed_on)},
    )
    return Released(seat, await _seats(ledger, handed_on))


async def get(
    session: AsyncSession, principal: Principal, pool_id: UUID, allocation_id: UUID
) -> SeatAllocation:
    """One seat of a pool.

    Raises:
        NotFound: there is none within reach.
    """
    return existing(
        await repository.find(session, principal, pool_id, allocation_id), "seat in this pool"
    )


async def page(
    session: AsyncSession,
    principal: Principal,
    pool: LicencePool,
    query: PageQuery,
    wanted: AllocationFilter,
) -> tuple[list[SeatAllocation], str | None]:
    """The pool's seats: all, or those open on a day, as known now or at an instant."""
    if wanted.as_of is not None and wanted.as_of not in Window(
        pool.term_starts_on, pool.term_ends_on
    ):
        return [], None
    if wanted.known_at is None:
        return await repository.page(session, principal, pool, query, wanted)
    return await repository.page_as_known(session, principal, pool, query, wanted, wanted.known_at)


async def events(
    session: AsyncSession, principal: Principal, pool_id: UUID, allocation_id: UUID
) -> list[SeatEvent]:
    """Everything that happened to a seat, in order."""
    await get(session, principal, pool_id, allocation_id)
    return await repository.events_of(session, principal, pool_id, [allocation_id])


async def open_seats(
    session: AsyncSession,
    principal: Principal,
    pool_ids: Collection[UUID],
    day: date,
    known_at: datetime | None = None,
) -> dict[UUID, int]:
    """How many seats of each pool are held on a day."""
    return await repository.open_seats(session, principal, pool_ids, day, known_at)


async def capacity(
    session: AsyncSession,
    principal: Principal,
    pool_ids: Collection[UUID],
    known_at: datetime | None = None,
) -> dict[UUID, list[tuple[date, int]]]:
    """Each pool's (day, seats from then on), in the order in which they were recorded."""
    return await repository.capacity(session, principal, pool_ids, known_at)


async def holders(
    session: AsyncSession, principal: Principal, allocation_ids: Collection[UUID], day: date
) -> dict[UUID, UUID]:
    """Who holds each of these seats on a day; those that nobody holds then are left out."""
    return await repository.holders(session, principal, allocation_ids, day)


async def held_by(
    session: AsyncSession,
    principal: Principal,
    pool_id: UUID,
    person_ids: Collection[UUID],
    day: date,
) -> dict[UUID, UUID]:
    """The seat of the pool that each of these people holds on a day: person to allocation."""
    return await repository.held_by(session, principal, pool_id, person_ids, day)


async def seats_on(
    session: AsyncSession, principal: Principal, pool_id: UUID, day: date
) -> dict[UUID, date]:
    """Who holds a seat of the pool on a day, and since when: person to day of allocation."""
    return await repository.seats_on(session, principal, pool_id, day)
