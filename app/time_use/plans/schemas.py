"""What is sent and received about sampling plans."""

from datetime import time
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from app.core.fields import Input, Output
from app.time_use.plans.models import WEEKDAYS, PlanArms, Weekday
from app.time_use.samples.models import SampleMethod

MAX_PROMPTS_PER_DAY = 24

WallTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Whole = Annotated[int, Field(strict=True)]


def _minutes(wall: str) -> int:
    hours, minutes = wall.split(":")
    return 60 * int(hours) + int(minutes)


class PlanIn(Input):
    """What a pilot expects over its baseline and its own window; what is left out is the default."""

    method: SampleMethod
    arms: PlanArms = Field(default=PlanArms.BOTH, description="Of which members.")
    days: list[Weekday] = Field(
        default=list(WEEKDAYS[:5]),
        min_length=1,
        max_length=7,
        description="Weekdays on which samples are expected; bank holidays never are.",
        json_schema_extra={"uniqueItems": True},
    )
    person_days_per_week: Annotated[Whole, Field(ge=1, le=7)] | None = Field(
        default=None, description="On how many of the days each person is expected; null for all."
    )
    prompts_per_day: Annotated[Whole, Field(ge=1, le=MAX_PROMPTS_PER_DAY)] | None = Field(
        default=None, description="For `random_moment`, and only then."
    )
    from_time: WallTime | None = Field(
        default=None, alias="from", description="Local time from which prompts are drawn, as 09:00."
    )
    until: WallTime | None = Field(default=None, description="Local time before which they lie.")

    @model_validator(mode="after")
    def days_fit(self) -> Self:
        if len(set(self.days)) < len(self.days):
            raise PydanticCustomError("day_repeated", "a day stands among the days twice")
        if (self.person_days_per_week or 1) > len(self.days):
            raise PydanticCustomError(
                "too_few_days", "person_days_per_week must not be more than the days there are"
            )
        return self

    @model_validator(mode="after")
    def prompts_fit(self) -> Self:
        given = [v is not None for v in (self.prompts_per_day, self.from_time, self.until)]
        if self.method is not SampleMethod.RANDOM_MOMENT:
            if any(given):
                raise PydanticCustomError(
                    "not_random_moment",
                    "prompts_per_day, from and until are for the method random_moment alone",
                )
            return self
        if self.prompts_per_day is None or self.from_time is None or self.until is None:
            raise PydanticCustomError(
                "prompts_missing", "random_moment needs prompts_per_day, from and until"
            )
        minutes = _minutes(self.until) - _minutes(self.from_time)
        if minutes < self.prompts_per_day:
            raise PydanticCustomError(
                "too_few_minutes",
                "from must lie before until, with a minute for each prompt between them",
            )
        return self


class PlanOut(Output):
    """What a pilot expects."""

    method: SampleMethod
    arms: PlanArms
    days: list[Weekday]
    person_days_per_week: int
    prompts_per_day: int | None
    from_time: str | None = Field(serialization_alias="from")
    until: str | None


def wall(moment: time | None) -> str | None:
    """A local time as it is sent."""
    return f"{moment:%H:%M}" if moment is not None else None
