"""The rows that an import rejected, as they stand in its file, to be mended and fed again."""

import csv
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import compress
from pathlib import Path
from typing import IO, Final, Protocol, TypeVar

import msgspec

from app.cli.files import RowFile, fields_of, media_type_of, values_of
from app.core.bulk.formats import CSV, NDJSON
from app.core.bulk.results import BulkRejected, RowError
from app.core.bulk.spreadsheets import REMARKS, are_values, guarded, unguarded
from app.core.errors import Invalid

Record = TypeVar("Record")

# A row that is no JSON object has no fields to stand beside the remarks.
_TEXT: Final = "_text"


def _remarks(error: RowError) -> tuple[int, str, str, str]:
    """What is said about a row: its number from 1, the field, the code, the sentence."""
    return error.index + 1, field_of(error), error.code, error.detail


def field_of(error: RowError) -> str:
    """The name of the field or column that an error is about; blank where it is about the row."""
    return error.pointer.removeprefix("/").replace("~1", "/").replace("~0", "~")


class _Writer(Protocol):
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


@contextmanager
def rejected_rows(source: RowFile, path: Path | None) -> Iterator[Callable[[RowError], None]]:
    """Takes note of every error; at the end the rows stand in the file, for their owner alone to read.

    It takes the place of one of the same name, also when no row was rejected: what it holds is always
    about the last import. Where the import fails as a whole there is none, and one of before stays.

    Args:
        source: the file that is imported.
        path: the file to write; None for none.

    Raises:
        Invalid: it cannot be written, or would not be read again as what it is.
    """
    if path is None:
        yield lambda _: None
        return
    _check(source, path)
    with ExitStack() as stack:
        target, temporary = _temporary_beside(path)
        stack.callback(temporary.unlink, missing_ok=True)
        stack.enter_context(target)
        writer = _Lazily(stack, source, target)
        try:
            yield writer.note
        except BulkRejected:
            writer.finish(temporary, path)
            raise
        writer.finish(temporary, path)


class _Lazily:
    """Opens the file for the second time at the first error, or at the end for its header alone."""

    def __init__(self, stack: ExitStack, source: RowFile, target: IO[bytes]) -> None:
        self._stack, self._source, self._target = stack, source, target
        self._writer: _Writer | None = None

    def note(self, error: RowError) -> None:
        self._opened().note(error)

    def finish(self, temporary: Path, path: Path) -> None:
        self._opened()
        self._target.flush()
        try:
            temporary.replace(path)
        except OSError as error:
            raise _unwritable(path, error) from None

    def _opened(self) -> _Writer:
        if self._writer is None:
            _, file = self._stack.enter_context(self._source.binary())
            name = self._source.path.name
            if self._source.media_type == CSV:
                self._writer = _CsvWriter(file, name, self._target)
            else:
                is_ndjson = self._source.media_type == NDJSON
                rows = _ndjson_rows(file) if is_ndjson else _json_rows(file)
                self._writer = _NdjsonWriter(rows, name, self._target)
        return self._writer


def _check(source: RowFile, path: Path) -> None:
    wanted = CSV if source.media_type == CSV else NDJSON
    ending = ".csv" if wanted == CSV else ".ndjson"
    if media_type_of(path) != wanted or path.suffix.lower() == ".gz":
        detail = (
            f"--rejected must end in {ending} here, so that the file can be fed again as it is."
        )
        raise Invalid(detail, code="unknown_ending")
    if path.exists() and path.samefile(source.path):
        detail = "--rejected names the file that is imported, which would be lost. Choose another."
        raise Invalid(detail, code="same_file")


def _temporary_beside(path: Path) -> tuple[IO[bytes], Path]:
    """A file that takes the place of `path` when it is complete; nobody else may read it."""
    try:
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _unwritable(path, error) from None
    return os.fdopen(number, "wb"), Path(name)


def _unwritable(path: Path, error: OSError) -> Invalid:
    return Invalid(
        f"{path} cannot be written ({error.strerror}); nothing was imported.",
        code="unwritable_file",
    )
