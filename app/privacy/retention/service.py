"""Rules about retention. Nothing is deleted by a schedule that nobody has agreed to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core import clock
from app.core.etags import check_if_match, etag_of
from app.privacy.erasure import service as erasure
from app.privacy.legal_holds import service as legal_holds
from app.privacy.retention import repository
from app.privacy.retention.models import RetentionSchedule
from app.privacy.retention.periods import Kept, cut_of, defaults
from app.privacy.retention.rules import OF_PILOTS_UNDER_WAY, RULES, Rule
from app.privacy.retention.schemas import RetentionIn

# Each part of a run is a transaction: short, so that nobody waits for it.
ROWS_AT_ONCE: Final = 1000
PEOPLE_AT_ONCE: Final = 10


@dataclass(frozen=True, slots=True)
class Due:
    """What is due of a table: ended before `cut`; None where it is kept for good."""

    rule: Rule
    cut: date | None
    due: int
    held: int


def etag(principal: Principal, schedule: RetentionSchedule | None) -> str:
    """The version of a schedule; 0 of one that nobody has agreed to yet."""
    return etag_of(principal.organisation_id, schedule.revision if schedule else 0)


def days_of(schedule: RetentionSchedule | None) -> Mapping[Kept, int | None]:
    """The periods in force, or proposed; a kind that is newer than the schedule is kept for good."""
    if schedule is None:
        return defaults()
    return {kept: schedule.days.get(kept) for kept in Kept}


async def get(session: AsyncSession, principal: Principal) -> RetentionSchedule | None:
    """The organisation's schedule; None where it has agreed to none."""
    return await repository.schedule(session, principal)


async def agree(
    session: AsyncSession, principal: Principal, wanted: RetentionIn, if_match: str | None
) -> RetentionSchedule:
    """Put a schedule in force.

    Raises:
        PreconditionFailed: it has changed since.
        PreconditionRequired: no If-Match.
    """
    schedule = await repository.schedule(session, principal, for_update=True)
    check_if_match(if_match, etag(principal, schedule), required=True)
    days = wanted.model_dump()
    before = days_of(schedule)
    changed = sorted(kept for kept in Kept if schedule is None or before[kept] != days[kept])
    if schedule is None:
        schedule = RetentionSchedule(organisation_id=principal.organisation_id, days=days)
        session.add(schedule)
    else:
        schedule.days = days
        schedule.touch()
    await session.flush()
    details = {"fields": changed}
    await audit_log.record(session, principal, "retention_schedule.set", details=details)
    return schedule


async def cuts(session: AsyncSession, principal: Principal, today: date) -> dict[Kept, date | None]:
    """Before which day what is due must have ended, by kind."""
    days = days_of(await repository.schedule(session, principal))
    first = await repository.under_way_since(session, principal)
    found: dict[Kept, date | None] = {}
    for kept in Kept:
        cut = cut_of(today, days[kept])
        if cut is not None and first is not None and kept in OF_PILOTS_UNDER_WAY:
            cut = min(cut, first)
        found[kept] = cut
    return found


async def preview(session: AsyncSession, principal: Principal, today: date) -> list[Due]:
    """What is due on a day, and what would be but for a hold; by the schedule, or the one proposed."""
    found = await cuts(session, principal, today)
    counted = []
    for rule in RULES:
        cut = found[rule.kept]
        numbers = [0, 0]
        if cut is not None:
            numbers = [
                await repository.count(session, principal, rule, cut, held=held)
                for held in (False, True)
            ]
        counted.append(Due(rule, cut, *numbers))
    return counted


async def parts(session: AsyncSession, principal: Principal, today: date) -> list[str]:
    """The tables that a run goes through, each as often as it has rows to delete; none without a schedule."""
    if await repository.schedule(session, principal) is None:
        return []
    return [
        each.rule.name
        for each in await preview(session, principal, today)
        for _ in range(-(-each.due // _at_once(each.rule)))
    ]


def _at_once(rule: Rule) -> int:
    return PEOPLE_AT_ONCE if rule.kept is Kept.PEOPLE else ROWS_AT_ONCE


async def apply(session: AsyncSession, principal: Principal, today: date, table: str) -> int:
    """Delete the oldest rows that are due of a table; returns how many. People are erased.

    What is due is found anew: the schedule or a hold may have changed since the run was planned.
    """
    await legal_holds.keep_still(session, principal)
    rule = next(rule for rule in RULES if rule.name == table)
    cut = (await cuts(session, principal, today))[rule.kept]
    if cut is None or await repository.schedule(session, principal) is None:
        return 0
    most = _at_once(rule)
    if rule.kept is Kept.PEOPLE:
        people = await repository.oldest_people(session, principal, rule, cut, most)
        for person_id in people:
            await erasure.erase(session, principal, person_id)
        return len(people)
    gone = await repository.delete_oldest(session, principal, rule, cut, most)
    if gone:
        details = {"table": table, "rows": gone, "ended_before": cut.isoformat()}
        await audit_log.record(session, principal, "retention.applied", details=details)
    return gone


def today_of(principal: Principal, as_of: date | None) -> date:
    """The day that is asked about; today in the organisation's zone by default."""
    return as_of or clock.today(principal.organisation.zone)
