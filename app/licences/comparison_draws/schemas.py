"""What is sent and received about draws of a comparison group."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.core.fields import Input, Output
from app.people.schemas import ExternalId

MAX_PEOPLE = 5000
# JSON numbers are exact up to here.
MAX_SEED = 2**53 - 1


class ComparisonDrawIn(Input):
    """How many to draw, and among whom."""

    people: Annotated[int, Field(strict=True, ge=1, le=MAX_PEOPLE)]
    person_external_ids: list[ExternalId] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_PEOPLE,
        description="Among these; left out, among those who wait for a seat of the pilot's pools, which needs `licences:read`.",
    )
    seed: Annotated[int, Field(strict=True, ge=0, le=MAX_SEED)] | None = Field(
        default=None, description="To repeat a draw; left out, one is made."
    )


class ComparisonDrawOut(Output):
    """A draw. Who was drawn are members of arm `comparison` now."""

    draw_id: UUID = Field(validation_alias="id")
    pilot_id: UUID
    batch_id: UUID = Field(description="The members that the draw added.")
    seed: int = Field(description="With it, and the same candidates, the draw can be repeated.")
    candidates: int = Field(description="People who could be drawn: no members of the pilot yet.")
    drawn: int
    created_at: datetime
