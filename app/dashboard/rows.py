"""Rows of a form, as the bulk routes of the API take them. Pure."""

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from app.core.bulk.formats import CSV, JSON, NDJSON, Parsed, Rewrite, read_rows
from app.core.bulk.rejected import WithoutRemarks
from app.core.bulk.requests import BulkMode, BulkOptions, BulkRequest, RowType
from app.core.bulk.spreadsheets import Records, without_remarks

_MEDIA_TYPES: Final = {".csv": CSV, ".ndjson": NDJSON, ".jsonl": NDJSON, ".json": JSON}

# Characters of a file that its preview carries on to the next step; a larger one is chosen again.
_CARRIED: Final = 200_000


def can_be_carried(text: str) -> bool:
    """Whether a page can carry a file on: not too large, UTF-8, without what no page may hold."""
    held = not any("\ud800" <= each <= "\udfff" or each == "\0" for each in text)
    return len(text) <= _CARRIED and held


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


# Names rows of a file that have no name of their own, by its digest: the same file again changes nothing.
Settle = Callable[[Iterator[list[Parsed[Any]]], str], Iterator[list[Parsed[Any]]]]


@dataclass(frozen=True, slots=True)
class _Mended(BulkRequest):
    """Rows of a file that may be one of rejected rows, mended: without remarks and guards."""

    settle: Settle | None = None

    def rows(
        self, row_type: type[RowType], rewrite: Rewrite | None = None
    ) -> Iterator[list[Parsed[RowType]]]:
        if self.settle is None:
            return self._read(row_type, rewrite)
        digest = hashlib.file_digest(self.file, "sha256").hexdigest()  # type: ignore[arg-type]  # a file of bytes that can be read again
        self.file.seek(0)
        return self.settle(self._read(row_type, rewrite), digest)

    def _read(
        self, row_type: type[RowType], rewrite: Rewrite | None
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
    content: bytes,
    media_type: str,
    *,
    dry_run: bool,
    mode: BulkMode = BulkMode.PARTIAL,
    settle: Settle | None = None,
) -> BulkRequest:
    """A bulk request with a file as its body, read as the command line reads it."""
    return _Mended(io.BytesIO(content), media_type, BulkOptions(mode, dry_run), settle)


def as_ndjson(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows, one a line."""
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
