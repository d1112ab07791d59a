"""What is sent and received about people."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType
from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from app.core.fields import CalendarDate, Change, Input, Label, NotBlank, Number, Output, Printable
from app.core.rows import ExternalId as ExternalIdRow
from app.core.rows import Fte as FteRow
from app.core.rows import Text

ExternalId = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), Printable, NotBlank
]
Fte = Annotated[Number, Field(gt=0, le=1.5)]


class PersonNamed(Input):
    """Whoever a request speaks of, by HR number or by id."""

    person_external_id: ExternalId | None = None
    person_id: UUID | None = None

    @model_validator(mode="after")
    def someone_is_named(self) -> Self:
        if self.person_external_id is None and self.person_id is None:
            raise PydanticCustomError("person_missing", "name person_external_id or person_id")
        return self


class _PersonFields(Input):
    user_name: Label | None = Field(default=None, description="Sign-in name.")
    display_name: Label | None = None
    department: Label | None = None
    team: Label | None = None
    job_family: Label | None = None
    fte: Fte | None = Field(default=None, description="Full-time equivalent, 1 is full time.")
    started_on: CalendarDate | None = None
    left_on: CalendarDate | None = Field(
        default=None, description="First day on which the person is no longer employed."
    )

    @model_validator(mode="after")
    def dates_in_order(self) -> Self:
        if self.started_on and self.left_on and self.left_on < self.started_on:
            raise PydanticCustomError("dates_out_of_order", "left_on lies before started_on")
        return self


class PersonIn(_PersonFields):
    """A person to record."""

    external_id: ExternalId = Field(description="The number that HR knows the person by.")


class PersonChange(_PersonFields, Change):
    """What may be changed; what is left out stays, null empties."""


class PersonOfDirectory(PersonChange):
    """What a directory that keeps people may change: beside all that, their number."""

    external_id: ExternalId = ""


class PersonOut(Output):
    """A person as recorded."""

    person_id: UUID = Field(validation_alias="id")
    external_id: str
    user_name: str | None
    display_name: str | None
    department: str | None
    team: str | None
    job_family: str | None
    fte: float | None
    started_on: date | None
    left_on: date | None
    created_at: datetime
    updated_at: datetime


class PersonRow(msgspec.Struct, forbid_unknown_fields=True):
    """A person in a bulk request, upserted by `external_id`: left out stays, null empties."""

    external_id: ExternalIdRow
    user_name: Text | None | UnsetType = UNSET
    display_name: Text | None | UnsetType = UNSET
    department: Text | None | UnsetType = UNSET
    team: Text | None | UnsetType = UNSET
    job_family: Text | None | UnsetType = UNSET
    fte: FteRow | None | UnsetType = UNSET
    started_on: date | None | UnsetType = UNSET
    left_on: date | None | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class PersonFilter:
    """Which people a list is to hold."""

    external_id: str | None = None
    department: str | None = None
    team: str | None = None
    job_family: str | None = None
    employed_on: date | None = None
    # Part of what the person is called, in capitals or not.
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Employment:
    """Who somebody is, and from when to when they are employed; null where that is not recorded."""

    person_id: UUID
    started_on: date | None
    left_on: date | None
