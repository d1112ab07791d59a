"""What is sent and received about licence pools."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.core.fields import (
    Amount,
    CalendarDate,
    Change,
    Code,
    Currency,
    Input,
    Label,
    Output,
    Prose,
)
from app.licences.pools.models import Overallocation

MAX_SEATS = 1_000_000
Seats = Annotated[int, Field(ge=0, le=MAX_SEATS, strict=True)]


class PoolIn(Input):
    """A pool to set up."""

    name: Label
    product: Code = Field(description="Product code, the same as in licence activity.")
    pilot_id: UUID | None = Field(default=None, description="The pilot that the seats are for.")
    overallocation: Overallocation = Field(
        default=Overallocation.BLOCK,
        description="`block` refuses what would need more seats than there are; `warn` reports it.",
    )
    hands_on_released_seats: bool = Field(
        default=True, description="A seat that becomes free goes to the head of the waiting list."
    )
    currency: Currency | None = Field(default=None, description="The organisation's by default.")
    seat_price: Amount | None = Field(
        default=None,
        description="One seat for the whole term, to two decimals. Null: not known, and no costs.",
    )
    term_starts_on: CalendarDate
    term_ends_on: CalendarDate = Field(description="First day after the term.")
    seats: Seats = Field(description="Seats from the first day of the term.")

    @model_validator(mode="after")
    def dates_in_order(self) -> Self:
        problem = term_problem(self.term_starts_on, self.term_ends_on)
        if problem is not None:
            raise PydanticCustomError("dates_out_of_order", "{problem}", {"problem": problem})
        return self


# No longer than a window may be that figures are asked for: a term is their usual window.
MAX_TERM_DAYS = 5 * 366


def term_problem(term_starts_on: date, term_ends_on: date) -> str | None:
    """What is wrong with a term, if anything."""
    if term_ends_on <= term_starts_on:
        return "term_ends_on must lie after term_starts_on"
    if (term_ends_on - term_starts_on).days > MAX_TERM_DAYS:
        return f"a term has at most {MAX_TERM_DAYS} days"
    return None


class PoolChange(Change):
    """What may be changed; what is left out stays. Seats change by capacity changes."""

    name: Label = ""
    pilot_id: UUID | None = None
    overallocation: Overallocation = Overallocation.BLOCK
    hands_on_released_seats: bool = True
    currency: Currency = ""
    seat_price: Amount | None = None
    term_starts_on: CalendarDate = date.min
    term_ends_on: CalendarDate = date.min


class PoolOut(Output):
    """A pool, and how it stands on `as_of`; who holds seats is counted for readers who may see them."""

    pool_id: UUID
    name: str
    product: str
    pilot_id: UUID | None
    overallocation: Overallocation
    hands_on_released_seats: bool
    currency: str
    seat_price: Decimal | None
    term_starts_on: date
    term_ends_on: date
    created_at: datetime
    updated_at: datetime
    as_of: date
    known_at: datetime | None = Field(
        description="The state of knowledge that was asked for; null: today's."
    )
    purchased: int
    allocated: int | None = Field(description="Null without `licences:read` and `people:read`.")
    available: int | None = Field(description="Purchased less allocated, at least 0.")
    deficit: int | None = Field(description="Seats held beyond those bought; only with `warn`.")
    waiting: int | None = Field(description="People on the waiting list.")


class CapacityChangeIn(Input):
    """From a day on there are so many seats."""

    effective_on: CalendarDate
    seats: Seats = Field(description="The new total, not the difference.")
    reason: Prose | None = None


class CapacityChangeOut(Output):
    """A change of capacity as recorded."""

    capacity_change_id: UUID = Field(validation_alias="id")
    pool_id: UUID
    effective_on: date
    seats: int
    reason: str | None
    recorded_at: datetime
    principal_id: UUID


class CapacityChanged(CapacityChangeOut):
    """A change of capacity, and what followed from it."""

    deficit: int = Field(
        description="The most seats that are held beyond those bought, on any day."
    )
    deficit_from: date | None
    handed_on: int = Field(description="Seats that went to people on the waiting list.")


@dataclass(frozen=True, slots=True)
class PoolFilter:
    """Which pools a list is to hold."""

    product: str | None = None
    pilot_id: UUID | None = None
    name: str | None = None
