"""The quality of samples as it is answered, withheld from readers who may not see the people behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core import clock
from app.core.errors import Invalid
from app.core.fields import EARLIEST, LATEST
from app.core.local_days import begins
from app.core.pagination import PageQuery, page_of
from app.core.periods import DAY, Window
from app.metrics.figures import Figure, Share
from app.metrics.registry import EvidenceTier, Metric
from app.metrics.suppression import Figures, Report, suppress
from app.metrics.time_quality.inspection import Amount, FlaggedDay, Inspection, Rules
from app.metrics.windows import check_order
from app.pilots import membership
from app.pilots import service as pilots
from app.pilots.models import Pilot
from app.time_use.plans import service as plans
from app.time_use.samples import repository as samples
from app.time_use.taxonomies import service as taxonomies

_MARGIN = timedelta(days=1)
# A count of data behind figures, so it stands in no registry; suppression asks for one.
_SAMPLES = Metric("samples", "samples", "samples", "samples", "samples", EvidenceTier.USAGE_LOG)

Days = tuple[date | None, date | None]


@dataclass(frozen=True, slots=True)
class Shown:
    """A count and the people behind it, as a reader may see them; None where they are withheld."""

    count: int | None
    people: int | None
    suppressed: bool = False


@dataclass(frozen=True, slots=True)
class QualityAnswer:
    """What is to be known of the samples, fit for the reader."""

    samples: Shown
    flags: dict[str, Shown]
    uncounted: dict[str, Shown]
    sources: dict[str, Shown]
    methods: dict[str, Shown]


async def quality(
    session: AsyncSession, principal: Principal, pilot_id: UUID, days: Days
) -> QualityAnswer:
    """What is to be known of a pilot's samples, by default of all of them.

    Raises:
        NotFound: there is no such pilot within reach.
        Invalid: the days asked for are in no order.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    seen = await _inspect(session, principal, pilot, days)
    # Its lead sees the named rows; nobody else does.
    minimum = None if principal.only_own_pilots else principal.organisation.minimum_group_size
    everybody = len(seen.samples.people)
    total = _figure(seen.samples, everybody)
    whole = suppress(Report({_SAMPLES.slug: total}), minimum) if minimum else None
    return QualityAnswer(
        samples=_shown(seen.samples, whole.figures if whole else None),
        flags=_each(seen.flags, everybody, minimum),
        uncounted=_each(seen.uncounted, everybody, minimum),
        sources=_siblings(dict(sorted(seen.sources.items())), total, everybody, minimum),
        methods=_siblings(dict(sorted(seen.methods.items())), total, everybody, minimum),
    )


async def flagged_days(
    session: AsyncSession, principal: Principal, pilot_id: UUID, days: Days, query: PageQuery
) -> tuple[list[FlaggedDay], str | None]:
    """The person-days that cannot be true, for the pilot's lead alone; the read is recorded.

    Raises:
        NotFound, Invalid: as `quality`.
        Forbidden: the caller is not its lead.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    pilots.check_is_lead(principal, "Days of named people are shown to the pilot's lead alone.")
    found = (await _inspect(session, principal, pilot, days)).days
    shown, cursor = page_of(sorted(found, key=lambda day: (day.day, day.person_id)), query)
    await audit_log.record(
        session, principal, "time_quality.read", pilot.id, details={"rows": len(shown)}
    )
    return shown, cursor


async def _inspect(
    session: AsyncSession, principal: Principal, pilot: Pilot, days: Days
) -> Inspection:
    check_order(*days)
    if not principal.only_own_pilots and days != (None, None):
        raise Invalid.field(
            "/starts_on" if days[0] else "/ends_on",
            "fixed_window",
            "Readers who may not see the people are told of all samples at once: two windows that differ by a "
            "day would show that day. Leave starts_on and ends_on out.",
        )
    zone = ZoneInfo(principal.organisation.zone)
    today = clock.today(principal.organisation.zone)
    # Whose absences they are does not matter here: none are asked for.
    members = await membership.over(session, principal, pilot, Window(today, today))
    taxonomy = await taxonomies.of_pilot(session, principal, pilot)
    rules = Rules(
        zone=zone,
        windows=list(plans.phases_of(pilot).values()),
        members={member.person_id: member.takes_part for member in members},
        codebook=taxonomy.codebook,
    )
    since, until = (begins(day, zone) if day is not None else None for day in days)
    seen = Inspection(rules, since, until)
    looked_at = (since - _MARGIN if since else None, until + _MARGIN if until else None)
    async for rows in samples.recorded(session, principal, pilot.id, *looked_at):
        seen.take(rows)
    seen.close()
    return seen


def _figure(amount: Amount, everybody: int) -> Figure:
    people = len(amount.people)
    day = Window(EARLIEST, LATEST)
    return Figure(
        metric=_SAMPLES,
        window=day,
        as_of=day.ends_on - DAY,
        value=amount.count,
        numerator=None,
        denominator=None,
        people=people,
        interval=None,
        disclosive=(Share(people, everybody),),
    )


def _shown(amount: Amount, figures: Figures | None) -> Shown:
    if figures is not None and figures[_SAMPLES.slug].suppressed:
        return Shown(None, None, suppressed=True)
    return Shown(amount.count, len(amount.people))


def _each(amounts: Mapping[str, Amount], everybody: int, minimum: int | None) -> dict[str, Shown]:
    """Counts that do not add up to anything."""
    if minimum is None:
        return {name: _shown(amount, None) for name, amount in amounts.items()}
    reports = {
        name: suppress(Report({_SAMPLES.slug: _figure(amount, everybody)}), minimum)
        for name, amount in amounts.items()
    }
    return {name: _shown(amount, reports[name].figures) for name, amount in amounts.items()}


def _siblings(
    amounts: Mapping[str, Amount], total: Figure, everybody: int, minimum: int | None
) -> dict[str, Shown]:
    """Counts that add up to the total, which is shown beside them."""
    if minimum is None:
        return {name: _shown(amount, None) for name, amount in amounts.items()}
    groups: dict[str, Figures] = {
        name: {_SAMPLES.slug: _figure(amount, everybody)} for name, amount in amounts.items()
    }
    report = suppress(Report({_SAMPLES.slug: total}, groups=groups), minimum)
    return {name: _shown(amount, report.groups[name]) for name, amount in amounts.items()}
