"""Rows of a form, as the bulk routes of the API take them. Pure."""

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from app.core.bulk.formats import CSV, JSON, NDJSON, Parsed, Rewrite, read_rows
from app.core.bulk.rejected import WithoutRemarks
from app.core.bulk.requests import BulkMode, BulkOptions, BulkRequest, RowType
from app.core.bulk.spreadsheets import Records, without_remarks

_MEDIA_TYPES: Final = {".csv": CSV, ".ndjson": NDJSON, ".jsonl": NDJSON, ".json": JSON}


def media_type_of(name: str) -> str:
    """What a file holds by the ending of its name; CSV where that says nothing."""
    lower = name.lower()
    return next((held for end, held in _MEDIA_TYPES.items() if lower.endswith(end)), CSV)


def bulk(
    content: bytes,
    media_type: str,
    *,
    dry_run: bool,
    list_rows: bool = False,
    mode: BulkMode = BulkMode.PARTIAL,
) -> BulkRequest:
    """A bulk request with this body."""
    return BulkRequest(io.BytesIO(content), media_type, BulkOptions(mode, dry_run, list_rows))


class _Mended(BulkRequest):
    """Rows of a file that may be one of rejected rows, mended: without remarks and guards."""

    def rows(
        self, row_type: type[RowType], rewrite: Rewrite | None = None
    ) -> Iterator[list[Parsed[RowType]]]:
        def rewritten(records: Records) -> Records:
            values = without_remarks(records)
            return values if rewrite is None else rewrite(values)

        if self.media_type == CSV:
            return read_rows(self.file, CSV, row_type, rewritten)
        if self.media_type == NDJSON:
            plain = io.BufferedReader(WithoutRemarks(self.file))
            return read_rows(plain, NDJSON, row_type, rewrite)
        return read_rows(self.file, self.media_type, row_type, rewrite)


def mended(
    content: bytes, media_type: str, *, dry_run: bool, mode: BulkMode = BulkMode.PARTIAL
) -> BulkRequest:
    """A bulk request with a file as its body, read as the command line reads it."""
    return _Mended(io.BytesIO(content), media_type, BulkOptions(mode, dry_run))


def as_ndjson(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows, one a line."""
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
