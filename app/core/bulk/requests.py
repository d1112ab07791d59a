"""What a client says about a bulk request, and the body that came with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Annotated, TypeVar

import msgspec
from fastapi import Depends, Query, Request

from app.core.body import ReceivedBody, media_type_of
from app.core.bulk.formats import Parsed, Rewrite, read_rows
from app.core.bulk.results import Restate, as_it_is

RowType = TypeVar("RowType", bound=msgspec.Struct)


class BulkMode(StrEnum):
    """Whether one bad row keeps the good ones out."""

    PARTIAL = "partial"
    ATOMIC = "atomic"


@dataclass(frozen=True, slots=True)
class BulkOptions:
    """How rows are to be taken in."""

    mode: BulkMode = BulkMode.PARTIAL
    dry_run: bool = False
    list_rows: bool = False
    # Told of every row that is rejected; what it answers is what the sender is told.
    restate: Restate = as_it_is


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """Rows to take in, and how."""

    file: IO[bytes]
    media_type: str
    options: BulkOptions

    def rows(
        self, row_type: type[RowType], rewrite: Rewrite | None = None
    ) -> Iterator[list[Parsed[RowType]]]:
        return read_rows(self.file, self.media_type, row_type, rewrite)


async def _bulk_request(
    request: Request,
    mode: Annotated[
        BulkMode, Query(description="`partial` writes the good rows, `atomic` all or none.")
    ] = BulkMode.PARTIAL,
    dry_run: Annotated[bool, Query(description="Check everything and write nothing.")] = False,
    rows: Annotated[bool, Query(description="List every row's outcome in the answer.")] = False,
) -> BulkRequest:
    body: ReceivedBody = request.state.body
    return BulkRequest(body.file(), media_type_of(request), BulkOptions(mode, dry_run, rows))


Bulk = Annotated[BulkRequest, Depends(_bulk_request)]
