"""Utilisation as it is answered: loaded, counted, broken down, and suppressed for the reader."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

import numpy as np
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.permissions import Scope
from app.access.principals import Principal
from app.core import clock
from app.core.errors import Invalid
from app.core.pagination import PageQuery
from app.core.periods import DAY, Window
from app.core.working_days import working_days
from app.licences.allocations import service as allocations
from app.licences.pools import service as pools
from app.licences.pools.headroom import Headroom
from app.licences.pools.models import LicencePool
from app.licences.pools.schemas import PoolFilter
from app.licences.reclaim import service as reclaim
from app.licences.usage import service as usage
from app.licences.usage.matrix import SeatUse
from app.licences.waiting_list import service as waiting_list
from app.metrics import questions
from app.metrics.adoption import service as adoption
from app.metrics.breakdowns import Breakdown, suppress_together
from app.metrics.caveats import with_caveats
from app.metrics.figures import Figure, Flag
from app.metrics.groups import GroupBy, offered
from app.metrics.registry import ACTIVE_DAYS_PER_ACTIVE_USER_WEEK
from app.metrics.suppression import Report, suppress, without
from app.metrics.utilisation import repository
from app.metrics.utilisation.calculation import (
    ADDED_UP,
    BOUGHT,
    DAYS_OF_USE,
    OF_USE,
    daily,
    figures,
    figures_of_group,
    without_value,
)
from app.metrics.utilisation.facts import Basis, Facts, facts_of, looked_at
from app.metrics.utilisation.totals import PoolFacts, Totals, Waits
from app.pilots import service as pilots

NOT_BEGUN = "window_has_not_begun"
NO_POOL = "no_pool"


@dataclass(frozen=True, slots=True)
class Question(questions.Question):
    """What is asked, and which days count in seat-days: by default all."""

    basis: Basis = Basis.CALENDAR_DAYS


@dataclass(frozen=True, slots=True)
class Quality:
    """What is to be known of the data behind the figures; None where it is withheld."""

    activity_rows_without_seat: int | None
    latest_activity_on: date | None


@dataclass(frozen=True, slots=True)
class UtilisationAnswer:
    """Figures fit for the reader, of some pools, and the data behind them."""

    pools: list[LicencePool]
    window: Window
    as_of: date
    basis: Basis
    report: Report
    days: list[date]
    quality: Quality
    totals: Totals | None


async def of_pool(
    session: AsyncSession, principal: Principal, pool_id: UUID, question: Question
) -> UtilisationAnswer:
    """Utilisation of one pool.

    Raises:
        NotFound: there is no such pool within reach.
        Invalid: the window is empty, backwards or too long.
    """
    pool = await pools.get(session, principal, pool_id)
    term = Window(pool.term_starts_on, pool.term_ends_on)
    return await _answer(session, principal, [pool], term, question)


async def of_pilot(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    question: Question,
    *,
    by_day: bool = True,
) -> UtilisationAnswer:
    """Utilisation of a pilot's pools taken together, with its days or without.

    Raises:
        NotFound: there is no such pilot within reach.
        Invalid: the window is empty, backwards or too long.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    found = await pools.of_pilot(session, principal, pilot.id)
    window = pilot.window
    return await _answer(session, principal, found, window, question, by_day=by_day, of_pilot=True)


async def of_every_pool(
    session: AsyncSession, principal: Principal, query: PageQuery, question: Question
) -> tuple[list[UtilisationAnswer], str | None]:
    """Utilisation of each pool of the organisation, without the days."""
    found, cursor = await pools.page(session, principal, query, PoolFilter())
    answers = []
    for pool in found:
        term = Window(pool.term_starts_on, pool.term_ends_on)
        answer = await _answer(session, principal, [pool], term, question, by_day=False)
        answers.append(answer)
    return answers, cursor


async def _answer(
    session: AsyncSession,
    principal: Principal,
    of_pools: list[LicencePool],
    usual: Window,
    question: Question,
    *,
    by_day: bool = True,
    of_pilot: bool = False,
) -> UtilisationAnswer:
    today = clock.today(principal.organisation.zone)
    # Who may see the named rows anyway learns nothing from a small count.
    sees_people = principal.may(Scope.LICENCES_READ, Scope.PEOPLE_READ)
    if not sees_people:
        question = _restricted(question, usual, today)
    window = question.window(usual)
    as_of = question.last_day(window, today)
    observed = Window(window.starts_on, as_of + DAY)
    totals, quality, days = None, Quality(0, None), list[date]()
    asked, breakdowns = question.group_by, dict[GroupBy, Breakdown]()
    if not of_pools or not observed.days:
        reason = NOT_BEGUN if of_pools else NO_POOL
        report = Report(figures=dict(without_value(window, as_of, reason)))
    else:
        totals, quality = await _totals(session, principal, of_pools, observed, question.basis)
        groups = await _groups(session, principal, of_pools, totals, asked, alone=sees_people)
        report, breakdowns = await asyncio.to_thread(_report, totals, groups, asked, by_day=by_day)
        if observed.ends_on < window.ends_on:
            report = replace(report, figures=report.flagged(Flag.WINDOW_OPEN).figures)
        days = [observed.starts_on + n * DAY for n in range(len(report.weekly))]
    if not sees_people:
        minimum, exact = principal.organisation.minimum_group_size, report.figures
        is_over = observed.ends_on >= window.ends_on
        report = _shown(report, minimum, is_over=is_over)
        if of_pilot and is_over and of_pools:
            report = await _beside_adoption(session, principal, of_pools, question, report)
        if asked in breakdowns:
            shown = suppress_together(exact, breakdowns, minimum)
            report = replace(report, groups=shown[asked])
        if not of_pilot and any(pool.pilot_id is not None for pool in of_pools):
            report = _bought(report)
        quality, totals = Quality(None, None), None
    products = {pool.product for pool in of_pools}
    report = await with_caveats(session, principal, report, products, OF_USE)
    if principal.organisation.is_simulated:
        report = report.flagged(Flag.SIMULATED)
    return UtilisationAnswer(of_pools, window, as_of, question.basis, report, days, quality, totals)


def _restricted(question: Question, usual: Window, today: date) -> Question:
    """The same, as somebody may ask it who may not see who holds the seats.

    Raises:
        Invalid: another window is asked for, or groups before it is over.
    """
    # Calendar and working days would be two windows: their difference is the weekends.
    if question.basis is not Basis.CALENDAR_DAYS:
        raise Invalid.field(
            "/basis",
            "fixed_window",
            "Readers who may not see who holds the seats are shown seat-days by the calendar. Leave "
            "basis out.",
        )
    return question.restricted([usual], today)


def _shown(report: Report, minimum: int, *, is_over: bool) -> Report:
    """The report as somebody may see it who may not see who holds the seats.

    What adds up day by day waits for the end of the window, and of the days only what was bought is shown.
    """
    shown = suppress(replace(report, groups={}), minimum)
    return replace(
        shown,
        figures=shown.figures if is_over else without(shown.figures, ADDED_UP),
        weekly=[without(day, day.keys() - BOUGHT) for day in shown.weekly],
    )


async def _beside_adoption(
    session: AsyncSession,
    principal: Principal,
    of_pools: Sequence[LicencePool],
    question: Question,
    report: Report,
) -> Report:
    """The report without the days of use where adoption withholds them: it tells of the same, week by week."""
    pilot_id = of_pools[0].pilot_id
    if pilot_id is None:
        return report
    whole = questions.Question(as_of=question.as_of)
    used = await adoption.adoption(session, principal, pilot_id, whole)
    if not used.report.figures[ACTIVE_DAYS_PER_ACTIVE_USER_WEEK.slug].suppressed:
        return report
    return replace(report, figures=without(report.figures, DAYS_OF_USE))


def _bought(report: Report) -> Report:
    """What was bought, and nothing of people: how a pilot's seats are used is shown with the pilot alone.

    The term of a pool is another window than the pilot's, and one of several pools a part of what they hold.
    """
    return Report(
        figures=without(report.figures, report.figures.keys() - BOUGHT),
        weekly=report.weekly,
        groups={name: without(each, each) for name, each in report.groups.items()},
    )


def _report(
    totals: Totals,
    groups: Mapping[GroupBy, Mapping[str, set[bytes]]],
    asked: GroupBy | None,
    *,
    by_day: bool,
) -> tuple[Report, dict[GroupBy, Breakdown]]:
    """The exact figures of all and of the groups that are asked for, and every breakdown."""
    breakdowns = {
        by: Breakdown(
            {name: {**figures_of_group(totals, people)} for name, people in parts.items()},
            {name: np.array(sorted(people), dtype="S16") for name, people in parts.items()},
        )
        for by, parts in groups.items()
    }
    report = Report(
        figures=dict(figures(totals)),
        weekly=[dict(of_day) for of_day in daily(totals)] if by_day else [],
        groups={**breakdowns[asked].groups} if asked else {},
    )
    return report, breakdowns


async def _groups(
    session: AsyncSession,
    principal: Principal,
    of_pools: Sequence[LicencePool],
    totals: Totals,
    asked: GroupBy | None,
    *,
    alone: bool,
) -> dict[GroupBy, dict[str, set[bytes]]]:
    """Who of those who held a seat on a day that counts is in which group; `alone` without other breakdowns."""
    if asked is None:
        return {}
    ids = [pool.id for pool in of_pools]
    holders = {person for facts in totals.products for person in facts.person.tolist()}
    every = {}
    for by in (asked,) if alone else GroupBy:
        found = await repository.groups(session, principal, ids, totals.window, by)
        every[by] = {name: here for name, of in found.items() if (here := of & holders)}
    return offered(every, asked)


async def _totals(
    session: AsyncSession,
    principal: Principal,
    of_pools: Sequence[LicencePool],
    observed: Window,
    basis: Basis,
) -> tuple[Totals, Quality]:
    as_of, days = observed.ends_on - DAY, looked_at(observed)
    ids = {pool.id for pool in of_pools}
    uses: dict[str, SeatUse] = {}
    for product in dict.fromkeys(pool.product for pool in of_pools):
        uses[product] = await usage.seat_use(session, principal, product, days)
    of_product: dict[str, list[Facts]] = {}
    found = []
    for pool in of_pools:
        use = uses[pool.product]
        # In a thread, so that a large pool does not hold up everybody else's requests.
        facts = await asyncio.to_thread(facts_of, use, {pool.id}, observed, basis)
        of_product.setdefault(pool.product, []).append(facts)
        candidates = None
        if reclaim.is_fresh(usage.newest_day(use), as_of):
            candidates = await _candidates(session, principal, use, facts, as_of)
        found.append(
            await _pool_facts(session, principal, pool, facts, observed, basis, candidates)
        )
    together = [
        each[0]
        if len(each) == 1
        else await asyncio.to_thread(facts_of, uses[product], ids, observed, basis)
        for product, each in of_product.items()
    ]
    newest = [day for use in uses.values() if (day := usage.newest_day(use)) is not None]
    without_seat = sum(facts.records_without_seat for facts in together)
    quality = Quality(without_seat, min(newest, default=None))
    return Totals(found, together, observed, as_of, basis), quality


async def _candidates(
    session: AsyncSession, principal: Principal, use: SeatUse, facts: Facts, as_of: date
) -> int:
    found, _ = await reclaim.judged(session, principal, use, facts.seats, facts.last_active, as_of)
    return len(found.places)


async def _pool_facts(
    session: AsyncSession,
    principal: Principal,
    pool: LicencePool,
    facts: Facts,
    observed: Window,
    basis: Basis,
    candidates: int | None,
) -> PoolFacts:
    term = Window(pool.term_starts_on, pool.term_ends_on)
    capacity = (await allocations.capacity(session, principal, [pool.id]))[pool.id]
    purchased, _ = Headroom(term, capacity, ()).seat_days(observed)
    counted = purchased
    if basis is Basis.WORKING_DAYS:
        counted = purchased * working_days(observed)
    as_of = observed.ends_on - DAY
    waiting = await waiting_list.counts(session, principal, [pool.id], as_of)
    return PoolFacts(
        facts=facts,
        purchased=purchased,
        purchased_by_basis=counted,
        seat_price=pool.seat_price,
        currency=pool.currency,
        term_days=term.days,
        waits=await _waits(session, principal, pool.id, observed, waiting.get(pool.id, 0)),
        candidates=candidates,
    )


async def _waits(
    session: AsyncSession, principal: Principal, pool_id: UUID, observed: Window, waiting: int
) -> Waits:
    """How long people waited who asked in the window; as known on its last day."""
    last_day = observed.ends_on - DAY
    days, served = [], []
    for _, requested_on, ended_on, got_seat in await repository.requests(
        session, principal, [pool_id], observed
    ):
        is_over = ended_on is not None and ended_on <= last_day
        until = ended_on if is_over and ended_on is not None else last_day
        days.append(float((until - requested_on) / timedelta(days=1)))
        served.append(is_over and got_seat)
    return Waits(np.array(days, dtype=np.float64), np.array(served, dtype=np.bool_), waiting)


def typed(figures_: Mapping[str, object]) -> dict[str, Figure]:
    """The figures of an answer, none of which are segments."""
    return {slug: figure for slug, figure in figures_.items() if isinstance(figure, Figure)}
