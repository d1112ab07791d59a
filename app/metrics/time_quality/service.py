"""The quality of samples as it is answered, withheld from readers who may not see the people behind it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core import clock
from app.core.arrays import Ids, array_of
from app.core.errors import Invalid
from app.core.fields import EARLIEST, LATEST
from app.core.local_days import begins
from app.core.pagination import PageQuery, page_of
from app.core.periods import DAY, Window
from app.metrics.breakdowns import Breakdown, suppress_together
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


_NOTHING = Shown(None, None, suppressed=True)


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
    # Its lead sees the named rows; nobody else does.
    if principal.only_own_pilots:
        return _exact(await _inspect(session, principal, pilot, days))
    if days != (None, None):
        raise Invalid.field(
            "/starts_on" if days[0] else "/ends_on",
            "fixed_window",
            "Readers who may not see the people are told of all samples at once: two windows that differ by a "
            "day would show that day. Leave starts_on and ends_on out.",
        )
    seen = await _inspect(session, principal, pilot, (None, pilot.ends_on))
    # Told again each day, the samples of that day would follow: so it is told once.
    is_over = clock.today(principal.organisation.zone) >= pilot.ends_on
    return _withheld(seen, principal.organisation.minimum_group_size if is_over else None)


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


def _exact(seen: Inspection) -> QualityAnswer:
    def each(amounts: Mapping[str, Amount]) -> dict[str, Shown]:
        return {name: _shown(amount) for name, amount in amounts.items()}

    return QualityAnswer(
        _shown(seen.samples),
        each(seen.flags),
        each(seen.uncounted),
        each(dict(sorted(seen.sources.items()))),
        each(dict(sorted(seen.methods.items()))),
    )


def _withheld(seen: Inspection, minimum: int | None) -> QualityAnswer:
    """What somebody may see of it who may not see the people; `minimum` None: nothing yet."""
    everybody = len(seen.samples.people)

    def figures(amount: Amount) -> Figures:
        return {_SAMPLES.slug: _figure(amount, everybody)}

    def shown(amount: Amount, of: Figures) -> Shown:
        return _NOTHING if of[_SAMPLES.slug].suppressed else _shown(amount)

    def alone(amount: Amount) -> Shown:
        if minimum is None:
            return _NOTHING
        return shown(amount, suppress(Report(figures(amount)), minimum).figures)

    # Each adds up to all samples, and a source may be known to take them in one way.
    ways = sorted(seen.ways)
    parts: dict[str, dict[str, Amount]] = {
        "source": dict(sorted(seen.sources.items())),
        "method": dict(sorted(seen.methods.items())),
    }
    breakdowns = {
        by: Breakdown(
            {name: figures(amount) for name, amount in amounts.items()},
            {name: _places(n for n, way in enumerate(ways) if name in way) for name in amounts},
        )
        for by, amounts in parts.items()
    }
    together = {by: dict.fromkeys(amounts, _NOTHING) for by, amounts in parts.items()}
    if minimum is not None and ways:
        found = suppress_together(figures(seen.samples), breakdowns, minimum)
        together = {
            by: {name: shown(amounts[name], of) for name, of in found[by].items()}
            for by, amounts in parts.items()
        }
    return QualityAnswer(
        alone(seen.samples),
        {name: alone(amount) for name, amount in seen.flags.items()},
        {name: alone(amount) for name, amount in seen.uncounted.items()},
        together["source"],
        together["method"],
    )


def _places(numbers: Iterable[int]) -> Ids:
    return array_of([UUID(int=number) for number in numbers])


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


def _shown(amount: Amount) -> Shown:
    return Shown(amount.count, len(amount.people))
