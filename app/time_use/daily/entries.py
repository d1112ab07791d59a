"""How the entries of a day are packed: numbers of people and codes, minutes, samples. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

# Little-endian on every machine: rows outlive the one that wrote them.
_ENTRY = np.dtype([("person", "<i4"), ("code", "<i4"), ("minutes", "<f8"), ("samples", "<i4")])

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
    return np.array(sorted(entries), dtype=_ENTRY).tobytes()


def unpack(days: Sequence[tuple[date, bytes]]) -> Entries:
    """The entries of several days."""
    parts = [np.frombuffer(packed, dtype=_ENTRY) for _, packed in days]
    whole = np.concatenate(parts) if parts else np.empty(0, dtype=_ENTRY)
    ordinals = np.array([day.toordinal() for day, _ in days], dtype=np.int32)
    return Entries(
        np.repeat(ordinals, [len(part) for part in parts]),
        whole["person"],
        whole["code"],
        whole["minutes"],
        whole["samples"],
    )
