"""What is recorded here and answers a question of the return, with where it is from.

Each function reads figures as anybody may see them: what is withheld there is not filled in. One of yours is
a line in `SOURCES`.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.benchmarking.returns import assured, claimed
from app.benchmarking.returns.answers import Answer, Origin, Provenance
from app.benchmarking.returns.recorded import Recorded
from app.core.pagination import MAX_LIMIT, PageQuery
from app.core.periods import DAY, Window
from app.metrics.adoption import service as adoption
from app.metrics.figures import Figure
from app.metrics.questions import Question
from app.metrics.registry import (
    COMMITTED_COST,
    LAST_28_DAYS_ADOPTION,
    LICENCE_UTILISATION,
    PURCHASED_SEAT_DAYS,
    Metric,
)
from app.metrics.snapshots import service as snapshots
from app.metrics.time_use import service as time_use
from app.metrics.utilisation.service import UtilisationAnswer
from app.pilots.models import Arm, Pilot

Source = Callable[[Recorded], Awaitable[Answer | None]]
AddedUp = Callable[[Sequence[UtilisationAnswer], str], float | None]


async def found(session: AsyncSession, principal: Principal, year: Window) -> dict[str, Answer]:
    """Every answer that is to be had from what is recorded, by question."""
    recorded = Recorded(session, principal, year)
    answers = {name: await source(recorded) for name, source in SOURCES.items()}
    return {name: answer for name, answer in answers.items() if answer is not None}


async def _pilots_begun(recorded: Recorded) -> Answer | None:
    begun = await recorded.pilots_begun()
    if not begun:
        return None
    as_of = max(each.starts_on for each in begun)
    provenance = recorded.provenance("GET /pilots", [str(each.id) for each in begun], as_of)
    return Answer(len(begun), origin=Origin.TRACKED, provenance=provenance)


async def _change_of_admin(recorded: Recorded) -> Answer | None:
    changes = []
    for pilot in await recorded.pilots_begun():
        answer = await time_use.time_use(recorded.session, recorded.principal, pilot.id, Question())
        changes.append((answer.arms[Arm.PILOT].change, pilot))
    return await _of_most_people(recorded, changes, "time-use")


async def _late_adoption(recorded: Recorded) -> Answer | None:
    shares = []
    for pilot in await recorded.pilots_begun():
        answer = await adoption.adoption(recorded.session, recorded.principal, pilot.id, Question())
        share = answer.report.figures[LAST_28_DAYS_ADOPTION.slug]
        if isinstance(share, Figure):
            shares.append((share, pilot))
    return await _of_most_people(recorded, shares, "adoption")


async def _of_most_people(
    recorded: Recorded, figures: Sequence[tuple[Figure, Pilot]], page: str
) -> Answer | None:
    there = [each for each in figures if each[0].value is not None]
    if not there:
        return None
    figure, pilot = max(there, key=lambda each: (each[0].people or 0, each[1].id))
    query = PageQuery(limit=MAX_LIMIT)
    published, _ = await snapshots.page(recorded.session, recorded.principal, pilot.id, query)
    same_day = (str(each.id) for each in published if each.as_of == figure.as_of)
    provenance = Provenance(
        source=f"GET /pilots/{{pilot_id}}/metrics/{page}",
        figures={figure.metric.slug: figure.metric.definition_version},
        starts_on=figure.window.starts_on.isoformat(),
        ends_on=figure.window.ends_on.isoformat(),
        as_of=figure.as_of.isoformat(),
        people=figure.people,
        evidence_tier=figure.metric.evidence_tier,
        about=[str(pilot.id)],
        snapshot_id=next(same_day, None),
    )
    return _answer(figure, figure.value or 0.0, provenance)


def _answer(figure: Figure | None, value: float, provenance: Provenance) -> Answer:
    interval = figure.interval if figure is not None else None
    return Answer(
        value=value,
        low=interval.low if interval is not None else None,
        high=interval.high if interval is not None else None,
        origin=Origin.TRACKED,
        provenance=provenance,
    )


def _seats(metric: Metric, added_up: AddedUp) -> Source:
    """A figure of seats over all pools; an interval only where it is a share and there is one pool."""

    async def source(recorded: Recorded) -> Answer | None:
        terms = await recorded.terms_begun()
        found = [answer.report.figures[metric.slug] for answer in terms]
        figures = [each for each in found if isinstance(each, Figure) and each.value is not None]
        if not figures or len(figures) < len(terms):
            return None  # of some pools it would be another figure
        value = added_up(terms, metric.slug)
        if value is None:
            return None
        alone = figures[0] if len(figures) == 1 else None
        provenance = Provenance(
            source="GET /licence-utilisation",
            figures={metric.slug: metric.definition_version},
            starts_on=min(answer.window.starts_on for answer in terms).isoformat(),
            ends_on=max(answer.window.ends_on for answer in terms).isoformat(),
            as_of=max(answer.as_of for answer in terms).isoformat(),
            people=alone.people if alone is not None else None,
            evidence_tier=metric.evidence_tier,
            about=[str(answer.pools[0].id) for answer in terms],
        )
        shown = alone if metric.unit == "proportion" else None
        return _answer(shown, value, provenance)

    return source


def _figures(terms: Sequence[UtilisationAnswer], slug: str) -> list[Figure]:
    """A figure of each pool."""
    found = (answer.report.figures[slug] for answer in terms)
    return [each for each in found if isinstance(each, Figure)]


def _sum(terms: Sequence[UtilisationAnswer], slug: str) -> float | None:
    """None while a term runs: the sum is of the days so far."""
    if any(answer.as_of + DAY < answer.window.ends_on for answer in terms):
        return None
    return sum(figure.value or 0.0 for figure in _figures(terms, slug))


def _mean_over_days(terms: Sequence[UtilisationAnswer], slug: str) -> float | None:
    days = [answer.window.until(answer.as_of).days for answer in terms]
    if not all(days):
        return None
    totals = [figure.value or 0.0 for figure in _figures(terms, slug)]
    return round(sum(total / each for total, each in zip(totals, days, strict=True)), 2)


def _share(terms: Sequence[UtilisationAnswer], slug: str) -> float | None:
    figures = _figures(terms, slug)
    whole = sum(figure.denominator or 0.0 for figure in figures)
    return sum(figure.numerator or 0.0 for figure in figures) / whole if whole else None


SOURCES: Final[dict[str, Source]] = {
    "admin_share_change": _change_of_admin,
    "ai_licence_spend": _seats(COMMITTED_COST, _sum),
    "ai_licences": _seats(PURCHASED_SEAT_DAYS, _mean_over_days),
    "ai_output_error_rate": assured.error_rate,
    "ai_pilots_begun": _pilots_begun,
    "assessed_pilot_share": assured.assessed_before,
    "capacity_released": claimed.capacity_released,
    "cash_savings_verified": claimed.cash_verified,
    "cost_avoided": claimed.cost_avoided,
    "days_of_assurance": assured.days_of_assurance,
    "late_adoption": _late_adoption,
    "licence_utilisation": _seats(LICENCE_UTILISATION, _share),
    "overdue_policy_share": assured.overdue_policies,
    "policy_topics_covered": assured.topics_covered,
}
