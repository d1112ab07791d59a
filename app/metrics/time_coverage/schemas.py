"""How coverage is sent."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.fields import Output
from app.core.periods import iso_week_of
from app.metrics.schemas import WindowOut
from app.metrics.time_coverage.calculation import Cell
from app.metrics.time_coverage.service import CoverageAnswer
from app.pilots.models import Arm
from app.time_use.plans.models import Weekday
from app.time_use.plans.service import Phase


class CoverageOut(BaseModel):
    """What was expected of an arm and what there is; nulls where it is withheld."""

    window: Phase = Field(description="The pilot's `baseline`, or the `pilot` window itself.")
    arm: Arm
    expected: int | None = Field(description="Person-days on which samples were expected.")
    covered: int | None = Field(description="Those of them that have samples.")
    coverage: float | None = Field(
        description="covered / expected; null also where nothing was expected."
    )
    unexpected: int | None = Field(
        description="Further person-days with samples: on other days, or on more than were asked for."
    )
    people_expected: int | None
    people_with_samples: int | None
    prompts_drawn: int | None
    prompts_answered: int | None
    suppressed: bool


class OverallOut(CoverageOut):
    """An arm over all the days of a window that were asked for."""

    days: WindowOut


class WeekOut(CoverageOut):
    """An arm in an ISO week, as far as that lies in the window and was asked for."""

    starts_on: date = Field(description="The Monday.")


class TimeCoverageOut(BaseModel):
    """How far samples cover what was expected. Arms are not added up, nor the two windows."""

    pilot_id: UUID
    window: WindowOut = Field(description="What was asked for, up to yesterday.")
    overall: list[OverallOut]
    weekly: list[WeekOut]
    missing_weeks: list[date] = Field(
        description="Mondays of weeks in which samples were expected and there are none at all."
    )
    weekdays_covered: list[Weekday] = Field(
        description="Weekdays with samples; of too few people to be told, they are left out."
    )


class PersonCoverageOut(Output):
    """How far somebody's samples cover what was expected."""

    person_id: UUID
    arm: Arm
    expected: int
    covered: int
    missing: int
    unexpected: int
    missing_days: list[date] = Field(
        description="Days on which samples would make up for what is missing."
    )


def _figures(cell: Cell) -> dict[str, object]:
    return {
        "window": cell.phase,
        "arm": cell.arm,
        "expected": cell.expected,
        "covered": cell.covered,
        "coverage": cell.coverage,
        "unexpected": cell.unexpected,
        "people_expected": cell.people_expected,
        "people_with_samples": cell.people_with_samples,
        "prompts_drawn": cell.prompts_drawn,
        "prompts_answered": cell.prompts_answered,
        "suppressed": cell.suppressed,
    }


def coverage_out(pilot_id: UUID, answer: CoverageAnswer) -> TimeCoverageOut:
    """An answer as it is sent."""
    return TimeCoverageOut(
        pilot_id=pilot_id,
        window=WindowOut(starts_on=answer.window.starts_on, ends_on=answer.window.ends_on),
        overall=[
            OverallOut.model_validate(
                {
                    **_figures(part.whole),
                    "days": WindowOut(
                        starts_on=part.whole.days.starts_on, ends_on=part.whole.days.ends_on
                    ),
                }
            )
            for part in answer.parts
        ],
        weekly=[
            WeekOut.model_validate(
                {**_figures(week), "starts_on": iso_week_of(week.days.starts_on).starts_on}
            )
            for part in answer.parts
            for week in part.weeks
        ],
        missing_weeks=answer.missing_weeks,
        weekdays_covered=answer.weekdays_covered,
    )
