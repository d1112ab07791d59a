"""What is sent and received about saved mappings."""

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import Field, StringConstraints

from app.core.fields import (
    PRINTABLE_PATTERN,
    Code,
    Input,
    Label,
    NotBlank,
    Output,
    Printable,
)
from app.core.instants import DateOrder
from app.imports.mappings.columns import MinutesUnit
from app.imports.models import ImportKind

MAX_FIELDS = 50
MAX_JOINED = 8
MAX_IGNORED = 200

ColumnName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), Printable, NotBlank
]
Separator = Annotated[str, StringConstraints(max_length=5, pattern=PRINTABLE_PATTERN)]


class ColumnSourceIn(Input):
    """Where a field is read: one column, or several joined."""

    columns: list[ColumnName] = Field(min_length=1, max_length=MAX_JOINED)
    separator: Separator = Field(default=" ", description="Between the columns.")


class ImportMappingRules(Input):
    """How the columns of a file become fields of ours."""

    columns: dict[str, ColumnSourceIn] = Field(
        min_length=1, max_length=MAX_FIELDS, description="By field of ours, where it is read."
    )
    constants: dict[str, Label] = Field(
        default_factory=dict,
        max_length=MAX_FIELDS,
        description="By field of ours, what it is in every row.",
    )
    minutes_unit: MinutesUnit = Field(
        default=MinutesUnit.MINUTES, description="What the column of `minutes` counts."
    )
    ends_at: ColumnName | None = Field(
        default=None,
        description="Column with the time of day at which a row ended; `minutes` are counted from "
        "`started_at` to it. It needs a `zone`.",
    )
    date_order: DateOrder = Field(
        default=DateOrder.YEAR_FIRST,
        description="`ymd` is ISO 8601; `dmy` and `mdy` are 08/02/2024 and the like.",
    )
    zone: Annotated[str, StringConstraints(max_length=64)] | None = Field(
        default=None, description="Zone of times without an offset, as Europe/London."
    )
    ignored: list[ColumnName] = Field(
        default_factory=list,
        max_length=MAX_IGNORED,
        description="Columns that are known and not wanted. Any other that is not mapped is an error.",
    )


class ImportMappingIn(ImportMappingRules):
    """A mapping to save."""

    name: Code
    kind: ImportKind = Field(description="What the rows are.")


class ColumnSourceOut(Output):
    """Where a field is read."""

    columns: list[str]
    separator: str


class ImportMappingOut(Output):
    """A mapping."""

    name: str
    kind: ImportKind
    columns: dict[str, ColumnSourceOut]
    constants: dict[str, str]
    minutes_unit: MinutesUnit
    ends_at: str | None
    date_order: DateOrder
    zone: str | None
    ignored: list[str]
    is_built_in: bool
    updated_at: datetime | None = Field(description="Null for those that come with Pilotlight.")


# Of a bulk request.
MappingNamed = Annotated[
    Code | None,
    Query(description="Mapping by which the columns of a CSV become ours; see /import-mappings."),
]
