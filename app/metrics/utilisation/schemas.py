"""How utilisation is sent."""

from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from pydantic import BaseModel, Field

from app.metrics.schemas import MetricValue, WindowOut, plain_figures
from app.metrics.utilisation.facts import Basis
from app.metrics.utilisation.service import UtilisationAnswer


class UtilisationFigures(BaseModel):
    """Every figure over the window; seats are counted as of its last day."""

    purchased_seat_days: MetricValue
    allocated_seat_days: MetricValue
    active_user_days: MetricValue
    allocation_rate: MetricValue
    licence_utilisation: MetricValue
    effective_utilisation: MetricValue
    seats_active_28d: MetricValue
    dormant_seats: MetricValue
    never_used_seats: MetricValue
    unassigned_seats: MetricValue
    committed_cost: MetricValue
    idle_cost: MetricValue
    cost_per_active_user: MetricValue
    cost_per_active_day: MetricValue
    reclaim_candidates: MetricValue
    recommended_seats: MetricValue
    median_days_to_allocate: MetricValue
    days_until_all_taken: MetricValue


class UtilisationDay(BaseModel):
    """The seats of one day."""

    starts_on: date
    purchased_seat_days: MetricValue
    allocated_seat_days: MetricValue
    active_user_days: MetricValue
    seats_active_28d: MetricValue


class GroupFigures(BaseModel):
    """The figures that make sense for some of the people: nothing is bought for a group."""

    allocated_seat_days: MetricValue
    active_user_days: MetricValue
    licence_utilisation: MetricValue
    seats_active_28d: MetricValue
    dormant_seats: MetricValue
    never_used_seats: MetricValue


class UtilisationGroup(BaseModel):
    """The figures of the people of one group."""

    group: str
    figures: GroupFigures


class UtilisationQuality(BaseModel):
    """What is to be known of the data behind the figures; null where it is withheld."""

    activity_rows_without_seat: int | None = Field(
        description="Days and weeks of somebody's activity with the product while holding no seat of "
        "it, of any pool; never in a numerator."
    )
    latest_activity_on: date | None = Field(
        description="The last day that the activity data speak of, up to `as_of`."
    )


class PoolUtilisation(BaseModel):
    """Utilisation of one pool, without the days."""

    pool_id: UUID
    name: str
    product: str
    window: WindowOut
    as_of: date
    basis: Basis
    figures: UtilisationFigures
    quality: UtilisationQuality


class UtilisationOut(BaseModel):
    """Utilisation: whole, day by day, by group, and the quality of the data."""

    pool_ids: list[UUID]
    window: WindowOut
    as_of: date
    basis: Basis
    figures: UtilisationFigures
    daily: list[UtilisationDay]
    groups: list[UtilisationGroup]
    quality: UtilisationQuality


def _common(answer: UtilisationAnswer) -> dict[str, Any]:
    return {
        "window": {"starts_on": answer.window.starts_on, "ends_on": answer.window.ends_on},
        "as_of": answer.as_of,
        "basis": answer.basis.value,
        "figures": plain_figures(answer.report.figures),
        "quality": asdict(answer.quality),
    }


def utilisation_out(answer: UtilisationAnswer) -> bytes:
    """An answer as it is sent: a `UtilisationOut` in JSON. With its days it holds hundreds of figures."""
    report = answer.report
    return msgspec.json.encode(
        {
            "pool_ids": [pool.id for pool in answer.pools],
            **_common(answer),
            "daily": [
                {"starts_on": day, **plain_figures(figures)}
                for day, figures in zip(answer.days, report.weekly, strict=True)
            ],
            "groups": [
                {"group": group, "figures": plain_figures(figures)}
                for group, figures in report.groups.items()
            ],
        }
    )


def pool_utilisation_out(answer: UtilisationAnswer) -> PoolUtilisation:
    """The answer for one pool on the page of all of them."""
    (pool,) = answer.pools
    return PoolUtilisation.model_validate(
        {"pool_id": pool.id, "name": pool.name, "product": pool.product, **_common(answer)}
    )
