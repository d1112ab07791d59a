"""Rows that are all right, read many at once.

Holding each text against its pattern costs more than all the rest of decoding. So rows are decoded without
patterns, and each different value of a field is then held against its pattern once.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

RowType = TypeVar("RowType", bound=msgspec.Struct)

_NOTHING = (type(None), msgspec.UnsetType)
_WRONG = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


class Quick(Generic[RowType]):
    """Reads rows of a type; None where one of them is wrong, which has then to be found row by row."""

    def __init__(self, row_type: type[RowType], most: int) -> None:
        hints = get_type_hints(row_type, include_extras=True)
        self._patterns = {
            name: re.compile(pattern)
            for name, hint in hints.items()
            if (pattern := _pattern(hint)) is not None
        }
        row: Any = msgspec.defstruct(
            row_type.__name__,
            [_field(field, hints[field.name]) for field in msgspec.structs.fields(row_type)],
            bases=(row_type,),
            forbid_unknown_fields=True,
            gc=row_type.__struct_config__.gc,
        )
        items = Annotated[list[row], msgspec.Meta(max_length=most)]
        envelope: Any = msgspec.defstruct("Rows", [("items", items)], forbid_unknown_fields=True)
        self._rows: Any = list[row]
        self._row = msgspec.json.Decoder(row)
        self._envelope = msgspec.json.Decoder(envelope)

    def enveloped(self, body: bytes) -> list[RowType] | None:
        """The rows of `{"items": […]}`."""
        try:
            return self._checked(self._envelope.decode(body).items)
        except _WRONG:
            return None

    def lines(self, lines: Sequence[bytes]) -> list[RowType] | None:
        """One row a line of JSON; with a blank line it is not known which row is whose."""
        if not all(map(bytes.strip, lines)):
            return None
        try:
            rows = self._row.decode_lines(b"".join(lines))
        except _WRONG:
            return None
        return self._checked(rows) if len(rows) == len(lines) else None

    def values(self, rows: Sequence[dict[str, Any]]) -> list[RowType] | None:
        """Rows of texts by the name of their field."""
        try:
            return self._checked(msgspec.convert(rows, self._rows, strict=False))
        except _WRONG:
            return None

    def _checked(self, rows: list[RowType]) -> list[RowType] | None:
        for name, pattern in self._patterns.items():
            different = {getattr(row, name) for row in rows} - {None, msgspec.UNSET}
            if not all(map(pattern.search, different)):
                return None
        return rows


@lru_cache
def quick(row_type: type[RowType], most: int) -> Quick[RowType]:
    """The reader of a row type, of at most so many rows in one envelope."""
    return Quick(row_type, most)


def _field(field: msgspec.structs.FieldInfo, hint: Any) -> tuple[str, Any, Any]:
    given = {"default": field.default, "default_factory": field.default_factory}
    stated: Any = {name: value for name, value in given.items() if value is not msgspec.NODEFAULT}
    default = msgspec.field(name=field.encode_name, **stated)
    return field.name, _without_pattern(hint), default


def _pattern(hint: Any) -> str | None:
    """The pattern of a text, which may be left out or null; None for anything else, as a list of texts."""
    texts = [part for part in _alternatives(hint) if part not in _NOTHING]
    if len(texts) != 1 or get_origin(texts[0]) is not Annotated:
        return None
    kind, *metas = get_args(texts[0])
    patterns = [m.pattern for m in metas if isinstance(m, msgspec.Meta) and m.pattern is not None]
    return patterns[0] if kind is str and patterns else None


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _without_pattern(hint: Any) -> Any:
    if _pattern(hint) is None:
        return hint
    parts = [part if part in _NOTHING else _bare(part) for part in _alternatives(hint)]
    return Union[tuple(parts)]  # noqa: UP007 - made as it runs


def _bare(hint: Any) -> Any:
    kind, meta = get_args(hint)[:2]
    return Annotated[kind, msgspec.Meta(min_length=meta.min_length, max_length=meta.max_length)]
