"""What is sent and received about prompts."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.core.fields import CalendarDate, Input, Output

MAX_DAYS = 31
# JSON numbers are exact up to here.
MAX_SEED = 2**53 - 1


class DrawIn(Input):
    """The days to draw prompts for: `[starts_on, ends_on)`, at most 31; whole ISO weeks are best."""

    starts_on: CalendarDate
    ends_on: CalendarDate
    seed: Annotated[int, Field(strict=True, ge=0, le=MAX_SEED)] | None = Field(
        default=None, description="To repeat a draw; left out, one is made."
    )

    @model_validator(mode="after")
    def days_fit(self) -> Self:
        days = (self.ends_on - self.starts_on).days
        if days <= 0:
            raise PydanticCustomError("empty_window", "ends_on must lie after starts_on")
        if days > MAX_DAYS:
            raise PydanticCustomError(
                "window_too_long", "prompts are drawn for at most {days} days", {"days": MAX_DAYS}
            )
        return self


class DrawOut(Output):
    """What a draw added."""

    draw_id: UUID
    starts_on: date
    ends_on: date
    seed: int = Field(description="With it, and the plan as it stands, the draw can be repeated.")
    drawn: int = Field(description="Prompts that were added.")
    person_days: int = Field(description="Person-days that they were added for.")
    person_days_there: int = Field(
        description="Person-days of the window that had prompts already; nothing was added to them."
    )
    short_person_days: int = Field(
        description="Person-days with fewer prompts than planned: the clocks skip part of the hours."
    )


class PromptOut(Output):
    """A moment at which somebody is asked. Answer it by a sample of source `prompt` with this id."""

    prompt_id: UUID = Field(validation_alias="id")
    person_id: UUID
    prompt_at: datetime
    draw_id: UUID
