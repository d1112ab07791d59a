"""Rows of ids, dates and numbers read as arrays: one by one they cost more than what is computed from them.

PostgreSQL hands its columns over whole, as one value; SQLite has no better way than row by row.
"""

import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Date, Float, Integer, LargeBinary, Uuid, cast, func, literal
from sqlalchemy.types import TypeEngine
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select

# Sixteen bytes each, as PostgreSQL and `UUID.bytes` have them.
Ids = NDArray[np.bytes_]
# PostgreSQL sends a date as the days since this one.
_EPOCH: Final = date(2000, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class _Kind:
    """How values of a type are sent by PostgreSQL, packed alike here, and held in an array."""

    of: type[TypeEngine[Any]]
    send: Callable[[Any], ColumnElement[Any]]
    packed: str
    sent: str
    held: str
    ready: Callable[[Any], Any] = lambda value: value


def _sent(name: str, to: type[TypeEngine[Any]]) -> Callable[[Any], ColumnElement[Any]]:
    return lambda value: getattr(func, name)(cast(value, to), type_=LargeBinary)


_KINDS = (
    _Kind(Uuid, _sent("uuid_send", Uuid), "16s", "S16", "S16", lambda value: value.bytes),
    _Kind(Date, _sent("date_send", Date), "i", ">i4", "i4", lambda day: day.toordinal() - _EPOCH),
    _Kind(Integer, _sent("int4send", Integer), "i", ">i4", "i4"),
    _Kind(Float, _sent("float8send", Float), "d", ">f8", "f8"),
)


def comes_whole(session: AsyncSession) -> bool:
    """Whether the database packs rows into one value."""
    return session.get_bind().dialect.name == "postgresql"


class Reading:
    """A statement, built once, whose rows are read as arrays.

    Args:
        statement: of columns of ids, dates, whole numbers or floats, each with a name, none of them ever null.

    Attributes:
        whole: the statement whose one value is all rows, to be read beside others where `comes_whole`.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        self._statement = statement
        self._columns = {each.name: _kind(each.type) for each in statement.selected_columns}
        self.whole = self._packed()

    async def run(
        self, session: AsyncSession, parameters: Mapping[str, Any]
    ) -> dict[str, NDArray[Any]]:
        """The columns by their names, in one order of rows: the statement's, or any.

        Returns:
            Shape (n,) each: ids as 16 bytes, dates as ordinals.
        """
        if comes_whole(session):
            packed = (await session.exec(self.whole, params=parameters)).one()[0]
        else:
            packed = self._pack(await session.exec(self._statement, params=parameters))
        return self.unpack(packed)

    def unpack(self, packed: bytes | None) -> dict[str, NDArray[Any]]:
        """The columns of what `whole` selects, as `run` gives them."""
        row = [(name, kind.sent) for name, kind in self._columns.items()]
        rows = np.frombuffer(packed or b"", dtype=row)
        found = {name: rows[name].astype(kind.held) for name, kind in self._columns.items()}
        for name, kind in self._columns.items():
            if kind.of is Date:
                found[name] += _EPOCH
        return found

    def _packed(self) -> Select[*tuple[Any, ...]]:
        """All rows as one value."""
        rows = self._statement.subquery()
        parts = [kind.send(rows.c[name]) for name, kind in self._columns.items()]
        row: Any = parts[0]
        for part in parts[1:]:
            row = row.op("||")(part)
        whole = func.string_agg(row, literal(b"", LargeBinary), type_=LargeBinary)
        return Select(whole).select_from(rows)

    def _pack(self, rows: Iterable[Any]) -> bytes:
        kinds = self._columns.values()
        pack = struct.Struct(">" + "".join(kind.packed for kind in kinds)).pack
        ready = [kind.ready for kind in kinds]
        return b"".join(
            pack(*(of(value) for of, value in zip(ready, row, strict=True))) for row in rows
        )


def _kind(of: TypeEngine[Any]) -> _Kind:
    return next(kind for kind in _KINDS if isinstance(of, kind.of))


def ids_of(ids: Ids) -> list[UUID]:
    """The ids as objects."""
    raw = ids.tobytes()
    return [UUID(bytes=raw[start : start + 16]) for start in range(0, len(raw), 16)]


def array_of(ids: list[UUID]) -> Ids:
    """The ids as an array."""
    return np.frombuffer(b"".join(each.bytes for each in ids), dtype="S16")


def places_in(known: Ids, wanted: Ids) -> NDArray[np.intp]:
    """Where each of the wanted ids is among the known ones, which differ; -1 where it is not.

    Shape (wanted,).
    """
    if not len(known):
        return np.full(len(wanted), -1, dtype=np.intp)
    order = np.argsort(known)
    place = order[np.minimum(np.searchsorted(known, wanted, sorter=order), len(known) - 1)]
    return np.where(known[place] == wanted, place, -1)
