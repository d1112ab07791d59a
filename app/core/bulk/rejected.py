"""The rows of a file that were rejected, as they stand in it, to be mended and fed again."""

import csv
import io
from collections.abc import Iterator
from itertools import compress
from typing import IO, Final, Protocol, TypeVar

import msgspec

from app.core.bulk.formats import CSV, NDJSON
from app.core.bulk.results import RowError
from app.core.bulk.spreadsheets import REMARKS, are_values, guarded, unguarded
from app.core.errors import Invalid

Record = TypeVar("Record")

# A row that is no JSON object has no fields to stand beside the remarks.
_TEXT: Final = "_text"


def writer_of(source: IO[bytes], media_type: str, name: str, target: IO[bytes]) -> "Writer":
    """What writes rejected rows: CSV from CSV, NDJSON from NDJSON or JSON.

    Args:
        source: the file from its beginning, read in step with the errors.
        media_type: what it holds.
        name: what it is called.
        target: where to.
    """
    if media_type == CSV:
        return _CsvWriter(source, name, target)
    rows = _ndjson_rows(source) if media_type == NDJSON else _json_rows(source)
    return _NdjsonWriter(rows, name, target)


def _remarks(error: RowError) -> tuple[int, str, str, str]:
    """What is said about a row: its number from 1, the field, the code, the sentence."""
    return error.index + 1, field_of(error), error.code, error.detail


def field_of(error: RowError) -> str:
    """The name of the field or column that an error is about; blank where it is about the row."""
    return error.pointer.removeprefix("/").replace("~1", "/").replace("~0", "~")


class Writer(Protocol):
    def note(self, error: RowError) -> None:
        """Write the row that an error is about; errors come in the order of the rows."""


class _Rows:
    """The rows of a file in step with its errors: read a second time, and only as far as there are any."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._next = 0

    def find(self, rows: Iterator[Record], index: int) -> Record:
        for row in rows:
            self._next += 1
            if self._next > index:
                return row
        raise Invalid(
            f"{self._name} changed while it was imported; nothing was written. Try again.",
            code="file_changed",
        )


class _CsvWriter:
    """As CSV: remarks first, so that they stand in their columns however many cells a row has."""

    def __init__(self, source: IO[bytes], name: str, target: IO[bytes]) -> None:
        self._rows = _Rows(name)
        # With a byte order mark, without which a spreadsheet takes it for another encoding.
        self._text = io.TextIOWrapper(target, encoding="utf-8-sig", newline="", write_through=True)
        self._out = csv.writer(self._text)
        reader = csv.reader(io.TextIOWrapper(source, encoding="utf-8-sig", newline=""), strict=True)
        header = next(reader, [])
        self._kept = are_values(header)
        self._records = (cells for cells in reader if cells)
        self._out.writerow([*REMARKS, *map(guarded, compress(header, self._kept))])

    def note(self, error: RowError) -> None:
        cells = self._rows.find(self._records, error.index)
        values = [*compress(cells, self._kept), *cells[len(self._kept) :]]
        self._out.writerow(map(guarded, [*map(str, _remarks(error)), *map(unguarded, values)]))


class _NdjsonWriter:
    """As NDJSON, from NDJSON or JSON."""

    def __init__(self, rows: Iterator[bytes], name: str, target: IO[bytes]) -> None:
        self._rows, self._records, self._target = _Rows(name), rows, target

    def note(self, error: RowError) -> None:
        raw = self._rows.find(self._records, error.index)
        row: dict[str, object] = dict(zip(REMARKS, _remarks(error), strict=True))
        fields = fields_of(raw)
        if fields is None:
            row[_TEXT] = raw.decode(errors="replace").strip()
        else:
            row |= values_of(fields)
            if _TEXT in fields:
                row[_TEXT] = fields[_TEXT]
        self._target.write(msgspec.json.encode(row) + b"\n")


class _Envelope(msgspec.Struct):
    items: list[msgspec.Raw]


def _json_rows(file: IO[bytes]) -> Iterator[bytes]:
    return map(bytes, msgspec.json.decode(file.read(), type=_Envelope).items)


def _ndjson_rows(file: IO[bytes]) -> Iterator[bytes]:
    lines = (line.removeprefix(b"\xef\xbb\xbf") if not n else line for n, line in enumerate(file))
    return (line for line in lines if line.strip())


class WithoutRemarks(io.RawIOBase):
    """NDJSON without the fields that remark on a row."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]  # any buffer
        if not self._rest:
            self._rest = _without_remarks(self._file.readline())
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


_REMARKED: Final = f'"{REMARKS[0]}"'.encode()


def _without_remarks(line: bytes) -> bytes:
    if _REMARKED not in line:
        return line
    fields = fields_of(line)
    if fields is None:
        return line
    return msgspec.json.encode(values_of(fields)) + line[len(line.rstrip(b"\r\n")) :]


def values_of(fields: dict[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    """The fields of a row without those that remark on it."""
    return dict(compress(fields.items(), are_values(list(fields))))


def fields_of(row: bytes) -> dict[str, msgspec.Raw] | None:
    """The fields of a row in JSON, each as it is written; None where it is no object."""
    try:
        return msgspec.json.decode(row, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
