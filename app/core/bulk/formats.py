"""JSON, NDJSON and CSV turned into typed rows, a chunk at a time.

A row is a `msgspec.Struct`; one that cannot be decoded becomes a `RowError` that names the field and
never the value. What makes the whole file unreadable (no header, not UTF-8, not JSON) is a problem.
"""

import codecs
import csv
import io
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import IO, Annotated, Generic, TypeVar

import msgspec

from app.core.bulk.quick import quick
from app.core.bulk.results import RowError, miscounted
from app.core.bulk.spreadsheets import Records
from app.core.errors import FieldError, Invalid, UnsupportedMediaType

JSON = "application/json"
NDJSON = "application/x-ndjson"
CSV = "text/csv"
CHUNK_ROWS = 5_000
MAX_JSON_ROWS = 200_000
MAX_LINE_BYTES = 65_536

# Bytes or characters; as much is read again as text and rows.
_MOST_IN_A_BLOCK = 8 * 1024 * 1024

RowType = TypeVar("RowType", bound=msgspec.Struct)
Item = TypeVar("Item")


class Parsed(msgspec.Struct, Generic[RowType], frozen=True, gc=False):
    """A row of the file: its place from 0, and what it says or why it cannot be read."""

    index: int
    row: RowType | None = None
    error: RowError | None = None


# Records of a CSV file, the header first, made into others before they are typed. An error stands for a
# row that cannot be made; its index is filled in here. What is not a row (a blank line) stays empty.
Rewrite = Callable[[Records], Records]


def read_rows(
    file: IO[bytes],
    media_type: str,
    row_type: type[RowType],
    rewrite: Rewrite | None = None,
) -> Iterator[list[Parsed[RowType]]]:
    """The rows of a file in chunks of at most `CHUNK_ROWS`.

    Args:
        file: the bytes, from their beginning.
        media_type: one of the three.
        row_type: what each row is to be.
        rewrite: what the records of a CSV file go through first; the other formats know no columns.

    Raises:
        UnsupportedMediaType: none of the three formats.
        Invalid: the file as a whole cannot be read.
    """
    readers: dict[str, Callable[[IO[bytes], type[RowType]], Iterator[list[Parsed[RowType]]]]] = {
        JSON: _json,
        NDJSON: _ndjson,
        CSV: partial(_csv, rewrite=rewrite),
    }
    if media_type not in readers:
        raise UnsupportedMediaType(f"Send the rows as {JSON}, {NDJSON} or {CSV}.")
    if rewrite is not None and media_type != CSV:
        detail = f"A mapping is about columns: send the rows as {CSV}, or leave the mapping out."
        raise Invalid.field("/mapping", "mapping_needs_csv", detail)
    yield from readers[media_type](file, row_type)


def _in_chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    rest = iter(items)
    while chunk := list(itertools.islice(rest, CHUNK_ROWS)):
        yield chunk


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    items: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=MAX_JSON_ROWS)]


def _json(file: IO[bytes], row_type: type[RowType]) -> Iterator[list[Parsed[RowType]]]:
    body = file.read()
    # At once where every row is right; else row by row, to say which are not.
    right = quick(row_type, MAX_JSON_ROWS).enveloped(body)
    if right is None:
        yield from _in_chunks(_json_row_by_row(body, row_type))
    else:
        yield from _in_chunks(map(Parsed, itertools.count(), right))


def _json_row_by_row(body: bytes, row_type: type[RowType]) -> Iterator[Parsed[RowType]]:
    try:
        envelope = msgspec.json.decode(body, type=_Envelope)
    except msgspec.ValidationError:
        detail = (
            f'The body must be an object with one field, "items", a list of at most {MAX_JSON_ROWS} rows; '
            f"{NDJSON} and {CSV} take more."
        )
        raise Invalid.field("/items", "wrong_type", detail) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Invalid(
            "The body is not complete, valid JSON; nothing was written.", code="malformed_json"
        ) from None
    decoder = msgspec.json.Decoder(row_type)
    for index, raw in enumerate(envelope.items):
        yield _decoded(index, decoder, bytes(raw))


def _ndjson(file: IO[bytes], row_type: type[RowType]) -> Iterator[list[Parsed[RowType]]]:
    index = 0
    for lines in _blocks(_lines(file), len):
        rows = quick(row_type, MAX_JSON_ROWS).lines(lines)
        chunk = (
            list(_ndjson_row_by_row(lines, index, row_type))
            if rows is None
            else list(map(Parsed, itertools.count(index), rows))
        )
        index += len(chunk)
        if chunk:
            yield chunk


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Lines; of one that is too long, its beginning."""
    mark = codecs.BOM_UTF8
    line = file.readline(MAX_LINE_BYTES + 1 + len(mark)).removeprefix(mark)
    while line:
        yield line
        while len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            line = file.readline(MAX_LINE_BYTES + 1)
        line = file.readline(MAX_LINE_BYTES + 1)


def _blocks(items: Iterable[Item], size_of: Callable[[Item], int]) -> Iterator[list[Item]]:
    """As many together as a chunk has, or as memory is to hold."""
    block: list[Item] = []
    size = 0
    for item in items:
        block.append(item)
        size += size_of(item)
        if len(block) == CHUNK_ROWS or size > _MOST_IN_A_BLOCK:
            yield block
            block, size = [], 0
    if block:
        yield block


def _ndjson_row_by_row(
    lines: list[bytes], index: int, row_type: type[RowType]
) -> Iterator[Parsed[RowType]]:
    decoder = msgspec.json.Decoder(row_type)
    for line in lines:
        if not line.strip():
            continue
        if len(line) > MAX_LINE_BYTES:
            detail = f"The line is longer than {MAX_LINE_BYTES} bytes."
            yield Parsed(index, error=RowError(index, "row_too_long", detail))
        else:
            parsed = _decoded(index, decoder, line)
            if parsed.error and parsed.error.code == "malformed_json" and line[-1:] != b"\n":
                raise _cut_short()
            yield parsed
        index += 1


def _cut_short() -> Invalid:
    return Invalid(
        "The file ends in the middle of a row; nothing was written. Send the whole of it.",
        code="file_cut_short",
    )


def _decoded(index: int, decoder: msgspec.json.Decoder[RowType], raw: bytes) -> Parsed[RowType]:
    try:
        return Parsed(index, row=decoder.decode(raw))
    except msgspec.ValidationError as error:
        return Parsed(index, error=row_error(index, error))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return Parsed(index, error=RowError(index, "malformed_json", "The row is not valid JSON."))


def _csv(
    file: IO[bytes], row_type: type[RowType], rewrite: Rewrite | None = None
) -> Iterator[list[Parsed[RowType]]]:
    ends_whole = _ends_with_a_line_end(file)
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    reader = csv.reader(_lines_of_text(text), strict=True)
    try:
        records = iter(reader) if rewrite is None else rewrite(iter(reader))
        first = next(records, None)
        header = _header(first if isinstance(first, list) else None, row_type)
        emptied = _emptied_by_a_blank(row_type)
        index, is_cut_short = 0, False
        # A blank line is no row.
        for cells in _blocks((record for record in records if record), _size_of):
            chunk = _rows_of_cells(index, header, cells, row_type, emptied)
            index += len(chunk)
            last = chunk[-1].error
            is_cut_short = last is not None and last.code == "wrong_number_of_cells"
            yield chunk
        if is_cut_short and not ends_whole:
            raise _cut_short()
    except UnicodeDecodeError:
        raise Invalid(
            "The file is not UTF-8; nothing was written. Save it as CSV UTF-8 and send it again.",
            code="not_utf8",
        ) from None
    except csv.Error:
        raise Invalid(
            f"The file is not valid CSV near line {reader.line_num}; nothing was written.",
            code="malformed_csv",
        ) from None
    finally:
        # The caller's file stays open, unless the caller has given up before.
        with suppress(ValueError):
            text.detach()


def _lines_of_text(text: io.TextIOWrapper) -> Iterator[str]:
    """Lines, none of which fills the memory."""
    while line := text.readline(MAX_LINE_BYTES + 1):
        if len(line) > MAX_LINE_BYTES:
            detail = f"A line is longer than {MAX_LINE_BYTES} characters; nothing was written."
            raise Invalid(detail, code="row_too_long")
        yield line


def _size_of(record: list[str] | RowError) -> int:
    return 0 if isinstance(record, RowError) else sum(map(len, record))


def _ends_with_a_line_end(file: IO[bytes]) -> bool:
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - 1))
    last = file.read(1)
    file.seek(0)
    return last in (b"\n", b"\r", b"")


def _header(cells: list[str] | None, row_type: type[RowType]) -> list[str]:
    fields = msgspec.structs.fields(row_type)
    known = [field.encode_name for field in fields]
    header = [cell.strip() for cell in cells or ()]
    if not set(header) & set(known):
        # Most likely the first row of the data: it is not repeated.
        raise Invalid(
            "The first row must be a header, and names none of the columns known here; nothing was "
            f"written. Known columns: {', '.join(known)}.",
            code="missing_header",
        )
    unknown = [name for name in header if name not in known]
    missing = [
        field.encode_name for field in fields if field.required and field.encode_name not in header
    ]
    twice = sorted({name for name in header if header.count(name) > 1})
    problems = [
        (unknown, "unknown_column", "is not a column known here"),
        (missing, "missing_column", "is a column that must be there"),
        (twice, "duplicate_column", "is a column that stands there twice"),
    ]
    errors = [
        _about_column(name, header, code, meaning)
        for names, code, meaning in problems
        for name in names[:50]
    ]
    if errors:
        raise Invalid(
            f"The header row is not as it should be; nothing was written. {errors[0].detail} "
            f"Known columns: {', '.join(known)}.",
            code=errors[0].code,
            errors=errors,
        )
    return header


def _about_column(name: str, header: list[str], code: str, meaning: str) -> FieldError:
    """What is wrong with a column; one that does not read like a name may be data, and is told by its place."""
    if _NAME.fullmatch(name):
        return FieldError(f"/{name}", code, f"{name!r} {meaning}.")
    return FieldError("", code, f"Column {header.index(name) + 1} {meaning}.")


def _emptied_by_a_blank(row_type: type[RowType]) -> frozenset[str]:
    """Fields for which a blank cell means "none"; for others it is as if the cell were not there."""
    return frozenset(
        field.encode_name
        for field in msgspec.structs.fields(row_type)
        if field.default is None or field.default is msgspec.UNSET
    )


def _rows_of_cells(
    index: int,
    header: list[str],
    records: list[list[str] | RowError],
    row_type: type[RowType],
    emptied: frozenset[str],
) -> list[Parsed[RowType]]:
    rows = [each for each in records if isinstance(each, list) and len(each) == len(header)]
    if len(rows) == len(records):
        columns = [list(map(str.strip, column)) for column in zip(*rows, strict=True)]
        values: list[dict[str, str | None]] = (
            [dict(zip(header, cells, strict=True)) for cells in zip(*columns, strict=True)]
            if all(map(all, columns))
            else [_values(header, cells, emptied) for cells in rows]
        )
        right = quick(row_type, MAX_JSON_ROWS).values(values)
        if right is not None:
            return list(map(Parsed, itertools.count(index), right))
    return [
        _row_of_cells(index + place, header, cells, row_type, emptied)
        for place, cells in enumerate(records)
    ]


def _values(header: list[str], cells: list[str], emptied: frozenset[str]) -> dict[str, str | None]:
    values: dict[str, str | None] = {}
    for name, cell in zip(header, cells, strict=True):
        if stripped := cell.strip():
            values[name] = stripped
        elif name in emptied:
            values[name] = None
    return values


def _row_of_cells(
    index: int,
    header: list[str],
    cells: list[str] | RowError,
    row_type: type[RowType],
    emptied: frozenset[str],
) -> Parsed[RowType]:
    if isinstance(cells, RowError):
        return Parsed(index, error=replace(cells, index=index))
    if len(cells) != len(header):
        return Parsed(index, error=miscounted(len(cells), len(header), index))
    try:
        row = msgspec.convert(_values(header, cells, emptied), row_type, strict=False)
    except msgspec.ValidationError as error:
        return Parsed(index, error=row_error(index, error))
    return Parsed(index, row=row)


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_AT = re.compile(r" - at `\$\.?([^`]*)`$")
_FIELD = re.compile(r"field `([^`]*)`")
_CODES = (
    ("Object missing required field", "missing_field"),
    ("Object contains unknown field", "unknown_field"),
    ("Invalid enum value", "unknown_value"),
    ("Invalid value", "unknown_value"),
    ("Invalid ", "wrong_format"),
)
_RANGE = re.compile(r"Expected `[^`]+` (>|<|of length)")


def row_error(index: int, error: msgspec.ValidationError) -> RowError:
    """What is wrong with a row, without its value."""
    message = str(error)
    place = _AT.search(message)
    path = place.group(1) if place else ""
    if place:
        message = message[: place.start()]
    code = next((code for start, code in _CODES if message.startswith(start)), "wrong_type")
    if _RANGE.match(message):
        code = "out_of_range"
    elif "matching regex" in message:
        code, message = "wrong_format", "This is not written as it should be."
    elif code == "unknown_value":
        message = "This value is not one of those allowed."
    elif code in ("missing_field", "unknown_field") and (named := _FIELD.search(message)):
        path = named.group(1)
        if not _NAME.fullmatch(path):
            path, message = "", "The row has a field that is not known here."
    pointer = "/" + path.replace(".", "/")[:100] if path else ""
    return RowError(index, code, message.replace("`", "")[:300], pointer)
