"""What is sent and received about legal holds."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.core.fields import Input, Output, Prose
from app.privacy.legal_holds.models import HoldOn


class LegalHoldIn(Input):
    """A hold to place: on a person, on a pilot, or on everything of the organisation."""

    hold_on: HoldOn
    person_id: UUID | None = None
    pilot_id: UUID | None = None
    reason: Prose = Field(description="Why: a claim, an inquiry, a request. Name nobody.")

    @model_validator(mode="after")
    def what_is_held(self) -> Self:
        named = (self.person_id is not None, self.pilot_id is not None)
        if named != (self.hold_on is HoldOn.PERSON, self.hold_on is HoldOn.PILOT):
            raise PydanticCustomError(
                "hold_on", "give person_id for a person, pilot_id for a pilot, else neither"
            )
        return self


class LegalHoldOut(Output):
    """A hold, in force until it is released."""

    hold_id: UUID = Field(validation_alias="id")
    hold_on: HoldOn
    person_id: UUID | None
    pilot_id: UUID | None
    reason: str
    placed_at: datetime
    placed_by: UUID
    released_at: datetime | None
    released_by: UUID | None
