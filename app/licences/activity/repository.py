"""All SQL about licence activity, and the years that are derived from it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, delete, exists, func, or_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns, within
from app.core.bulk.results import Outcome
from app.core.bulk.undo import forget_replaced, states, take_back
from app.core.bulk.versions import WithHistory
from app.core.bulk.writer import UpsertTarget, staged, upsert
from app.core.models import in_parts, metadata
from app.core.periods import Window
from app.licences.activity.models import (
    ANY_APP,
    LicenceActivity,
    LicenceActivityCaveat,
    LicenceActivityYear,
    Period,
)

_ACTIVITY = metadata.tables["licence_activity"]
_KEPT = WithHistory(_ACTIVITY, metadata.tables["licence_activity_version"])
_UPSERT = UpsertTarget(
    table=_ACTIVITY,
    key=("organisation_id", "person_id", "product", "period", "period_starts_on", "app"),
    compared=("active_days", "actions"),
    carried=("source", "updated_at", "batch_id"),
    on_insert=("created_at",),
    history=_KEPT.history,
)
_YEAR_KEY = ("organisation_id", "product", "person_id", "year")
_YEARS = UpsertTarget(
    table=metadata.tables["licence_activity_year"],
    key=_YEAR_KEY,
    compared=("days",),
    carried=("updated_at",),
    on_insert=("created_at",),
)
# Nothing is compared, so what is there stays; but whoever upserts a row holds it.
_HELD_YEARS = UpsertTarget(
    table=metadata.tables["licence_activity_year"],
    key=_YEAR_KEY,
    compared=(),
    on_insert=("days", "created_at", "updated_at"),
)
_PERIOD_KEY = ("organisation_id", "person_id", "product", "period", "period_starts_on")


async def upsert_activity(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> list[Outcome]:
    return await upsert(session, _UPSERT, rows)


def is_active() -> ColumnElement[bool]:
    """Whether a row says that there was activity."""
    days, actions = col(LicenceActivity.active_days), col(LicenceActivity.actions)
    return or_(days > 0, actions > 0, and_(days.is_(None), actions.is_(None)))


def days_of_period() -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Aggregates over the rows of a period: active days in total, and those of the largest app."""
    is_any, days = col(LicenceActivity.app) == ANY_APP, col(LicenceActivity.active_days)
    return func.max(case((is_any, days))), func.max(case((~is_any, days)))


def active_rows() -> ColumnElement[Any]:
    """An aggregate: how many rows of a period say that there was activity."""
    return func.sum(case((is_active(), 1), else_=0))


@dataclass(frozen=True, slots=True)
class PeriodActivity:
    """What all the rows of one person's day or week with a product say together."""

    person_id: UUID
    product: str
    period: Period
    period_starts_on: date
    total_days: int | None
    apps_days: int | None
    is_active: bool


async def periods(
    session: AsyncSession, principal: Principal, rows: Sequence[dict[str, Any]]
) -> list[PeriodActivity]:
    """What is recorded now of the days and weeks that these rows speak of; of some it may be nothing any more."""
    a = LicenceActivity
    keys = {tuple(row[name] for name in _PERIOD_KEY): row for row in rows}
    async with staged(session, _ACTIVITY, _PERIOD_KEY, list(keys.values())) as stage:
        key = (col(a.person_id), col(a.product), col(a.period), col(a.period_starts_on))
        statement = (
            scoped_columns(principal, a, *key, *days_of_period(), active_rows())
            .join(stage, and_(*(_ACTIVITY.c[name] == stage.c[name] for name in _PERIOD_KEY)))
            .group_by(*key)
        )
        found = (await session.exec(statement)).all()
    said: dict[tuple[Any, ...], tuple[Any, ...]] = {key[1:]: (None, None, 0) for key in keys}
    said |= {tuple(row[:4]): tuple(row[4:]) for row in found}
    return _of_periods((*key, *values) for key, values in said.items())


def _of_periods(found: Iterable[Any]) -> list[PeriodActivity]:
    return [
        PeriodActivity(person_id, product, period, day, total, apps, active > 0)
        for person_id, product, period, day, total, apps, active in found
    ]


async def periods_beginning(
    session: AsyncSession,
    principal: Principal,
    product: str,
    days: Window,
    person_ids: Collection[UUID] | None = None,
) -> list[PeriodActivity]:
    """What is recorded of the days and weeks that begin on some days, of some people or of everybody."""
    a = LicenceActivity
    key = (col(a.person_id), col(a.product), col(a.period), col(a.period_starts_on))
    statement = (
        scoped_columns(principal, a, *key, *days_of_period(), active_rows())
        .where(
            col(a.product) == product,
            col(a.period_starts_on) >= days.starts_on,
            col(a.period_starts_on) < days.ends_on,
        )
        .group_by(*key)
    )
    if person_ids is not None:
        statement = statement.where(col(a.person_id).in_(person_ids))
    return _of_periods(await session.exec(statement))


async def products(session: AsyncSession, principal: Principal) -> list[str]:
    """Every product of which activity is recorded, or derived."""
    both = (LicenceActivity, LicenceActivityYear)
    asked = [scoped_columns(principal, of, col(of.product)).distinct() for of in both]
    return sorted({row[0] for each in asked for row in await session.exec(each)})


async def hold_years(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Hold these years of people until the transaction ends; those that are new are empty."""
    await upsert(session, _HELD_YEARS, rows)


async def years(
    session: AsyncSession,
    principal: Principal,
    product: str,
    person_ids: Collection[UUID] | None,
    of_years: Collection[int],
) -> dict[tuple[UUID, int], bytes]:
    """The days of these years of people; None: of everybody."""
    y = LicenceActivityYear
    statement = scoped_columns(principal, y, col(y.person_id), col(y.year), col(y.days)).where(
        col(y.product) == product, col(y.year).in_(of_years)
    )
    asked = (
        [statement]
        if person_ids is None
        else [statement.where(col(y.person_id).in_(part)) for part in in_parts(person_ids)]
    )
    return {(row[0], row[1]): row[2] for each in asked for row in await session.exec(each)}


async def write_years(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    await upsert(session, _YEARS, rows)


async def caveats(
    session: AsyncSession,
    principal: Principal,
    products: Collection[str],
    *,
    for_update: bool = False,
) -> list[LicenceActivityCaveat]:
    """What is to be known of the activity with these products, by day."""
    c = LicenceActivityCaveat
    statement = scoped(principal, c).where(col(c.product).in_(products))
    statement = statement.order_by(col(c.starts_on), col(c.kind), col(c.product))
    if for_update:
        statement = statement.with_for_update()
    return list((await session.exec(statement)).all())


async def brought(
    session: AsyncSession, principal: Principal, batch_id: UUID
) -> list[dict[str, Any]]:
    """The days and weeks of people with products of which a batch brought something that holds still."""
    batch = (principal.organisation_id, batch_id)
    found = states(session, _KEPT, _PERIOD_KEY, batch)
    return [dict(zip(_PERIOD_KEY, row, strict=True)) async for row in found]


async def undo(
    session: AsyncSession, principal: Principal, batch_id: UUID, now: datetime
) -> tuple[int, int]:
    """Make activity what it was without a batch; returns how many rows were removed and restored."""
    batch = (principal.organisation_id, batch_id)
    await forget_replaced(session, _KEPT, batch)
    return await take_back(session, _KEPT, batch, now)


async def forget_years(
    session: AsyncSession,
    principal: Principal,
    product: str,
    year: int,
    person_ids: Collection[UUID],
) -> None:
    """Forget a year of those of these people of whom nothing is recorded of it any more."""
    a, y = LicenceActivity, LicenceActivityYear
    # A week counts in the year of its fourth day.
    first, last = date(year, 1, 1) - timedelta(days=3), date(year, 12, 31)
    recorded = scoped_columns(principal, a, col(a.person_id)).where(
        col(a.person_id) == col(y.person_id),
        col(a.product) == product,
        col(a.period_starts_on).between(first, last),
    )
    for part in in_parts(person_ids):
        await session.exec(
            delete(y).where(
                *within(principal, y),
                col(y.product) == product,
                col(y.year) == year,
                col(y.person_id).in_(part),
                ~exists(recorded.correlate(y)),
            )
        )
