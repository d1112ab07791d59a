"""Rows of a form, as the bulk routes of the API take them. Pure."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from app.core.bulk.formats import CSV, JSON, NDJSON
from app.core.bulk.requests import BulkMode, BulkOptions, BulkRequest

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


def as_ndjson(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows, one a line."""
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Rows below their header."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue().encode()
