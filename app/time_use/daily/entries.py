"""How the entries of a day are packed: numbers of people and codes, minutes, samples. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Column after column, the widest first so that each lies where the processor reads it best. Little-endian on
# every machine: rows outlive the one that wrote them.
_COLUMNS = (("minutes", "<f8"), ("person", "<i4"), ("code", "<i4"), ("samples", "<i4"))
# Goes with each stored day: of one that lies otherwise nothing is read.
LAYOUT = "columns"
_WIDTH = sum(np.dtype(held).itemsize for _, held in _COLUMNS)

Entry = tuple[int, int, float, int]


@dataclass(frozen=True, slots=True)
class Entries:
    """Shape (n,) each: the day as an ordinal, numbers of person and code, minutes, samples."""

    day: NDArray[np.int32]
    person: NDArray[np.int32]
    code: NDArray[np.int32]
    minutes: NDArray[np.float64]
    samples: NDArray[np.int32]


def pack(entries: Sequence[Entry]) -> bytes:
    """A day's entries (person, code, minutes, samples) as bytes, in the order of person and code."""
    person, code, minutes, samples = zip(*sorted(entries), strict=True) if entries else ((),) * 4
    values = {"minutes": minutes, "person": person, "code": code, "samples": samples}
    return b"".join(np.array(values[name], dtype=held).tobytes() for name, held in _COLUMNS)


def unpack(days: Sequence[tuple[date, bytes]]) -> Entries:
    """The entries of several days."""
    sizes = [len(packed) // _WIDTH for _, packed in days]
    found: dict[str, NDArray[Any]] = {}
    before = 0
    for name, held in _COLUMNS:
        after = before + np.dtype(held).itemsize
        column = b"".join(
            packed[before * size : after * size]
            for (_, packed), size in zip(days, sizes, strict=True)
        )
        found[name] = np.frombuffer(column, dtype=held)
        before = after
    ordinals = np.array([day.toordinal() for day, _ in days], dtype=np.int32)
    return Entries(day=np.repeat(ordinals, sizes), **found)
