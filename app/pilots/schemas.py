"""What is sent and received about pilots."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType
from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from app.core.fields import CalendarDate, Change, Code, Input, Label, Number, Output, Prose, Slug
from app.core.rows import ExternalId as ExternalIdRow
from app.people.schemas import ExternalId
from app.pilots.models import Arm, PilotKind, PilotStatus


class Comparator(StrEnum):
    """How a figure is held against its target."""

    AT_LEAST = ">="
    AT_MOST = "<="
    ABOVE = ">"
    BELOW = "<"


_SPELLINGS = {"at_least": ">=", "at_most": "<=", "above": ">", "below": "<"}
_SPELLINGS |= {"gte": ">=", "lte": "<=", "gt": ">", "lt": "<"}


def _comparator(value: Any) -> Any:
    return _SPELLINGS.get(value, value) if isinstance(value, str) else value


class SuccessCriterion(Input):
    """What must be reached for the pilot to count as a success, set before it starts."""

    metric: Slug = Field(description="Slug of the figure; see GET /metrics.")
    comparator: Annotated[Comparator, BeforeValidator(_comparator)] = Field(
        description="Also taken in words: at_least, at_most, above, below."
    )
    target: Number


class PilotFields(Input):
    """What can be said about a pilot, whether new or changed."""

    tool: Label | None = Field(default=None, description="What is tried, in words.")
    product: Code | None = Field(
        default=None,
        description="Product code of the licence activity that counts; null counts all products.",
    )
    purpose: Prose | None = None
    baseline_starts_on: CalendarDate | None = None
    baseline_ends_on: CalendarDate | None = Field(
        default=None, description="First day after the baseline, at the latest `starts_on`."
    )
    lead_external_id: ExternalId | None = Field(
        default=None, description="HR number of the pilot's lead."
    )
    success_criteria: list[SuccessCriterion] = Field(default_factory=list, max_length=50)


class PilotIn(PilotFields):
    """A pilot to set up."""

    code: Code
    name: Label
    kind: PilotKind
    starts_on: CalendarDate
    ends_on: CalendarDate = Field(description="First day after the pilot.")

    @model_validator(mode="after")
    def dates_in_order(self) -> Self:
        problem = date_order_problem(
            self.baseline_starts_on, self.baseline_ends_on, self.starts_on, self.ends_on
        )
        if problem is not None:
            raise PydanticCustomError("dates_out_of_order", "{problem}", {"problem": problem})
        return self


class PilotChange(PilotFields, Change):
    """What may be changed; what is left out stays."""

    name: Label = ""
    starts_on: CalendarDate = date.min
    ends_on: CalendarDate = date.min


def date_order_problem(
    baseline_starts_on: date | None, baseline_ends_on: date | None, starts_on: date, ends_on: date
) -> str | None:
    """What is wrong with a pilot's dates taken together, if anything."""
    if ends_on <= starts_on:
        return "ends_on must lie after starts_on"
    if (baseline_starts_on is None) != (baseline_ends_on is None):
        return "a baseline needs both baseline_starts_on and baseline_ends_on"
    if baseline_starts_on is None or baseline_ends_on is None:
        return None
    if baseline_ends_on <= baseline_starts_on:
        return "baseline_ends_on must lie after baseline_starts_on"
    if baseline_ends_on > starts_on:
        return "the baseline must end before the pilot starts: baseline_ends_on at most starts_on"
    return None


class PilotOut(Output):
    """A pilot as recorded."""

    pilot_id: UUID = Field(validation_alias="id")
    code: str
    name: str
    kind: PilotKind
    tool: str | None
    product: str | None
    purpose: str | None
    baseline_starts_on: date | None
    baseline_ends_on: date | None
    starts_on: date
    ends_on: date
    lead_person_id: UUID | None
    success_criteria: list[SuccessCriterion]
    status: PilotStatus
    created_at: datetime
    updated_at: datetime


class TransitionIn(Input):
    """A step in a pilot's life."""

    to: PilotStatus
    reason: Prose | None = None


class TransitionOut(Output):
    """A step that was taken."""

    transition_id: UUID = Field(validation_alias="id")
    pilot_id: UUID
    from_status: PilotStatus
    to_status: PilotStatus
    reason: str | None
    occurred_at: datetime
    principal_id: UUID


class MemberRow(msgspec.Struct, forbid_unknown_fields=True):
    """A member in a bulk request; what is left out stays, null opens an end of the interval."""

    person_external_id: ExternalIdRow | None = None
    person_id: UUID | None = None
    arm: Arm | UnsetType = UNSET
    joined_on: date | None | UnsetType = UNSET
    left_on: date | None | UnsetType = UNSET


class MemberOut(Output):
    """A person's part in a pilot."""

    person_id: UUID
    arm: Arm
    joined_on: date | None
    left_on: date | None = Field(description="First day on which the person is no longer in it.")


@dataclass(frozen=True, slots=True)
class PilotFilter:
    """Which pilots a list is to hold."""

    code: str | None = None
    kind: PilotKind | None = None
    status: PilotStatus | None = None
