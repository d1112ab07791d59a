"""Digests of rows: the same for the same rows, on every database and in whatever order they come. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, NamedTuple

import msgspec

_KEY: Final = 8
_ROW: Final = 24

_encode = msgspec.json.Encoder(order="deterministic").encode


class InputKind(StrEnum):
    """What figures are made from."""

    ORGANISATION = "organisation"
    PILOT = "pilot"
    TAXONOMY = "taxonomy"
    SAMPLING_PLAN = "sampling_plan"
    MEMBERS = "members"
    PEOPLE = "people"
    ABSENCES = "absences"
    TIME_SAMPLES = "time_samples"
    FEEDBACK = "feedback"
    ACTIVITY = "activity"
    NEWEST_ACTIVITY = "newest_activity"
    POOLS = "licence_pools"
    CAPACITY = "capacity_changes"
    SEATS = "seats"
    WAITING = "waiting_list"
    KEPT_SEATS = "kept_seats"


class InputRow(NamedTuple):
    """A row: the day that it speaks of (None: of no one day), what makes it one, and what it says.

    Made of what JSON can say, dates and decimals, and of no id of ours: those differ between databases.
    """

    day: date | None
    key: tuple[Any, ...]
    says: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Digest:
    """The rows of a kind and day: how many, each in `_ROW` bytes in their order, and the whole as digits."""

    rows: int
    each: bytes
    whole: str


@dataclass(frozen=True, slots=True)
class Moved:
    """How many rows of a kind and day are there, are not there, or say something else than before."""

    kind: InputKind
    day: date | None
    added: int
    changed: int
    removed: int


Manifest = dict[str, dict[str, list[Any]]]


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that figures are made from."""

    digests: Mapping[InputKind, Mapping[date | None, Digest]]

    @property
    def manifest(self) -> Manifest:
        """How many rows, and their digest, by kind and day; "" stands for no day."""
        return {
            kind.value: {
                _name(day): [found.rows, found.whole]
                for day, found in sorted(of_kind.items(), key=lambda each: _name(each[0]))
            }
            for kind, of_kind in sorted(self.digests.items())
        }

    @property
    def fingerprint(self) -> str:
        """The digest of everything."""
        return sha256(_encode(self.manifest)).hexdigest()

    @property
    def rows(self) -> dict[str, bytes]:
        """The rows of each kind and day by their digest."""
        return {d.whole: d.each for of_kind in self.digests.values() for d in of_kind.values()}


@dataclass(slots=True)
class Gathered:
    """Rows as they are read, a kind after the other; what is kept of each is its digest."""

    _rows: dict[InputKind, dict[date | None, list[bytes]]] = field(default_factory=dict)

    def add(self, kind: InputKind, rows: Iterable[InputRow]) -> None:
        of_kind = self._rows.setdefault(kind, defaultdict(list))
        for row in rows:
            key = _encode(row.key)
            mark = sha256(key).digest()[:_KEY]
            of_kind[row.day].append(mark + sha256(key + _encode(row.says)).digest()[: _ROW - _KEY])

    def inputs(self) -> Inputs:
        return Inputs(
            {
                kind: {day: _digest(rows) for day, rows in of_kind.items()}
                for kind, of_kind in self._rows.items()
            }
        )


def _digest(rows: list[bytes]) -> Digest:
    each = b"".join(sorted(rows))
    return Digest(len(rows), each, sha256(each).hexdigest())


def _name(day: date | None) -> str:
    return day.isoformat() if day is not None else ""


def differing(
    before: Manifest, now: Manifest
) -> list[tuple[InputKind, str, str | None, str | None]]:
    """Kinds and days of which the rows are not the same, with their digests before and now."""
    found = []
    for kind in InputKind:
        then, here = before.get(kind, {}), now.get(kind, {})
        for day in sorted({*then, *here}):
            was, is_now = (of[day][1] if day in of else None for of in (then, here))
            if was != is_now:
                found.append((kind, day, was, is_now))
    return found


def moved(kind: InputKind, day: str, before: bytes, now: bytes) -> Moved:
    """What became of the rows of a kind and day.

    Args:
        kind: the kind.
        day: the day, "" for none.
        before: the rows as they were, as in a `Digest`.
        now: as they are.
    """
    then, here = Counter(_split(before)), Counter(_split(now))
    gone, new = _keys(then - here), _keys(here - then)
    changed = (gone & new).total()
    return Moved(
        kind,
        date.fromisoformat(day) if day else None,
        added=new.total() - changed,
        changed=changed,
        removed=gone.total() - changed,
    )


def _split(rows: bytes) -> list[bytes]:
    return [rows[start : start + _ROW] for start in range(0, len(rows), _ROW)]


def _keys(rows: Counter[bytes]) -> Counter[bytes]:
    found: Counter[bytes] = Counter()
    for row, count in rows.items():
        found[row[:_KEY]] += count
    return found
