"""How categories of time are sent."""

from datetime import date
from typing import Any, Final
from uuid import UUID

import msgspec
from pydantic import BaseModel, Field

from app.core.periods import Window
from app.metrics.schemas import MetricValue, WindowOut, plain
from app.metrics.time_categories.service import CHANGE, CategoriesAnswer
from app.metrics.time_use.weekly import PHASES
from app.pilots.models import Arm
from app.time_use.taxonomies.models import WorkClass

NOT_MAPPED: Final = "Not mapped to a category"


class CategoryShares(BaseModel):
    """The share of a category in what an arm recorded: before, during, and how it changed."""

    baseline: MetricValue
    pilot: MetricValue
    change: MetricValue


class CategoryOfTime(CategoryShares):
    """A category of the taxonomy and its share in what arm `pilot` recorded."""

    code: str | None = Field(description="Null: codes that mean nothing in the taxonomy yet.")
    name: str
    work_class: WorkClass | None = Field(alias="class", description="What it counts as.")
    comparison: CategoryShares | None = Field(
        description="The same of the comparison group. Null: nobody of it has samples."
    )


class TimeCategoriesOut(BaseModel):
    """Where recorded time went, by category of the taxonomy.

    Shares of working time add up to 1; a category of class `excluded` is a share of all time.
    """

    pilot_id: UUID
    window: WindowOut
    baseline_window: WindowOut | None
    as_of: date
    taxonomy: str = Field(description="The version that says what codes mean.")
    categories: list[CategoryOfTime]


def categories_out(pilot_id: UUID, answer: CategoriesAnswer) -> bytes:
    """An answer as it is sent: a `TimeCategoriesOut` in JSON."""
    before = answer.baseline_window
    return msgspec.json.encode(
        {
            "pilot_id": pilot_id,
            "window": _window(answer.window),
            "baseline_window": _window(before) if before else None,
            "as_of": answer.as_of,
            "taxonomy": answer.taxonomy,
            "categories": [
                {
                    "code": line.code if line is not None else None,
                    "name": line.name if line is not None else NOT_MAPPED,
                    "class": line.work_class if line is not None else None,
                    **_shares(answer, Arm.PILOT, place),
                    "comparison": _shares(answer, Arm.COMPARISON, place)
                    if (Arm.COMPARISON, CHANGE) in answer.figures
                    else None,
                }
                for place, line in enumerate(answer.lines)
            ],
        }
    )


def _shares(answer: CategoriesAnswer, arm: Arm, place: int) -> dict[str, Any]:
    return {part: plain(answer.figures[arm, part][place]) for part in (*PHASES, CHANGE)}


def _window(window: Window) -> dict[str, date]:
    return {"starts_on": window.starts_on, "ends_on": window.ends_on}
