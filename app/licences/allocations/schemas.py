"""What is sent and received about seats."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

import msgspec
from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from app.core.bulk.results import BulkResult
from app.core.fields import CalendarDate, Change, Input, Output, Prose
from app.core.rows import ExternalId as ExternalIdRow
from app.core.rows import Text
from app.licences.allocations.models import SeatEventKind, SeatSource
from app.people.schemas import PersonNamed

LOWEST_PRIORITY = 1000
USUAL_PRIORITY = 100
Priority = Annotated[int, Field(ge=0, le=LOWEST_PRIORITY, strict=True)]


class AllocationIn(PersonNamed):
    """A seat to give."""

    allocated_on: CalendarDate | None = Field(default=None, description="Today by default.")
    released_on: CalendarDate | None = Field(
        default=None, description="First day without the seat; open by default."
    )
    reason: Prose | None = None
    priority: Priority = Field(
        default=USUAL_PRIORITY,
        description="Place on the waiting list if queued: 1 is served before 2.",
    )

    @model_validator(mode="after")
    def dates_in_order(self) -> Self:
        if self.allocated_on and self.released_on and self.released_on <= self.allocated_on:
            raise PydanticCustomError(
                "dates_out_of_order", "released_on must lie after allocated_on"
            )
        return self


class AllocationOut(Output):
    """A seat over `[allocated_on, released_on)`."""

    allocation_id: UUID = Field(validation_alias="id")
    pool_id: UUID
    product: str
    person_id: UUID
    allocated_on: date
    released_on: date | None = Field(description="First day without the seat; null: held.")
    reason: str | None
    release_reason: str | None
    source: SeatSource
    created_at: datetime
    updated_at: datetime
    corrected_at: datetime | None = Field(
        description="When its dates were last corrected; see its events for what they were before."
    )


class AllocatedOut(AllocationOut):
    """A seat that was given."""

    deficit: int = Field(description="Seats held beyond those bought, at worst; only with `warn`.")


class ReleaseIn(Input):
    """The end of a seat."""

    released_on: CalendarDate | None = Field(
        default=None, description="First day without the seat; today by default."
    )
    reason: Prose | None = None


class ReleasedOut(AllocationOut):
    """A seat that was released, and who has it now."""

    handed_on: list[AllocationOut] = Field(description="Seats given from the waiting list.")


class AllocationChange(Change):
    """A correction of what was recorded wrongly; what is left out stays."""

    allocated_on: CalendarDate = date.min
    released_on: CalendarDate | None = Field(
        default=None, description="Null: the seat is held after all."
    )
    reason: Prose = Field(description="Why the record was wrong.")


class SeatEventOut(Output):
    """One entry of the ledger: what happened, when it was recorded, and the state after it."""

    sequence: int = Field(description="Its number in the pool's ledger.")
    allocation_id: UUID
    kind: SeatEventKind
    allocated_on: date
    released_on: date | None
    reason: str | None
    source: SeatSource
    recorded_at: datetime
    principal_id: UUID


class AllocationRow(msgspec.Struct, forbid_unknown_fields=True):
    """A seat to give in a bulk request; from today on where the row names no day."""

    person_external_id: ExternalIdRow | None = None
    person_id: UUID | None = None
    allocated_on: date | None = None
    released_on: date | None = None
    reason: Text | None = None
    priority: Annotated[int, msgspec.Meta(ge=0, le=LOWEST_PRIORITY)] = USUAL_PRIORITY


class RowResult(BaseModel):
    """What became of a row, and whom it is about."""

    index: int
    result: str = Field(description="allocated, waiting, duplicate or rejected")
    person_id: UUID | None = None
    allocation_id: UUID | None = None
    code: str | None = Field(default=None, description="Why it was rejected.")


class AllocationBulkResult(BulkResult):
    """What became of a bulk request for seats."""

    waiting: int = Field(description="Rows whose person is on the waiting list now.")
    deficit: int = Field(description="Seats held beyond those bought, at worst; only with `warn`.")
    results: list[RowResult] = Field(description="One a row in order, the first 10,000.")


@dataclass(frozen=True, slots=True)
class AllocationFilter:
    """Which seats a list is to hold."""

    as_of: date | None = None
    known_at: datetime | None = None
    person_id: UUID | None = None
