"""What is sent and received about reclaiming seats."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from app.core.fields import CalendarDate, Input, Output, Prose
from app.core.pagination import Page
from app.licences.reclaim.models import Decision, Tier

MAX_DECISIONS = 1000


class CandidateOut(BaseModel):
    """A seat that might go to somebody else, and why."""

    allocation_id: UUID
    person_id: UUID
    tier: Tier
    reason: str
    days_idle: int = Field(description="Less the days on which the holder was away.")
    last_active_on: date | None
    allocated_on: date


class GuardedOut(BaseModel):
    """Idle seats that are not asked for, by what guards them."""

    on_leave: int
    new_starter: int
    kept: int


class CandidatePage(Page[CandidateOut]):
    """Candidates in the order in which their seats were given: nobody is ranked by use."""

    as_of: date
    data_through: date | None = Field(description="The last day that the activity data speak of.")
    withheld_because: str | None = Field(
        description="`stale_data`: the data are too old to ask anybody; null otherwise."
    )
    guarded: GuardedOut


class DecisionIn(Input):
    """What is decided about one seat."""

    allocation_id: UUID
    decision: Decision
    reason: Prose
    keep_until: CalendarDate | None = Field(
        default=None, description="With `keep`: not asked for again until then; null: not at all."
    )

    @model_validator(mode="after")
    def only_what_is_kept_has_a_term(self) -> Self:
        if self.keep_until is not None and self.decision is not Decision.KEEP:
            raise PydanticCustomError("keep_until", "keep_until goes with the decision keep alone")
        return self


class DecisionsIn(Input):
    """Decisions about some of the candidates."""

    as_of: CalendarDate | None = Field(
        default=None, description="The date of the candidates that you decide on; today by default."
    )
    items: Annotated[list[DecisionIn], Field(min_length=1, max_length=MAX_DECISIONS)]

    @model_validator(mode="after")
    def one_decision_a_seat(self) -> Self:
        if len({item.allocation_id for item in self.items}) < len(self.items):
            raise PydanticCustomError("decided_twice", "there are two decisions about one seat")
        return self


class DecisionOut(Output):
    """A decision as recorded."""

    decision_id: UUID = Field(validation_alias="id")
    pool_id: UUID
    allocation_id: UUID
    decision: Decision
    reason: str
    tier: Tier
    days_idle: int
    as_of: date
    keep_until: date | None
    decided_at: datetime
    principal_id: UUID


class RefusedOut(BaseModel):
    """A decision that was not taken, and why."""

    allocation_id: UUID
    code: str
    detail: str


class DecisionsOut(BaseModel):
    """What became of the decisions."""

    dry_run: bool
    as_of: date
    decided: list[DecisionOut]
    refused: list[RefusedOut]
    reclaimed: int
    handed_on: list[UUID] = Field(description="Allocations that went to people who waited.")
