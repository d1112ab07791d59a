"""What is sent and received about time samples."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from pydantic import BaseModel, Field, StringConstraints

from app.core.bulk.results import BulkResult
from app.core.fields import BareCode as BareCodeField
from app.core.fields import Label, Number, Output
from app.core.rows import BareCode, ExternalId, Text
from app.people.schemas import PersonNamed
from app.time_use.samples.models import SampleMethod

MAX_MINUTES = 1440

# Long enough for any notation of an instant.
Instant = Annotated[
    str,
    msgspec.Meta(min_length=8, max_length=40, extra_json_schema={"format": "date-time"}),
]
Minutes = Annotated[float, msgspec.Meta(gt=0, le=MAX_MINUTES)]


class SampleRow(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """Minutes of somebody's time in a category, known to its source as `source_ref`.

    The same `source` and `source_ref` with other values replaces what was there. `started_at` carries its
    offset, as 2024-02-08T09:00:00+00:00; a file of local times states its `zone` in the request. A
    random-moment sample is one prompt and may leave `minutes` out. `deleted` takes a sample back.
    """

    category: BareCode
    started_at: Instant
    source: BareCode
    source_ref: Text
    method: SampleMethod
    person_external_id: ExternalId | None = None
    person_id: UUID | None = None
    minutes: Minutes | None = None
    deleted: bool = False


class SampleIn(PersonNamed):
    """One sample: as a row of a bulk request."""

    category: BareCodeField
    started_at: Annotated[str, StringConstraints(min_length=8, max_length=40)] = Field(
        description="With its offset, as 2024-02-08T09:00:00+00:00.",
        json_schema_extra={"format": "date-time"},
    )
    source: BareCodeField
    source_ref: Label
    method: SampleMethod
    minutes: Annotated[Number, Field(gt=0, le=MAX_MINUTES)] | None = None
    deleted: Annotated[bool, Field(strict=True)] = False

    def row(self) -> SampleRow:
        return SampleRow(**self.model_dump())


class SampleOut(Output):
    """A time sample as recorded."""

    sample_id: UUID = Field(validation_alias="id")
    person_id: UUID
    category: str = Field(description="The code as its source gave it.")
    started_at: datetime
    minutes: float | None
    method: SampleMethod
    source: str
    source_ref: str
    deleted: bool = Field(validation_alias="is_deleted")
    updated_at: datetime
    revision: int
    batch_id: UUID | None


class Accounted(BaseModel):
    """Rows that were taken and will not count, or not yet."""

    outside_members: int = Field(
        description="Rows of people who are not members of the pilot on that day."
    )
    outside_windows: int = Field(
        description="Rows that lie in neither the baseline nor the pilot window."
    )
    unmapped: int = Field(description="Rows whose category means nothing in the pilot's taxonomy.")


class SampleBulkResult(BulkResult):
    """What became of a bulk request, and how much of what was taken will not count."""

    uncounted: Accounted


class SampleResult(Output):
    """A sample that was sent alone."""

    outcome: str = Field(description="`accepted` is new, `updated` replaced, `duplicate` the same.")
    source: str
    source_ref: str
    uncounted: list[str] = Field(
        description="Why it does not count, where it does not: `outside_members`, `outside_windows`, "
        "`unmapped`."
    )
