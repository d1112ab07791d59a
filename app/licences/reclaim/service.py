"""Whose seat might go to somebody else, and what was decided about it."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core import clock, sentences
from app.core.models import new_id
from app.core.pagination import PageQuery
from app.core.periods import DAY, Window
from app.licences.allocations import service as allocations
from app.licences.allocations.ledger import Ledger, hold
from app.licences.allocations.models import SeatSource
from app.licences.pools import service as pools
from app.licences.pools.models import LicencePool
from app.licences.reclaim import repository
from app.licences.reclaim.candidates import (
    FRESH_FOR,
    IDLE_FOR,
    Guarded,
    Holder,
    Idle,
    idle_at_least,
    judge,
)
from app.licences.reclaim.models import Decision, ReclaimCount, ReclaimDecision, Tier
from app.licences.reclaim.schemas import DecisionIn, DecisionsIn
from app.licences.usage import service as usage
from app.licences.usage.matrix import SeatUse

REASON = "reclaimed"
_NOT_A_CANDIDATE = (
    "This seat is no candidate: it is used, guarded (leave, new starter, kept) or not held. Ask for the "
    "candidates again."
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A seat that might go to somebody else, and why."""

    allocation_id: UUID
    person_id: UUID
    tier: Tier
    days_idle: int
    last_active_on: date | None
    allocated_on: date

    @property
    def reason(self) -> str:
        if self.last_active_on is None:
            return f"Never used since it was given on {sentences.day(self.allocated_on)}."
        return f"Last used on {sentences.day(self.last_active_on)}."


@dataclass(frozen=True, slots=True)
class Candidates:
    """The candidates on a date, in the order in which their seats were given.

    `data_through` is the last day that the data speak of; where it is too old nobody is a candidate.
    """

    as_of: date
    data_through: date | None
    found: list[Candidate]
    guarded: Guarded

    @property
    def is_stale(self) -> bool:
        return not is_fresh(self.data_through, self.as_of)


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of some decisions."""

    as_of: date
    decided: list[ReclaimDecision]
    refused: list[UUID]
    handed_on: list[UUID]

    @property
    def reclaimed(self) -> int:
        return sum(each.decision is Decision.RECLAIM for each in self.decided)


def is_fresh(data_through: date | None, as_of: date) -> bool:
    """Whether the activity data are young enough to call anybody idle."""
    return data_through is not None and as_of - data_through <= FRESH_FOR


async def judged(
    session: AsyncSession,
    principal: Principal,
    use: SeatUse,
    seats: NDArray[np.intp],
    last_active: NDArray[np.int32],
    as_of: date,
) -> tuple[Idle, Guarded]:
    """Which of some seats that are held on a date might be asked for.

    Args:
        session: the transaction.
        principal: who asks.
        use: the seats of the product.
        seats: places in it of the seats that are held.
        last_active: shape (n,), each holder's last active day as an ordinal, 0 for never.
        as_of: the date.
    """
    idle = seats[idle_at_least(use.starts[seats], last_active[seats], as_of)]
    holders: dict[bytes, Holder] = {}
    if idle.size:
        holders = await _holders(session, principal, use, idle, last_active, as_of)
    return judge(idle, use.person, use.starts, last_active, holders, as_of)


async def _holders(
    session: AsyncSession,
    principal: Principal,
    use: SeatUse,
    idle: NDArray[np.intp],
    last_active: NDArray[np.int32],
    as_of: date,
) -> dict[bytes, Holder]:
    """What guards the seats of the product's holders, as far as it lies within somebody's idle time."""
    first_seat = date.fromordinal(int(use.starts[idle].min()))
    first_idle = date.fromordinal(int(np.maximum(use.starts[idle], last_active[idle]).min()))
    product = use.pools[0].product
    started = await usage.started_after(session, principal, product, as_of, first_seat)
    away = await usage.away_after(session, principal, product, as_of, first_idle)
    kept = await repository.kept(session, principal, [pool.id for pool in use.pools], as_of)
    until: dict[UUID, date] = {}
    if kept:
        holders = await allocations.holders(session, principal, list(kept), as_of)
        until = {person_id: kept[seat] for seat, person_id in holders.items()}
    return {
        # As numpy gives them back: without zeros at the end.
        person_id.bytes.rstrip(b"\0"): Holder(
            started.get(person_id), tuple(away.get(person_id, ())), until.get(person_id)
        )
        for person_id in {*started, *away, *until}
    }


async def candidates(
    session: AsyncSession, principal: Principal, pool_id: UUID, as_of: date | None
) -> Candidates:
    """Whose seats of a pool might be asked for on a date.

    Raises:
        NotFound: there is no such pool within reach.
    """
    pool = await pools.get(session, principal, pool_id)
    today = clock.today(principal.organisation.zone)
    return await _candidates(session, principal, pool, min(as_of or today, today))


async def _candidates(
    session: AsyncSession, principal: Principal, pool: LicencePool, as_of: date
) -> Candidates:
    # So far back, so that it can be said since when there are no data.
    recent = Window(as_of - IDLE_FOR[Tier.CERTAIN], as_of + DAY)
    use = await usage.seat_use(session, principal, pool.product, recent)
    data_through = usage.newest_day(use)
    if not is_fresh(data_through, as_of):
        return Candidates(as_of, data_through, [], Guarded())
    place = next(n for n, each in enumerate(use.pools) if each.id == pool.id)
    held = (use.pool == place) & (use.starts <= as_of.toordinal()) & (use.ends > as_of.toordinal())
    seats = np.flatnonzero(held)
    last_active = usage.last_active(use)
    idle, guarded = await judged(session, principal, use, seats, last_active, as_of)
    holders = use.person_ids(idle.places)
    given = await allocations.held_by(session, principal, pool.id, holders, as_of)
    found = [
        Candidate(
            given[person_id],
            person_id,
            tier,
            days_idle,
            date.fromordinal(int(last_active[place])) if last_active[place] else None,
            date.fromordinal(int(use.starts[place])),
        )
        for place, person_id, tier, days_idle in zip(
            idle.places.tolist(), holders, idle.tiers(), idle.days.tolist(), strict=True
        )
    ]
    found.sort(key=lambda candidate: candidate.allocation_id)
    return Candidates(as_of, data_through, found, guarded)


async def count(
    session: AsyncSession, principal: Principal, pool_id: UUID, as_of: date
) -> ReclaimCount:
    """Count the candidates of a pool on a date and keep the count; again it is the same, or newer.

    Raises:
        NotFound: there is no such pool within reach.
    """
    answer = await candidates(session, principal, pool_id, as_of)
    kept = await repository.count_of(session, principal, pool_id, answer.as_of)
    if kept is None:
        kept = ReclaimCount(
            organisation_id=principal.organisation_id, pool_id=pool_id, as_of=answer.as_of
        )
        session.add(kept)
    for tier in Tier:
        setattr(kept, tier.value, sum(each.tier is tier for each in answer.found))
    kept.is_stale = answer.is_stale
    return kept


async def decide(
    session: AsyncSession,
    principal: Principal,
    pool_id: UUID,
    wanted: DecisionsIn,
    *,
    dry_run: bool,
) -> Decided:
    """Record decisions about candidates; a seat that is reclaimed is released today and handed on.

    A dry run does the same, and is rolled back.

    Raises:
        NotFound: there is no such pool within reach.
    """
    savepoint = await session.begin_nested()
    ledger = await hold(session, principal, pool_id)
    as_of = min(wanted.as_of or ledger.today(), ledger.today())
    known = {
        each.allocation_id: each
        for each in (await _candidates(session, principal, ledger.pool, as_of)).found
    }
    decided: list[ReclaimDecision] = []
    handed_on: list[UUID] = []
    for item in wanted.items:
        candidate = known.get(item.allocation_id)
        if candidate is None:
            continue
        decided.append(_decision(ledger, item, candidate, as_of))
        if item.decision is Decision.RECLAIM:
            handed_on += await _reclaim(ledger, candidate, ledger.acting_day(as_of), item.reason)
    done = Decided(
        as_of,
        decided,
        [item.allocation_id for item in wanted.items if item.allocation_id not in known],
        handed_on,
    )
    if dry_run:
        await savepoint.rollback()
        return done
    session.add_all(decided)
    counts = {each.value: sum(d.decision is each for d in decided) for each in Decision}
    details = {**counts, "handed_on": len(handed_on)}
    await audit_log.record(session, principal, "seats.decided_on", pool_id, details=details)
    await savepoint.commit()
    return done


def _decision(
    ledger: Ledger, item: DecisionIn, candidate: Candidate, as_of: date
) -> ReclaimDecision:
    return ReclaimDecision(
        organisation_id=ledger.principal.organisation_id,
        id=new_id(),
        pool_id=ledger.pool.id,
        allocation_id=item.allocation_id,
        decision=item.decision,
        reason=item.reason,
        tier=candidate.tier,
        days_idle=candidate.days_idle,
        as_of=as_of,
        keep_until=item.keep_until,
        principal_id=ledger.principal.id,
    )


async def _reclaim(ledger: Ledger, candidate: Candidate, day: date, reason: str) -> list[UUID]:
    seat = await allocations.get(
        ledger.session, ledger.principal, ledger.pool.id, candidate.allocation_id
    )
    if seat.released_on is not None and seat.released_on <= day:
        return []
    return await allocations.end_seat(ledger, seat, day, f"{REASON}: {reason}", SeatSource.RECLAIM)


async def decisions(
    session: AsyncSession, principal: Principal, pool_id: UUID, query: PageQuery
) -> tuple[list[ReclaimDecision], str | None]:
    """What was decided about a pool's seats, newest first."""
    await pools.get(session, principal, pool_id)
    return await repository.page(session, principal, pool_id, query)


def refusal() -> tuple[str, str]:
    """Code and detail of a decision about a seat that is no candidate."""
    return "not_a_candidate", _NOT_A_CANDIDATE
